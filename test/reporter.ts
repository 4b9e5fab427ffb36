import type { Reporter, TestModule } from 'vitest/node';

/**
 * Ends a run with one line that says how many tests passed. A test that was left out counts as a failure, and so does
 * a file or a group that failed by itself: one that does not load, holds no test, or breaks before or after its tests.
 */
export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const tests = modules.flatMap(({ children }) => [...children.allTests()]);
    const groups = modules.flatMap((module) => [module, ...module.children.allSuites()]);
    const passed = tests.filter((test) => test.result().state === 'passed').length;
    const broken = groups.filter((group) => group.errors().length > 0).length;
    const failed = tests.length - passed + broken + errors.length;
    if (failed > 0) process.exitCode = 1;
    process.stdout.write(`${passed} passed, ${failed} failed\n`);
  }
}
