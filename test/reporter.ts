import type { Reporter, TestModule, Vitest } from 'vitest/node';

/**
 * Ends a run with one line that says how many tests passed. A test that was left out counts as a failure, unless the
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
    process.stdout.write(`${passed} passed, ${failed} failed\n`);
  }
}
