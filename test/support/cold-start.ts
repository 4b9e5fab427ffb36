import { createRequire } from 'node:module';
import { inject, vi } from 'vitest';

/**
 * Which build of a handler is under test: the bundle that is deployed, or, for tools that measure the source, the
 * TypeScript (`TEST_BUILD=source`).
 */
export type Build = 'source' | 'bundle';

export const BUILD: Build = process.env['TEST_BUILD'] === 'source' ? 'source' : 'bundle';

type Handler = (event: unknown, context: unknown) => Promise<unknown>;

const require = createRequire(import.meta.url);

/** Loads a handler anew, as a new sandbox would, with nothing but these variables added to the environment. */
export async function coldStart(
  name: keyof typeof SOURCES,
  env: Record<string, string>,
  build: Build = BUILD,
): Promise<Handler> {
  vi.unstubAllEnvs();
  for (const [variable, value] of Object.entries({ ...AWS, ...env })) vi.stubEnv(variable, value);
  if (build === 'source') {
    vi.resetModules();
    return (await SOURCES[name]()).handler as Handler;
  }
  const path = inject('bundles')[name];
  for (const file of [path, path.replace(/\.cjs$/, '.bundle.cjs')]) delete require.cache[file];
  return require(path).handler;
}

/** The context that the runtime hands to a handler. */
export function contextOf({ requestId = 'request-1', remainingMs = 10_000 } = {}): object {
  const deadline = Date.now() + remainingMs;
  return { awsRequestId: requestId, getRemainingTimeInMillis: () => deadline - Date.now() };
}

/** The lines that a handler logs from now on, parsed. */
export function captureLog(): Record<string, unknown>[] {
  const lines: Record<string, unknown>[] = [];
  vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    for (const line of String(chunk).split('\n').filter(Boolean)) lines.push(JSON.parse(line));
    return true;
  });
  return lines;
}

const SOURCES = {
  query: () => import('../../handlers/query.ts'),
  notify: () => import('../../handlers/notify.ts'),
  confirm: () => import('../../handlers/confirm.ts'),
};

/** Placeholders that Lambda would set. */
const AWS = {
  AWS_REGION: 'cn-north-1',
  AWS_ACCESS_KEY_ID: 'local',
  AWS_SECRET_ACCESS_KEY: 'local',
  AWS_LAMBDA_FUNCTION_NAME: 'under-test',
};
