import { everyParameter, packageTemplate } from './package.ts';

/** The service packaged as it is, with every parameter, and for an account with nothing to reserve. */
export const [plain, every, small] = await Promise.all([
  packageTemplate(),
  packageTemplate({ stage: 'prod', params: everyParameter }),
  packageTemplate({ params: { reserveConcurrency: 'no' } }),
]);
