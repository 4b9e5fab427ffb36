import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { keptResult } from '../../../local/stack/kept-result.ts';

const root = path.resolve(import.meta.dirname, '../../..');

let folder: string;
let made = 0;
const at = (name: string) => path.join(folder, name);
const result = (file = at('cache/kept.json')) =>
  keptResult(file, [at('a'), at('b')], async () => ({ time: ++made }));

beforeEach(() => {
  made = 0;
  folder = mkdtempSync(path.join(os.tmpdir(), 'kept-'));
  for (const name of ['a', 'b']) writeFileSync(at(name), name);
});

afterEach(() => rmSync(folder, { recursive: true }));

describe('a kept result', () => {
  test('is made once, and leaves one file', async () => {
    expect([await result(), await result()]).toEqual([{ time: 1 }, { time: 1 }]);
    expect(readdirSync(at('cache'))).toEqual(['kept.json']);
  });

  test.each(['a', 'b'])('is made anew when %s changes', async (name) => {
    await result();
    appendFileSync(at(name), '.');
    expect([await result(), await result()]).toEqual([{ time: 2 }, { time: 2 }]);
  });

  test('is made anew when a byte moves from one source to the next', async () => {
    writeFileSync(at('a'), 'ab');
    writeFileSync(at('b'), '');
    await result();
    writeFileSync(at('a'), 'a');
    writeFileSync(at('b'), 'b');
    expect(await result()).toEqual({ time: 2 });
  });

  test.each([0, 1, 40])('is made anew when its file was cut to %i bytes', async (bytes) => {
    await result();
    const kept = readFileSync(at('cache/kept.json'));
    writeFileSync(at('cache/kept.json'), kept.subarray(0, bytes));
    expect([await result(), await result()]).toEqual([{ time: 2 }, { time: 2 }]);
  });

  test('is made each time where it cannot be written', async () => {
    expect([await result(at('a/kept.json')), await result(at('a/kept.json'))]).toEqual([
      { time: 1 },
      { time: 2 },
    ]);
  });

  test('is not kept where making it fails', async () => {
    const failing = keptResult(at('kept.json'), [], () => Promise.reject(new Error('It broke.')));
    await expect(failing).rejects.toThrow('It broke.');
    expect(readdirSync(folder).sort()).toEqual(['a', 'b']);
  });
});

test('osls reads serverless.yml and resources/, and nothing else', () => {
  const files = [
    'serverless.yml',
    ...readdirSync(path.join(root, 'resources')).map((name) => `resources/${name}`),
  ];
  const text = files.map((file) => readFileSync(path.join(root, file), 'utf8')).join('\n');
  const read = [...text.matchAll(/\bfile\(([^)]*)\)/g)].map(([, file]) => file);
  expect(read.length).toBeGreaterThan(5);
  expect(read.filter((file) => !file?.startsWith('resources/'))).toEqual([]);
  expect(text).not.toMatch(/\$\{(env|ssm|cf|s3|git):/);
});
