import { everyParameter, type PackageOptions, packageTemplate, startOsls } from './package.ts';

const again = startOsls();
const packaged = (options?: PackageOptions) => packageTemplate({ ...options, run: again.osls });

/**
 * The service packaged as it is, with every parameter, and for an account with nothing to reserve and a key of its own
 * for a secret that is given by its name.
 */
export const [plain, every, small] = await Promise.all([
  packaged(),
  packaged({ stage: 'prod', params: everyParameter }),
  packaged({ params: { reserveConcurrency: 'no', secretKeyArn: everyParameter.secretKeyArn } }),
]);
await again.end();
