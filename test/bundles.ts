import { mkdtemp, rm, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { TestProject } from 'vitest/node';
import { buildBundles } from '../local/deploy/bundles.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** The path of each function's bundle. */
    bundles: Awaited<ReturnType<typeof buildBundles>>;
  }
}

/** Where processes find what others have made before, also in the run before. */
const CACHE = path.resolve(import.meta.dirname, '../node_modules/.cache');
const DAY_MS = 86_400_000;

/**
 * Builds the bundles once for all tests, outside the checkout. What Node has compiled once is at hand for each process
 * that a test starts, too: many of them load the same packages; and so is what osls makes of its schema.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'bundles-'));
  process.env['NODE_COMPILE_CACHE'] = await young(path.join(CACHE, 'compiled'));
  process.env['SLS_SCHEMA_CACHE_BASE_DIR'] = CACHE;
  project.provide('bundles', await buildBundles(folder));
  return () => rm(folder, { recursive: true, force: true });
}

/** A folder that is emptied once a day: what was compiled of a bundle in a folder of some run nobody asks for again. */
async function young(folder: string): Promise<string> {
  const { birthtimeMs } = await stat(folder).catch(() => ({ birthtimeMs: Date.now() }));
  if (Date.now() - birthtimeMs > DAY_MS) await rm(folder, { recursive: true, force: true, maxRetries: 10 });
  return folder;
}
