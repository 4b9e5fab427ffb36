import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/browser/**', 'test/bench/**'],
    reporters: ['default', './test/reporter.ts'],
    globalSetup: ['./test/bundles.ts'],
    testTimeout: 30_000,
    // Each of these is a process or two; more at once only wait for each other.
    maxConcurrency: 3,
    allowOnly: false,
  },
});
