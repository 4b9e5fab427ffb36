import type { Reporter, TestModule, Vitest } from 'vitest/node';

/** How many files are named that took longest. */
const NAMED = 5;

/**
 * Ends a run with the files that took longest, and one line that says how many tests passed. A test that was left out counts as a failure, unless the
 * command line asked for others by name; and so does a file or a group that failed by itself: one that does not load,
 * holds no test, or breaks before or after its tests.
 */
export default class ClosingLine implements Reporter {
  #asked: RegExp | undefined;

  onInit({ config }: Vitest): void {
    this.#asked = config.testNamePattern;
  }

  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const tests = modules
      .flatMap(({ children }) => [...children.allTests()])
      .filter(({ fullName }) => this.#asked?.test(fullName) ?? true);
    const groups = modules.flatMap((module) => [module, ...module.children.allSuites()]);
    const passed = tests.filter((test) => test.result().state === 'passed').length;
    const broken = groups.filter((group) => group.errors().length > 0).length;
    const failed = tests.length - passed + broken + errors.length;
    if (failed > 0) process.exitCode = 1;
    process.stdout.write(slowest(modules));
    process.stdout.write(`${passed} passed, ${failed} failed\n`);
  }
}

/** A line for each file that took longest, the slowest first, and one above them; nothing for one file by itself. */
function slowest(modules: readonly TestModule[]): string {
  if (modules.length < 2) return '';
  const lines = modules
    .map((module) => ({ name: module.relativeModuleId, seconds: secondsOf(module) }))
    .sort((a, b) => b.seconds - a.seconds)
    .slice(0, NAMED)
    .map(({ name, seconds }) => `${seconds.toFixed(1).padStart(6)} s  ${name}\n`);
  return `Slowest files:\n${lines.join('')}`;
}

/** How long a file took to load and to run, in seconds. */
function secondsOf(module: TestModule): number {
  const { collectDuration, duration } = module.diagnostic();
  return (collectDuration + duration) / 1000;
}
