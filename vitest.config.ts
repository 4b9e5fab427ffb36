import { globSync, readFileSync } from 'node:fs';
import os from 'node:os';
import { defineConfig } from 'vitest/config';
import { longestFirst } from './test/longest-first.ts';

/** What takes longest, in an order in which files that wait stand beside files that keep a processor busy. */
const LONG = [
  'test/integration/kill.test.ts',
  'test/events/invoke.test.ts',
  'test/alarms/',
  'test/simulation/',
  'test/integration/faults.test.ts',
  'test/handlers/second-generation.test.ts',
  'test/examples/own-server.test.ts',
  'test/integration/ledger.test.ts',
  'test/handlers/confirm.test.ts',
  'test/package/',
  'test/handlers/notify.test.ts',
  'test/handlers/query.test.ts',
  'test/docs/commands.test.ts',
  'test/handlers/refund-notify.test.ts',
  'test/doctor/cli.test.ts',
  'test/integration/ahead.test.ts',
  'test/lib/baidu/encoded.test.ts',
  'test/local/start.test.ts',
  'test/local/cashier/sandbox.test.ts',
  'test/local/ask.test.ts',
  'test/lib/baidu/second-generation/',
  'test/local/demo.test.ts',
  'test/examples/cloud-function.test.ts',
  'test/template/',
  'test/integration/canary.test.ts',
  'test/bundle/zip.test.ts',
  'test/examples/queue-reader-outage.test.ts',
  'test/integration/race.test.ts',
  'test/reporter.test.ts',
  'test/local/cashier/cli.test.ts',
  'test/smoke/',
  'test/api/answers.test.ts',
  'test/examples/',
];

const OTHERS = ['test/aws/**', 'test/browser/**', 'test/bench/**'];

/** What replaces modules for a while, and so has a process for itself; the other files share some. */
const REPLACES =
  process.env['TEST_BUILD'] === 'source'
    ? /\bvi\.(mock|resetModules)\(|cold-start/
    : /\bvi\.(mock|resetModules)\(/;
const ALONE = globSync('test/**/*.test.ts').filter((file) => REPLACES.test(readFileSync(file, 'utf8')));

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
    setupFiles: ['./test/tidy.ts'],
    sequence: { sequencer: longestFirst(LONG, 'alone') },
    // Much of the time something is waited for. With three files for each processor a slow machine leaves some process without
    // the seconds that it has to answer; with two a processor has nothing to do now and then.
    maxWorkers: Math.floor(2.5 * os.availableParallelism()),
    // For what hangs. How fast a machine is, and what else it does, is no test's business.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Each of these is a process or two: with more at once, what has seconds to answer does not always get them.
    maxConcurrency: 2,
    allowOnly: false,
  },
});
