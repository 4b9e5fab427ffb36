import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { commandsOf } from './commands.ts';
import { readPage } from './markdown.ts';

const PAGES = ['README.md', 'docs/operations/deploy.md'];

/** `npm test` asks for nothing but npm; `.ci/run` brings both. */
const isRunnable = ['jq', 'openssl'].every((tool) => !spawnSync(tool, ['version']).error);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'first-secret-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const run = (command = '') => spawnSync('bash', ['-c', command], { cwd: folder, encoding: 'utf8' });
const fileOf = (name: string) => readFileSync(path.join(folder, name), 'utf8');

test.each(PAGES.flatMap((file) => [file, file.replace('.md', '.zh-CN.md')]))(
  '%s says what a second run and a missing file look like',
  (file) => {
    const { text } = readPage(file);
    for (const words of ['`cannot overwrite existing file`', '`jq`', '`secret.json`']) {
      expect(text).toContain(words);
    }
  },
);

describe.each(isRunnable ? PAGES : [])('%s', (page) => {
  const commands = commandsOf(readPage(page));
  const makesKey = commands.find((command) => command.includes('> merchant.pem'));
  const makesSecret = commands.find((command) => command.includes('> secret.json'));

  test('makes no second key over the first one', () => {
    expect(run(makesKey).status).toBe(0);
    const key = fileOf('merchant.pem');
    expect(run(makesKey).stderr).toContain('merchant.pem: cannot overwrite existing file');
    expect(fileOf('merchant.pem')).toBe(key);
  });

  test.each([['merchant.pem'], ['platform-public-key.txt']])(
    'leaves an empty secret without %s, and a whole one once it is there',
    (missing) => {
      const files = ['merchant.pem', 'platform-public-key.txt'];
      const put = (name: string) => writeFileSync(path.join(folder, name), 'a key\n');
      files.filter((name) => name !== missing).forEach(put);
      expect(run(makesSecret).stderr).toMatch(new RegExp(`^jq: .*${missing}`));
      expect(fileOf('secret.json')).toBe('');
      put(missing);
      expect(run(makesSecret).status).toBe(0);
      expect(JSON.parse(fileOf('secret.json'))).toMatchObject({ privateKey: 'a key\n' });
    },
  );
});
