import { defineConfig } from 'vitest/config';

/** What Stryker runs: the tests that are quick, on the TypeScript source. `npm test` runs these and all others. */
export default defineConfig({
  test: {
    include: ['test/lib/**/*.test.ts', 'test/handlers/unit/**/*.test.ts'],
    env: { TEST_BUILD: 'source' },
    testTimeout: 30_000,
    allowOnly: false,
  },
});
