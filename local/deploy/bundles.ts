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
  await build(bundleOptions(folder));
  return byFunction((name) => path.join(folder, `${name}.cjs`));
}

/** All bundles in one build, which reads what several of them import once. */
export function bundleOptions(outdir: string): BuildOptions {
  // Options of the packager's own, which esbuild does not know, are left out.
  const { exclude, outputFileExtension, ...options } = require('../../esbuild.config.cjs')();
  const entryPoints = FUNCTIONS.map((name) => `handlers/${name}.ts`);
  const outExtension = { '.js': outputFileExtension };
  return { ...options, absWorkingDir: root, entryPoints, outdir, outExtension };
}

/** Something for each of the three, by its name. */
export function byFunction<T>(of: (name: FunctionName) => T): Record<FunctionName, T> {
  return Object.fromEntries(FUNCTIONS.map((name) => [name, of(name)])) as Record<FunctionName, T>;
}
