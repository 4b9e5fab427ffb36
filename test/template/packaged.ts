import { everyParameter, packageTemplate } from './package.ts';

/**
 * The service packaged as it is, with every parameter, for an account with nothing to reserve, and with a key of its own
 * for a secret that is given by its name.
 */
export const [plain, every, small, named] = await Promise.all([
  packageTemplate(),
  packageTemplate({ stage: 'prod', params: everyParameter }),
  packageTemplate({ params: { reserveConcurrency: 'no' } }),
  packageTemplate({ params: { secretKeyArn: everyParameter.secretKeyArn } }),
]);
