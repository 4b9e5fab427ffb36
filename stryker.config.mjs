/** @type {import('@stryker-mutator/api/core').PartialStrykerOptions} */
export default {
  mutate: ['lib/**/*.ts', 'handlers/**/*.ts'],
  testRunner: 'vitest',
  vitest: { configFile: 'test/mutation/vitest.config.ts' },
  // Stryker rewrites this file with an API that TypeScript 7 no longer has; there is nothing in it to rewrite.
  tsconfigFile: 'none',
  plugins: ['@stryker-mutator/*', './test/mutation/equivalent.mjs'],
  ignorers: ['equivalent'],
  coverageAnalysis: 'perTest',
  concurrency: 1,
  timeoutMS: 10_000,
  ignorePatterns: ['/artifacts', '/docs', '/resources', '/.serverless', '/.esbuild', '/.build'],
  tempDirName: '.stryker-tmp',
  incremental: true,
  incrementalFile: 'reports/mutation/incremental.json',
  reporters: ['clear-text', 'progress-append-only', 'json', 'html'],
  thresholds: { high: 95, low: 90, break: 90 },
};
