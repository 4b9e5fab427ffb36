import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { TestProject } from 'vitest/node';
import { buildBundles, byFunction } from '../local/deploy/bundles.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** The path of each function's bundle. */
    bundles: Awaited<ReturnType<typeof buildBundles>>;
  }
}

/** Where processes find what others have made before, also in the run before. */
const CACHE = path.resolve(import.meta.dirname, '../node_modules/.cache');
const DAY_MS = 86_400_000;

/** What the bundles are made of and made by, in the checkout. */
const SOURCES = [
  'lib/**/*.ts',
  'handlers/*.ts',
  'esbuild.config.cjs',
  'local/deploy/bundles.ts',
  'package-lock.json',
];

/**
 * Builds the bundles once for all tests and for the runs after, outside the checkout's own files. What Node has compiled
 * once is at hand for each process that a test starts, too: many of them load the same packages; and so is what osls makes
 * of its schema.
 */
export default async function setup(project: TestProject): Promise<void> {
  process.env['NODE_COMPILE_CACHE'] = await young(path.join(CACHE, 'compiled'));
  process.env['SLS_SCHEMA_CACHE_BASE_DIR'] = CACHE;
  const folder = path.join(await young(path.join(CACHE, 'bundles')), hashOf(SOURCES));
  if (!existsSync(folder)) await buildInto(folder);
  project.provide(
    'bundles',
    byFunction((name) => path.join(folder, `${name}.cjs`)),
  );
}

/** Builds beside the place, so that whoever looks there finds all or nothing. */
async function buildInto(folder: string): Promise<void> {
  const part = `${folder}.${process.pid}`;
  await buildBundles(part);
  await rename(part, folder).catch(async (error) => {
    await rm(part, { recursive: true });
    // Another run may have been quicker.
    if (!existsSync(folder)) throw error;
  });
}

function hashOf(patterns: readonly string[]): string {
  const root = path.resolve(import.meta.dirname, '..');
  const hash = createHash('sha256');
  for (const file of patterns.flatMap((pattern) => globSync(pattern, { cwd: root })).sort()) {
    hash.update(`${file}\0`).update(readFileSync(path.join(root, file)));
  }
  return hash.digest('hex').slice(0, 16);
}

/** A folder that is emptied once a day: nobody asks again for what was made of a source that has changed. */
async function young(folder: string): Promise<string> {
  const { birthtimeMs } = await stat(folder).catch(() => ({ birthtimeMs: Date.now() }));
  if (Date.now() - birthtimeMs > DAY_MS) await rm(folder, { recursive: true, force: true, maxRetries: 10 });
  await mkdir(folder, { recursive: true });
  return folder;
}
