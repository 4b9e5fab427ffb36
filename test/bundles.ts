import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { TestProject } from 'vitest/node';
import { byFunction, type FunctionName } from '../local/deploy/bundles.ts';
import { bundleFiles, writeBundles } from '../local/stack/kept-bundles.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** The path of each function's bundle. */
    bundles: Readonly<Record<FunctionName, string>>;
  }
}

/** Where processes find what others have made before, also in the run before. */
const CACHE = path.resolve(import.meta.dirname, '../node_modules/.cache');
const DAY_MS = 86_400_000;

/**
 * Puts the bundles where all tests find them, and those of the runs after, too: what Node has compiled once is at hand for
 * each process that a test starts, by the bundle's path; many of them load the same packages as well. And so is what osls
 * makes of its schema.
 */
export default async function setup(project: TestProject): Promise<void> {
  process.env['NODE_COMPILE_CACHE'] = await young(path.join(CACHE, 'compiled'));
  process.env['SLS_SCHEMA_CACHE_BASE_DIR'] = CACHE;
  const hash = createHash('sha256').update(JSON.stringify(await bundleFiles()));
  const folder = path.join(await young(path.join(CACHE, 'bundles')), hash.digest('hex').slice(0, 16));
  if (!existsSync(folder)) await writeInto(folder);
  project.provide(
    'bundles',
    byFunction((name) => path.join(folder, `${name}.cjs`)),
  );
}

/** Writes beside the place, so that whoever looks there finds all or nothing. */
async function writeInto(folder: string): Promise<void> {
  const part = `${folder}.${process.pid}`;
  await writeBundles(part);
  await rename(part, folder).catch(async (error) => {
    await rm(part, { recursive: true });
    // Another run may have been quicker.
    if (!existsSync(folder)) throw error;
  });
}

/** A folder that is emptied once a day: nobody asks again for what was made of a source that has changed. */
async function young(folder: string): Promise<string> {
  const { birthtimeMs } = await stat(folder).catch(() => ({ birthtimeMs: Date.now() }));
  if (Date.now() - birthtimeMs > DAY_MS) await rm(folder, { recursive: true, force: true, maxRetries: 10 });
  await mkdir(folder, { recursive: true });
  return folder;
}
