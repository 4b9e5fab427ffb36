import { globSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { buildBundles, byFunction, type FunctionName } from '../deploy/bundles.ts';
import { keptResult } from './kept-result.ts';

const root = path.resolve(import.meta.dirname, '../..');
const KEPT = path.join(root, 'node_modules/.cache/bundles.json');

/** What bundles are made of and made by; of the packages, which are wanted, and what npm has noted of those installed. */
const SOURCES = [
  ...['handlers/*.ts', 'lib/**/*.ts', 'esbuild.config.cjs', 'local/deploy/bundles.ts', 'tsconfig.json'],
  ...['package.json', 'package-lock.json', 'node_modules/.package-lock.json'],
];

/**
 * Writes into a folder what {@link buildBundles} would build there. Built again only where a source has changed.
 *
 * @returns the path of each bundle by the name of its function
 */
export async function writeBundles(folder: string): Promise<Record<FunctionName, string>> {
  await mkdir(folder, { recursive: true });
  for (const [name, text] of await bundleFiles()) await writeFile(path.join(folder, name), text);
  return byFunction((name) => path.join(folder, `${name}.cjs`));
}

/** The bundles' files, each as its name and its text. */
export function bundleFiles(): Promise<[name: string, text: string][]> {
  const sources = globSync(SOURCES, { cwd: root }).sort();
  return keptResult(
    KEPT,
    sources.map((file) => path.join(root, file)),
    build,
  );
}

async function build(): Promise<[string, string][]> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'bundles-'));
  try {
    await buildBundles(folder);
    const read = async (name: string): Promise<[string, string]> => [
      name,
      await readFile(path.join(folder, name), 'utf8'),
    ];
    return await Promise.all((await readdir(folder)).map(read));
  } finally {
    await rm(folder, { recursive: true });
  }
}
