import { everyParameter, packageTemplate } from './package.ts';

/**
 * The service packaged as it is, with every parameter, and for an account with nothing to reserve and a key of its own
 * for a secret that is given by its name.
 */
export const [plain, every, small] = await Promise.all([
  packageTemplate(),
  packageTemplate({ stage: 'prod', params: everyParameter }),
  packageTemplate({ params: { reserveConcurrency: 'no', secretKeyArn: everyParameter.secretKeyArn } }),
]);
