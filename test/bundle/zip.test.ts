import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openPromise } from 'yauzl';

const root = path.resolve(import.meta.dirname, '../..');
let folder: string;

/** Packages as `npm run package` does, into a folder of its own, with no credentials in reach. */
beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'package-'));
  const { PATH, HOME } = process.env;
  execFileSync('osls', ['package', '--package', folder], { cwd: root, env: { PATH, HOME: `${HOME}/none` } });
}, 120_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('npm run package', () => {
  test.each(['query', 'notify', 'confirm'])('puts one bundle into %s.zip, and nothing else', async (name) => {
    expect(await filesIn(path.join(folder, `${name}.zip`))).toEqual([`handlers/${name}.cjs`]);
  });
});

async function filesIn(zip: string): Promise<string[]> {
  const names: string[] = [];
  for await (const entry of (await openPromise(zip)).eachEntry()) names.push(entry.fileName);
  return names;
}
