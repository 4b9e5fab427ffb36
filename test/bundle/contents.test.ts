import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { FUNCTIONS } from '../../local/deploy/bundles.ts';
import { bundleContents } from '../../local/deploy/contents.ts';

const root = path.resolve(import.meta.dirname, '../..');
const read = (file: string) => JSON.parse(readFileSync(path.join(root, file), 'utf8'));
const { dependencies, devDependencies } = read('package.json');
const locked: Record<string, { version?: string; dev?: boolean }> = read('package-lock.json').packages;

const contents = await bundleContents();

describe.each(FUNCTIONS)('the bundle of %s', (name) => {
  test('holds the handler, lib and shipped packages at their locked versions, and nothing else', () => {
    const parts = contents[name];
    expect(parts.map(({ name: part }) => part)).toEqual(
      expect.arrayContaining(['handlers', 'lib', '@middy/core']),
    );
    for (const { name: part, folder, version } of parts) {
      if (version === undefined) expect(['handlers', 'lib'], part).toContain(part);
      else expect({ ...locked[folder], part }).toMatchObject({ version, part });
      expect(locked[folder]?.dev ?? false, `${part} is for development`).toBe(false);
    }
  });
});

test('every dependency has one exact version', () => {
  for (const version of Object.values({ ...dependencies, ...devDependencies })) {
    expect(version).toMatch(/^(npm:[\w@/-]+@)?\d+\.\d+\.\d+$/);
  }
});
