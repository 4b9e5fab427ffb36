import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = path.resolve(import.meta.dirname, '..');
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'reporter-'));
  symlinkSync(path.join(root, 'node_modules'), path.join(folder, 'node_modules'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs vitest with the closing line on one file; its exit code and the last line that it printed. */
function run(source: string, ...more: string[]): { code: number | null; line: string | undefined } {
  const imports = "import { afterAll, beforeAll, describe, test } from 'vitest';\n";
  writeFileSync(path.join(folder, 'one.test.ts'), imports + source);
  const { code, lines } = runAll(...more);
  return { code, line: lines.at(-1) };
}

/** Runs vitest on what is in the folder. */
function runAll(...more: string[]): { code: number | null; lines: string[] } {
  const vitest = path.join(root, 'node_modules/vitest/vitest.mjs');
  const reporters = ['--reporter', 'default', '--reporter', path.join(root, 'test/reporter.ts')];
  const { status, stdout } = spawnSync(
    process.execPath,
    [vitest, 'run', '--root', folder, ...reporters, ...more],
    {
      cwd: folder,
      encoding: 'utf8',
    },
  );
  return { code: status, lines: stdout.trimEnd().split('\n') };
}

const fails = "() => { throw new Error('broken'); }";

describe('the closing line', () => {
  test('counts what passed', () => {
    expect(run("test('a', () => {}); test('b', () => {});")).toEqual({ code: 0, line: '2 passed, 0 failed' });
  });

  test.each([
    ['b > c', 0, '1 passed, 0 failed'],
    ['b > d', 1, '0 passed, 1 failed'],
    ['b', 1, '1 passed, 1 failed'],
  ])('counts those that were asked for by name: %s', (name, code, line) => {
    const source = `test('a', ${fails}); describe('b', () => { test('c', () => {}); test.skip('d', () => {}); });`;
    expect(run(source, '-t', name)).toEqual({ code, line });
  });

  test.each([
    ['a test that fails', `test('a', ${fails}); test('b', () => {});`, '1 passed, 1 failed'],
    ['a test that is left out', "test.skip('a', () => {}); test('b', () => {});", '1 passed, 1 failed'],
    ['a file that does not load', "import './nowhere.ts'; test('a', () => {});", '0 passed, 1 failed'],
    ['a file that does not parse', "test('a', () => {", '0 passed, 1 failed'],
    ['a file without a test', '', '0 passed, 1 failed'],
    ['a group that breaks as it is read', `describe('g', ${fails});`, '0 passed, 1 failed'],
    ['a file that breaks after its tests', `afterAll(${fails}); test('a', () => {});`, '1 passed, 1 failed'],
    [
      'a group that breaks after its tests',
      `describe('g', () => { afterAll(${fails}); test('a', () => {}); });`,
      '1 passed, 1 failed',
    ],
    [
      'a group that breaks before its tests, and the test that it leaves out',
      `describe('g', () => { beforeAll(${fails}); test('a', () => {}); });`,
      '0 passed, 2 failed',
    ],
    [
      'an error outside of any test',
      "test('a', () => {}); setImmediate(() => { throw new Error('stray'); }); await new Promise(setImmediate);",
      '1 passed, 1 failed',
    ],
  ])('counts %s', (_, source, line) => {
    expect(run(source)).toEqual({ code: 1, line });
  });
});

describe('the lines before it', () => {
  const sleep = 'await new Promise((resolve) => setTimeout(resolve, 1000));';
  const file = (name: string, text: string) =>
    writeFileSync(path.join(folder, `${name}.test.ts`), `import { test } from 'vitest';\n${text}`);

  /** The files that are named, each with its seconds. */
  function named(): { file: string; seconds: number }[] {
    const { lines } = runAll();
    return lines.slice(lines.indexOf('Slowest files:') + 1, -1).map((line) => {
      const [, seconds, name = ''] = /^ +(\d+\.\d) s {2}(\w+)\.test\.ts$/.exec(line) ?? [];
      return { file: name, seconds: Number(seconds) };
    });
  }

  test('say how long files took, loading included', () => {
    file('one', `${sleep} test('a', () => {});`);
    file('two', `test('a', async () => { ${sleep} });`);
    const files = named();
    expect(files.map((each) => each.file).sort()).toEqual(['one', 'two']);
    // A timer may fire a millisecond early.
    for (const { seconds } of files) expect(seconds).toBeGreaterThan(0.9);
  });

  test('name the five that took longest, the slowest first', () => {
    for (const name of ['three', 'four', 'five', 'six']) file(name, "test('a', () => {});");
    const seconds = named().map((each) => each.seconds);
    expect(seconds).toHaveLength(5);
    expect(seconds).toEqual(seconds.toSorted((a, b) => b - a));
  });

  test('are not there for one file', () => {
    expect(runAll('one').lines).not.toContain('Slowest files:');
  });
});
