import { globSync, readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * What takes longest: where it begins last, everything waits for it in the end. Those that wait stand beside those that
 * keep a processor busy.
 */
const LONG = [
  'test/docs/commands.test.ts',
  'test/handlers/query.test.ts',
  'test/examples/queue-reader-outage.test.ts',
  'test/alarms/',
  'test/integration/',
  'test/template/parameters.test.ts',
  'test/handlers/',
  'test/events/',
  'test/template/',
  'test/local/',
];

/** Begins with the files that take longest, also on a machine that has not run them yet. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const file = path.relative(import.meta.dirname, moduleId);
      const found = LONG.findIndex((start) => file.startsWith(start));
      return found < 0 ? LONG.length : found;
    };
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}

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
    sequence: { sequencer: LongestFirst },
    // Half of the time something is waited for: two files for each processor keep it busy.
    maxWorkers: 2 * os.availableParallelism(),
    // For what hangs. How fast a machine is, and what else it does, is no test's business.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Each of these is a process or two; more at once only wait for each other.
    maxConcurrency: 3,
    allowOnly: false,
  },
});
