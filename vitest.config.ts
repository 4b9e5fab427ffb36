import { globSync, readFileSync } from 'node:fs';
import os from 'node:os';
import { defineConfig } from 'vitest/config';
import { longestFirst } from './test/longest-first.ts';

/** What takes longest. Those that wait stand beside those that keep a processor busy. */
const LONG = [
  'test/docs/commands.test.ts',
  'test/events/invoke.test.ts',
  'test/alarms/',
  'test/integration/kill.test.ts',
  'test/local/cashier/sandbox.test.ts',
  'test/local/start.test.ts',
  'test/integration/faults.test.ts',
  'test/local/demo.test.ts',
  'test/examples/own-server.test.ts',
  'test/examples/queue-reader-outage.test.ts',
  'test/integration/',
  'test/handlers/query.test.ts',
  'test/handlers/second-generation.test.ts',
  'test/handlers/',
  'test/examples/cloud-function.test.ts',
  'test/template/',
];

const OTHERS = ['test/aws/**', 'test/browser/**', 'test/bench/**'];

/** What replaces modules for a while, and so has a process for itself; the other files share some. */
const ALONE = globSync('test/**/*.test.ts').filter((file) =>
  /\bvi\.(mock|resetModules)\(|cold-start/.test(readFileSync(file, 'utf8')),
);

export default defineConfig({
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'shared',
          include: ['test/**/*.test.ts'],
          exclude: [...OTHERS, ...ALONE],
          isolate: false,
        },
      },
      { extends: true, test: { name: 'alone', include: ALONE, exclude: OTHERS } },
    ],
    reporters: ['default', './test/reporter.ts'],
    globalSetup: ['./test/bundles.ts'],
    sequence: { sequencer: longestFirst(LONG, 'alone') },
    // Half of the time something is waited for. With three files for each processor a slow machine leaves some process without
    // the seconds that it has to answer.
    maxWorkers: 2 * os.availableParallelism(),
    // For what hangs. How fast a machine is, and what else it does, is no test's business.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Each of these is a process or two: with more at once, what has seconds to answer does not always get them.
    maxConcurrency: 2,
    allowOnly: false,
  },
});
