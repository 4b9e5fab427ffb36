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
  return { code: status, line: stdout.trimEnd().split('\n').at(-1) };
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
