/** @type {import('@stryker-mutator/api/core').PartialStrykerOptions} */
export default {
  mutate: ['lib/**/*.ts', 'handlers/**/*.ts'],
  testRunner: 'vitest',
  // Quick tests on the TypeScript source, those of the mutated file first.
  vitest: { configFile: 'test/mutation/vitest.config.ts' },
  // Stryker rewrites this file with an API that TypeScript 7 no longer has; there is nothing in it to rewrite.
  tsconfigFile: 'none',
  // What no test can tell from the original is listed there, one by one, each with its reason.
  plugins: ['@stryker-mutator/*', './test/mutation/equivalent.mjs'],
  ignorers: ['equivalent'],
  coverageAnalysis: 'perTest',
  concurrency: 1,
  timeoutMS: 10_000,
  ignorePatterns: ['/artifacts', '/docs', '/resources', '/.serverless', '/.esbuild', '/.build', '/dist'],
  tempDirName: '.stryker-tmp',
  // What has not changed since the last run is not tried again. `npm run mutation -- --force` tries everything: new
  // tests of what a file does as it is loaded are seen by that alone.
  incremental: true,
  incrementalFile: 'reports/mutation/incremental.json',
  reporters: ['clear-text', 'progress-append-only', 'json', 'html'],
  thresholds: { high: 95, low: 90, break: 90 },
};
