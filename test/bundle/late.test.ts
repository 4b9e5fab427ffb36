import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { FUNCTIONS, type FunctionName } from '../../local/deploy/bundles.ts';
import { notifyEvent, ownQueryEvent, queryEvent } from '../../local/stack/events.ts';
import { PAID, signedForm } from '../support/notification.ts';
import { platformKey, TOKEN, type World } from '../support/world.ts';
import { startWorld } from '../support/worlds.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

const headers = { authorization: `Bearer ${TOKEN}` };

/** How often a function evaluates what is named while it answers an event, by V8's own count. */
async function evaluations(
  name: FunctionName,
  event: unknown,
  { status, of, env = {} }: { status: number; of: string; env?: Record<string, string> },
): Promise<number> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'late-'));
  try {
    const sandbox = world.sandbox(name, { ...env, NODE_V8_COVERAGE: folder }, 20_000);
    expect(await sandbox.invoke(event)).toMatchObject({ statusCode: status });
    await sandbox.end();
    const [file = ''] = readdirSync(folder);
    const { result } = JSON.parse(readFileSync(path.join(folder, file), 'utf8'));
    // A text in the bundle is a script of its own.
    const functions = result.flatMap((script: { functions: unknown }) => script.functions);
    const late = functions.find((each: { functionName: string }) => each.functionName === of);
    return late.ranges[0].count;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test.each([
  ['query', 'the question by Baidu’s ids', 0, 200, () => queryEvent({ headers })],
  ['query', 'the question by the merchant’s own', 1, 404, () => ownQueryEvent('nobody-knows', headers)],
  ['notify', 'a payment', 0, 200, () => notifyEvent(signedForm(PAID, platformKey))],
] as const)(
  '%s, for %s: evaluates the client of DynamoDB %i times',
  async (name, _what, times, status, ask) => {
    expect(await evaluations(name, ask(), { status, of: 'evaluateLate' })).toBe(times);
  },
);

/** The client of Baidu's second generation, as esbuild names what a dynamic import evaluates. */
const SECOND = 'lib/baidu/second-generation/client.ts';

test.each([
  ['the first is asked', 'queryorderdetail', 0, 200],
  // Without its pair of keys the app cannot be asked for.
  ['the second is', 'findByTpOrderId', 1, 503],
] as const)(
  'query by Baidu’s ids, where %s: evaluates the second generation’s client (%s, %i times)',
  async (_name, api, times, status) => {
    const options = { status, of: SECOND, env: { BAIDU_STATUS_API: api } };
    expect(await evaluations('query', queryEvent({ headers }), options)).toBe(times);
  },
);

/** Says, whenever a text is compiled, how many requests the process has begun before. */
const COUNT_REQUESTS = `
  const vm = require('node:vm');
  const { compileFunction } = vm;
  let requests = 0;
  require('node:diagnostics_channel').subscribe('http.client.request.start', () => requests++);
  vm.compileFunction = (code, names, options) => {
    console.error(options.filename + ' after ' + requests);
    return compileFunction(code, names, options);
  };`;

test.each(FUNCTIONS)(
  '%s evaluates what it does not ask for the secret with when it has asked for it, without an event',
  async (name) => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'rest-'));
    const preload = path.join(folder, 'count-requests.cjs');
    writeFileSync(preload, COUNT_REQUESTS);
    const sandbox = world.sandbox(name, { NODE_OPTIONS: `--require ${preload}` }, 20_000);
    const said = () => sandbox.output.join('').match(/\w+\.js after \d/);
    await vi.waitUntil(said, { timeout: 20_000 });
    await sandbox.end();
    rmSync(folder, { recursive: true });
    expect(said()?.[0]).toBe(`${name}.js after 1`);
  },
);
