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

/** Builds the bundles once for all tests, outside the checkout. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'bundles-'));
  project.provide('bundles', await buildBundles(folder));
  return () => rm(folder, { recursive: true, force: true });
}
