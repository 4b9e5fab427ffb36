import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm, symlink } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type SampleParts, startSampleParts } from '../../local/samples/parts.ts';
import { COMPILED } from '../support/compiled.ts';
import { startOsls } from '../template/package.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const CLI = path.join(ROOT, 'local/samples/cli.ts');

let folder: string;

// osls bundles into the service's own folder: a copy of it keeps this apart from tests that package.
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'invoke-'));
  for (const name of ['serverless.yml', 'resources', 'handlers', 'lib', 'events']) {
    await cp(path.join(ROOT, name), path.join(folder, name), { recursive: true });
  }
  for (const name of ['esbuild.config.cjs', 'package.json', 'local', 'node_modules']) {
    await symlink(path.join(ROOT, name), path.join(folder, name));
  }
});

afterAll(() => rm(folder, { recursive: true, force: true }));

/** Runs `npm run invoke -- …` and returns what it wrote. */
function invoke(...args: string[]): Promise<{ stdout: string; stderr: string }> {
  return invokeIn('C.UTF-8', ...args);
}

function invokeIn(LANG: string, ...args: string[]): Promise<{ stdout: string; stderr: string }> {
  const { PATH, HOME } = process.env;
  return promisify(execFile)(process.execPath, [CLI, ...args], {
    cwd: folder,
    env: { PATH, HOME, LANG, NO_COLOR: '1', LOG_LEVEL: 'SILENT', ...COMPILED },
  });
}

describe('osls invoke local, beside npm run invoke,', () => {
  const again = startOsls();
  let parts: SampleParts;
  beforeAll(async () => {
    parts = await startSampleParts();
  });
  afterAll(() => Promise.all([again.end(), parts.close()]));

  test.each([
    ['notify', 'notify-accepted', '\\"isConsumed\\":2'],
    ['confirm', 'confirm-sqs', '"batchItemFailures": []'],
  ])('runs -f %s -p events/%s.json', async (name, event, words) => {
    const args = ['invoke', 'local', '-f', name, '-p', `events/${event}.json`];
    const { stdout } = await again.osls(folder, args, { ...parts.environment, LOG_LEVEL: 'SILENT' });
    expect(stdout).toContain(words);
  });
});

describe('npm run invoke', () => {
  test('runs osls invoke local with the stand-ins, and keeps its language to itself', async () => {
    const language = ['--lang=zh', '--lang', 'zh'];
    const { stdout } = await invoke(...language, '-f', 'query', '-p', 'events/query-authorised.json');
    expect(stdout).toContain('\\"payment\\":{\\"status\\":\\"PAID\\"');
  });

  test('fails where the function fails', async () => {
    const failure = invoke('-f', 'query', '-p', 'events/query-direct-malformed.json');
    await expect(failure).rejects.toMatchObject({
      code: 1,
      stdout: expect.stringContaining('"orderId must be a decimal integer'),
    });
  });

  test('says how it is used', async () => {
    expect((await invoke('--help')).stdout).toContain('npm run invoke -- -f query -p events/');
    expect((await invokeIn('zh_CN.UTF-8', '--help')).stdout).toContain('让示例事件经过函数');
    expect((await invoke('--lang', 'zh', '--help')).stdout).toContain('让示例事件经过函数');
  });

  test.each([
    [['-f', 'nope'], /^There is no function nope: -f takes confirm, notify, query\.$/m],
    [['-f', 'query', '-p', 'events'], /^-p: there is no file events; events\/README\.md lists/m],
    [['--lang', 'zh', '-f', 'query', '-p', 'no.json'], /^-p：没有文件 no\.json；/m],
    [['--lang', 'fr'], /^--lang must be en or zh\.$/m],
  ])('refuses %j before anything is begun', async (args, words) => {
    await expect(invoke(...args)).rejects.toMatchObject({ code: 2, stderr: expect.stringMatching(words) });
  });
});
