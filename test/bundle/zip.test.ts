import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { type Entry, openPromise } from 'yauzl';
import { FUNCTIONS } from '../../local/deploy/bundles.ts';
import { COMPILED } from '../support/compiled.ts';

const root = path.resolve(import.meta.dirname, '../..');
let folder: string;
let said: string;

/**
 * Packages as `npm run package` does, into a folder of its own, with no credentials in reach, for somebody who keeps
 * their files to themselves.
 */
beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'package-'));
  const { PATH, HOME } = process.env;
  said = execFileSync('sh', ['-c', 'umask 077 && exec osls package --package "$1" 2>&1', 'sh', folder], {
    ...{ cwd: root, encoding: 'utf8' },
    env: { PATH, HOME: `${HOME}/none`, ...COMPILED },
  });
}, 120_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each(FUNCTIONS)('npm run package', (name) => {
  const entries = () => entriesOf(path.join(folder, `${name}.zip`));

  test(`puts one bundle into ${name}.zip, what Lambda loads it by, and nothing else`, async () => {
    const names = (await entries()).map(({ fileName }) => fileName);
    expect(names.toSorted()).toEqual([`handlers/${name}.bundle.cjs`, `handlers/${name}.cjs`]);
  });

  test(`puts the very bytes into ${name}.zip that run on this machine and in the tests`, async () => {
    expect.assertions(2);
    const tested = path.dirname(inject('bundles')[name]);
    const zip = await openPromise(path.join(folder, `${name}.zip`));
    for await (const entry of zip.eachEntry()) {
      const packaged = await buffer(await zip.openReadStreamPromise(entry));
      expect(packaged.equals(readFileSync(path.join(tested, path.basename(entry.fileName))))).toBe(true);
    }
  });

  test(`lets everyone read what is in ${name}.zip, whatever the umask: Lambda has a user of its own`, async () => {
    // The mode of a file is in the upper half of its attributes (Info-ZIP on Unix).
    const modes = (await entries()).map(({ externalFileAttributes }) => externalFileAttributes >>> 16);
    expect(modes.map((mode) => (mode & 0o777).toString(8))).toEqual(['644', '644']);
  });
});

describe('npm run package', () => {
  test('leaves what it writes itself to those whom the umask lets', () => {
    const template = path.join(folder, 'cloudformation-template-update-stack.json');
    expect((statSync(template).mode & 0o777).toString(8)).toBe('600');
  });

  test('says what it does, and warns of nothing', () => {
    const lines = said.split('\n').filter((line) => line !== '');
    expect(lines).toEqual([
      'Packaging baidu-payment-status for stage dev (cn-north-1)',
      'Parameters of dev: none, so the defaults',
      expect.stringMatching(/^✔ Service packaged \(\d+s\)$/),
    ]);
  });
});

async function entriesOf(zip: string): Promise<Entry[]> {
  const entries: Entry[] = [];
  for await (const entry of (await openPromise(zip)).eachEntry()) entries.push(entry);
  return entries;
}
