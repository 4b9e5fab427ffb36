import { mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { type BuildOptions, build } from 'esbuild';

/** The handlers by the names of their functions. */
export const FUNCTIONS = ['query', 'notify', 'confirm'] as const;

/** One of the three. */
export type FunctionName = (typeof FUNCTIONS)[number];

const require = createRequire(import.meta.url);
const root = path.resolve(import.meta.dirname, '../..');

/**
 * Bundles the handlers into a folder with the options that `npm run package` uses.
 *
 * @returns the path of each bundle by the name of its function
 */
export async function buildBundles(folder: string): Promise<Record<FunctionName, string>> {
  await mkdir(folder, { recursive: true });
  const built = FUNCTIONS.map((name) => [name, path.join(folder, `${name}.cjs`)] as const);
  await Promise.all(
    built.map(([name, outfile]) =>
      build({ ...esbuildOptions(), entryPoints: [path.join(root, 'handlers', `${name}.ts`)], outfile }),
    ),
  );
  return Object.fromEntries(built) as Record<FunctionName, string>;
}

/** The options of the packager's own that esbuild does not know are left out. */
export function esbuildOptions(): BuildOptions {
  const { exclude, outputFileExtension, ...options } = require('../../esbuild.config.cjs')();
  return options;
}
