import { execFile, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = path.resolve(import.meta.dirname, '..');
const REPORTERS = ['default', path.join(root, 'test/reporter.ts')];
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'reporter-'));
  symlinkSync(path.join(root, 'node_modules'), path.join(folder, 'node_modules'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A run of vitest: on which files, by their names and in which source, and on which of their tests. */
interface Run {
  readonly sources: Readonly<Record<string, string>>;
  readonly files?: readonly string[];
  readonly testNamePattern?: string;
}

/** What a run ended with, and the lines that it printed. */
interface Ended {
  readonly code: number;
  readonly lines: readonly string[];
}

let folders = 0;

/** Writes a run's files into a folder of their own. */
function write({ sources }: Run): string {
  const place = path.join(folder, String(++folders));
  mkdirSync(place);
  const imports = "import { afterAll, beforeAll, describe, test } from 'vitest';\n";
  for (const [name, source] of Object.entries(sources)) {
    writeFileSync(path.join(place, `${name}.test.ts`), imports + source);
  }
  return place;
}

/** Runs vitest with the closing line, one run after the other in one process. */
async function runAll(runs: readonly Run[]): Promise<Ended[]> {
  const asked = runs.map((run) => ({ ...run, root: write(run) }));
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [path.join(root, 'test/support/vitest-runs.ts'), JSON.stringify(REPORTERS), JSON.stringify(asked)],
    { cwd: folder },
  );
  return [...stdout.matchAll(/(.*?)\n\nENDED (\d+)\n/gs)].map(([, screen = '', code]) => ({
    code: Number(code),
    lines: screen.split('\n'),
  }));
}

const fails = "() => { throw new Error('broken'); }";
const named = `test('a', ${fails}); describe('b', () => { test('c', () => {}); test.skip('d', () => {}); });`;

/** Files, which of their tests are asked for, and the exit code and the closing line of a run of them. */
const COUNTED: readonly (readonly [
  what: string,
  source: string,
  asked: string | undefined,
  code: number,
  line: string,
])[] = [
  ['what passed', "test('a', () => {}); test('b', () => {});", undefined, 0, '2 passed, 0 failed'],
  ['those that were asked for by name: b > c', named, 'b > c', 0, '1 passed, 0 failed'],
  ['those that were asked for by name: b > d', named, 'b > d', 1, '0 passed, 1 failed'],
  ['those that were asked for by name: b', named, 'b', 1, '1 passed, 1 failed'],
  ...(
    [
      ['a test that fails', `test('a', ${fails}); test('b', () => {});`, '1 passed, 1 failed'],
      ['a test that is left out', "test.skip('a', () => {}); test('b', () => {});", '1 passed, 1 failed'],
      ['a file that does not load', "import './nowhere.ts'; test('a', () => {});", '0 passed, 1 failed'],
      ['a file that does not parse', "test('a', () => {", '0 passed, 1 failed'],
      ['a file without a test', '', '0 passed, 1 failed'],
      ['a group that breaks as it is read', `describe('g', ${fails});`, '0 passed, 1 failed'],
      [
        'a file that breaks after its tests',
        `afterAll(${fails}); test('a', () => {});`,
        '1 passed, 1 failed',
      ],
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
    ] as const
  ).map(([what, source, line]) => [what, source, undefined, 1, line] as const),
];

describe('the closing line', () => {
  let ended: readonly Ended[];
  beforeAll(async () => {
    ended = await runAll(
      COUNTED.map(([, one, asked]) => ({ sources: { one }, ...(asked && { testNamePattern: asked }) })),
    );
  });

  test.each(COUNTED.map(([what, , , code, line], index) => ({ what, code, line, index })))(
    'counts $what',
    ({ index, code, line }) => {
      expect({ code: ended[index]?.code, line: ended[index]?.lines.at(-1) }).toEqual({ code, line });
    },
  );

  test.each([
    ["test('a', () => {});", 0, '1 passed, 0 failed'],
    ["test.skip('a', () => {}); test('b', () => {});", 1, '1 passed, 1 failed'],
  ])('stands at the end of what the command prints, and it decides the exit code: %s', (one, code, line) => {
    const vitest = path.join(root, 'node_modules/vitest/vitest.mjs');
    const reporters = REPORTERS.flatMap((each) => ['--reporter', each]);
    const args = [vitest, 'run', '--root', write({ sources: { one } }), ...reporters];
    const { status, stdout } = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' });
    expect({ code: status, line: stdout.trimEnd().split('\n').at(-1) }).toEqual({ code, line });
  });
});

describe('the lines before it', () => {
  const sleep = 'await new Promise((resolve) => setTimeout(resolve, 1000));';
  const two = { one: `${sleep} test('a', () => {});`, two: `test('a', async () => { ${sleep} });` };
  const quick = Object.fromEntries(
    ['three', 'four', 'five', 'six'].map((name) => [name, "test('a', () => {});"]),
  );
  let ended: readonly Ended[];
  beforeAll(async () => {
    const six = { ...two, ...quick };
    ended = await runAll([{ sources: two }, { sources: six }, { sources: six, files: ['three'] }]);
  });

  /** The files that a run named, each with its seconds. */
  function namedBy({ lines }: Ended = { code: 1, lines: [] }): { file: string; seconds: number }[] {
    return lines.slice(lines.indexOf('Slowest files:') + 1, -1).map((line) => {
      const [, seconds, name = ''] = /^ +(\d+\.\d) s {2}(\w+)\.test\.ts$/.exec(line) ?? [];
      return { file: name, seconds: Number(seconds) };
    });
  }

  test('say how long files took, loading included', () => {
    const files = namedBy(ended[0]);
    expect(files.map((each) => each.file).sort()).toEqual(['one', 'two']);
    // A timer may fire a millisecond early.
    for (const { seconds } of files) expect(seconds).toBeGreaterThan(0.9);
  });

  test('name the five that took longest, the slowest first', () => {
    const seconds = namedBy(ended[1]).map((each) => each.seconds);
    expect(seconds).toHaveLength(5);
    expect(seconds).toEqual(seconds.toSorted((a, b) => b - a));
  });

  test('are not there for one file', () => {
    expect(ended[2]?.lines).toContain('1 passed, 0 failed');
    expect(ended[2]?.lines).not.toContain('Slowest files:');
  });
});
