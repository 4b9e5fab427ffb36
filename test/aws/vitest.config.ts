import { defineConfig } from 'vitest/config';
import { longestFirst } from '../longest-first.ts';

export default defineConfig({
  test: {
    // Its own tests, and those of npm test that run on another DynamoDB unchanged.
    include: [
      'test/aws/**/*.test.ts',
      'test/lib/ledger/store.test.ts',
      'test/integration/kill.test.ts',
      'test/integration/race.test.ts',
    ],
    globalSetup: ['./test/bundles.ts', './test/aws/setup.ts'],
    sequence: { sequencer: longestFirst(['test/aws/pages.test.ts', 'test/aws/deploy.test.ts']) },
    // Much of the time is waited for something; more would be too much for machines with two cores.
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    maxConcurrency: 3,
    allowOnly: false,
  },
});
