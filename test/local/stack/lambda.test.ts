import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { type LocalFunction, type LocalFunctionOptions, startFunction } from '../../../local/stack/lambda.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'lambda-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const started: LocalFunction[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map((each) => each.close()));
});

let bundles = 0;

/** Starts a function whose handler is the given source. */
function start(handler: string, options: Partial<LocalFunctionOptions> = {}): LocalFunction {
  const bundle = path.join(folder, `${++bundles}.cjs`);
  writeFileSync(bundle, `let calls = 0;\nexports.handler = ${handler};\n`);
  const environment = { OWN: 'yes' };
  const startedFunction = startFunction({
    name: 'sample',
    bundle,
    environment,
    timeoutMs: 10_000,
    ...options,
  });
  started.push(startedFunction);
  return startedFunction;
}

describe('invoke(event)', () => {
  test('hands over the event and a context, and returns the result with the log of this call', async () => {
    const lines: string[] = [];
    const source = `async (event, context) => {
      process.stdout.write('call ' + ++calls + '\\n');
      return { event, left: context.getRemainingTimeInMillis() > 9000, id: typeof context.awsRequestId };
    }`;
    const { invoke } = start(source, { onLog: (line) => lines.push(line) });
    const result = { event: { a: 1 }, left: true, id: 'string' };
    expect(await invoke({ a: 1 })).toEqual({ result, error: undefined, log: ['call 1'] });
    expect((await invoke({ a: 1 })).log).toEqual(['call 2']);
    expect(lines).toEqual(['call 1', 'call 2']);
  });

  test('sees its own variables and none of this process', async () => {
    const { invoke } = start('async () => Object.keys(process.env).sort()');
    expect((await invoke({})).result).toEqual(['AWS_LAMBDA_FUNCTION_NAME', 'OWN', 'TZ']);
  });

  test('gives each of two at once a sandbox of its own, and takes up an idle one', async () => {
    const { invoke } = start('async () => { await new Promise((r) => setTimeout(r, 50)); return ++calls; }');
    const together = await Promise.all([invoke({}), invoke({})]);
    expect(together.map(({ result }) => result)).toEqual([1, 1]);
    expect((await invoke({})).result).toBe(2);
  });
});

describe('a function that fails', () => {
  test('reports the name and message of what it threw, and goes on', async () => {
    const { invoke } = start(
      'async (event) => { if (event.fail) throw new RangeError("too far"); return 1; }',
    );
    expect((await invoke({ fail: true })).error).toEqual({ name: 'RangeError', message: 'too far' });
    expect((await invoke({})).result).toBe(1);
  });

  test('is ended when its time is up, and started anew', async () => {
    const { invoke } = start('async (event) => event.hang ? new Promise(() => {}) : ++calls', {
      timeoutMs: 3000,
    });
    expect((await invoke({})).result).toBe(1);
    const message = 'Task timed out after 3 seconds';
    expect((await invoke({ hang: true })).error).toEqual({ name: 'Sandbox.Timedout', message });
    expect((await invoke({})).result).toBe(1);
  });

  test('that ends its own sandbox is reported, and started anew', async () => {
    const { invoke } = start('async (event) => event.exit ? process.exit(1) : ++calls');
    expect((await invoke({ exit: true })).error?.name).toBe('Runtime.ExitError');
    expect((await invoke({})).result).toBe(1);
  });

  test('whose bundle cannot be loaded reports why', async () => {
    const { invoke } = start('async () => 1;\nthrow new Error("at init")');
    expect((await invoke({})).error).toMatchObject({ message: 'at init' });
  });
});
