import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/browser/**', 'test/bench/**'],
    reporters: ['default', './test/reporter.ts'],
    globalSetup: ['./test/bundles.ts'],
    testTimeout: 30_000,
    allowOnly: false,
  },
});
