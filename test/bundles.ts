import { mkdtemp, rm } from 'node:fs/promises';
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

/**
 * Builds the bundles once for all tests, outside the checkout. What Node has compiled once is at hand there for each
 * process that a test starts, too: many of them load the same packages. What osls makes of its schema is kept from run
 * to run, as in a developer's home.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'bundles-'));
  process.env['NODE_COMPILE_CACHE'] = path.join(folder, 'compiled');
  process.env['SLS_SCHEMA_CACHE_BASE_DIR'] = path.resolve(import.meta.dirname, '../node_modules/.cache');
  project.provide('bundles', await buildBundles(folder));
  // Processes that end now may still write what they have compiled.
  return () => rm(folder, { recursive: true, force: true, maxRetries: 10 });
}
