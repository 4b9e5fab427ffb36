import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { examined, runDoctor } from './run.ts';

const JSON_TEXT = '{"appId": "1", "appKey": "中文"}';
const utf16 = (text: string) => Buffer.from(text, 'utf16le');

const FILES: Readonly<Record<string, Buffer>> = {
  'empty.json': Buffer.alloc(0),
  'utf16-le.json': Buffer.concat([Buffer.of(0xff, 0xfe), utf16(JSON_TEXT)]),
  'utf16-be.json': Buffer.concat([Buffer.of(0xfe, 0xff), utf16(JSON_TEXT).swap16()]),
  'utf16-le-unmarked.json': utf16(JSON_TEXT),
  'utf16-be-unmarked.json': utf16(JSON_TEXT).swap16(),
  'gbk.json': Buffer.concat([Buffer.from('{"appKey": "'), Buffer.from('d6d0cec4', 'hex'), Buffer.from('"}')]),
  'key.der': Buffer.from('308202760201003082', 'hex'),
  'zero.json': Buffer.from('{"appId": "\0"}'),
  'bom.json': Buffer.from(`\ufeff${JSON_TEXT}`),
  'one.json': Buffer.from('{'),
};

let folder: string;
const file = (name: string) => path.join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'doctor-input-'));
  await mkdir(file('folder'));
  await Promise.all(Object.entries(FILES).map(([name, bytes]) => writeFile(file(name), bytes)));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

/** Words of a file that cannot be read as a secret, in each language. */
const REFUSED: readonly (readonly [name: string, en: RegExp, zh: RegExp])[] = [
  ['absent.json', /✗ file {2}is not there: \S+absent\.json\./, /✗ 文件 {2}找不到 \S+absent\.json。/],
  ['one.json/x', /✗ file {2}is not there: /, /找不到/],
  ['folder', /✗ file {2}is a folder, not a file\./, /是文件夹，而不是文件。/],
  ['empty.json', /✗ file {2}is empty: 0 bytes\./, /是空的/],
  ['utf16-le.json', /✗ file {2}is no text in UTF-8, but UTF-16/, /不是 UTF-8 文本/],
  ['utf16-be.json', /✗ file {2}is no text in UTF-8/, /不是 UTF-8 文本/],
  ['utf16-le-unmarked.json', /✗ file {2}is no text in UTF-8/, /不是 UTF-8 文本/],
  ['utf16-be-unmarked.json', /✗ file {2}is no text in UTF-8/, /不是 UTF-8 文本/],
  ['gbk.json', /✗ file {2}is no text in UTF-8/, /不是 UTF-8 文本/],
  ['key.der', /✗ file {2}is no text in UTF-8/, /不是 UTF-8 文本/],
  ['zero.json', /✗ file {2}is no text in UTF-8/, /不是 UTF-8 文本/],
  ['bom.json', /✗ JSON {2}The secret begins with a byte order mark/, /以 BOM 开头/],
  ['one.json', /✗ JSON {2}The secret is not JSON, at line 1, column 2/, /第 1 行第 2 列/],
];

describe('a file', () => {
  test.each(REFUSED)('%s is refused', async (name, en, zh) => {
    for (const [language, words] of [
      ['en', en],
      ['zh', zh],
    ] as const) {
      const { code, out } = await examined(file(name), { language });
      expect(code).toBe(1);
      expect(out).toMatch(words);
      expect(out).toMatch(/(1 to mend\.|有 1 处需要修正。)\n$/);
    }
  });

  test.each(['absent.json', 'gbk.json', 'one.json'])('%s is refused without the usage', async (name) => {
    for (const language of ['en', 'zh'] as const) {
      const { out } = await examined(file(name), { language });
      expect(await runDoctor(['--lang', language, file(name)])).toEqual({ code: 1, out, err: '' });
      expect(out).not.toContain('npm run doctor');
    }
  });

  test('is looked for in the folder that is named', async () => {
    const { out } = await runDoctor(['absent.json']);
    expect(out).toContain(`is not there: ${path.resolve('absent.json')}.`);
    expect(out).not.toContain('Did you mean');
  });

  test('is shown where npm was called, in another folder', async () => {
    const { code, out } = await runDoctor(['one.json'], { env: { INIT_CWD: folder } });
    expect(code).toBe(1);
    expect(out).toContain(`Did you mean ${file('one.json')}?`);
    const absent = await runDoctor(['absent.json'], { env: { INIT_CWD: folder } });
    expect(absent.out).not.toContain('Did you mean');
  });

  test('with a notification is refused likewise, beside the secret', async () => {
    const { code, out, err } = await runDoctor([file('one.json'), '--notification', file('absent.txt')]);
    expect({ code, err }).toEqual({ code: 1, err: '' });
    expect(out).toContain('The secret is not JSON');
    expect(out).toMatch(/Notification: \S+\n {2}✗ file {2}is not there: \S+absent\.txt\.\n/);
    const encoded = await examined(file('one.json'), { notification: file('utf16-le.json') });
    expect(encoded.out).toMatch(/Notification: \S+\n {2}✗ file {2}is no text in UTF-8/);
  });
});

describe('standard input', () => {
  test('is refused when it is empty, or begins with a byte order mark', async () => {
    const empty = await runDoctor(['-']);
    expect(empty.code).toBe(1);
    expect(empty.out).toContain('✗ stdin  is empty: 0 bytes.');
    const marked = await runDoctor(['-'], { stdin: `\ufeff${JSON_TEXT}` });
    expect(marked.out).toContain('begins with a byte order mark');
  });
});
