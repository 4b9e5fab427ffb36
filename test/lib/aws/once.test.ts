import { createHash } from 'node:crypto';
import { setImmediate as immediate } from 'node:timers/promises';
import { DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { awsClientLimits } from '../../../lib/aws/limits.ts';
import { createOnce } from '../../../lib/aws/once.ts';
import { type LocalAws, startAws } from '../../../local/stack/aws.ts';

const pauses = vi.hoisted(() => [] as number[]);
vi.mock(import('../../../lib/aws/limits.ts'), { spy: true });
vi.mock(import('node:timers/promises'), async (original) => {
  const timers = await original();
  const delay = async (ms?: number) => {
    pauses.push(ms ?? 0);
    await timers.setImmediate();
  };
  return { ...timers, setTimeout: delay as typeof timers.setTimeout };
});

let aws: LocalAws;
let keys = 0;
let key: string;
beforeAll(async () => {
  aws = await startAws();
});
afterAll(() => aws.close());
beforeEach(() => {
  for (const [name, value] of Object.entries(aws.environment)) vi.stubEnv(name, value);
  vi.spyOn(console, 'warn').mockImplementation(() => undefined);
  pauses.length = 0;
  key = `state-${keys++}`;
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

const plenty = () => 20_000;
const start = () => createOnce(aws.idempotencyTable);
type Context = Parameters<ReturnType<typeof start>['begin']>[0];
const contextOf = (leftMs: number) => ({ getRemainingTimeInMillis: () => leftMs }) as Context;

/** The table's record of a key. */
async function record(of: string) {
  const { Items = [] } = await aws.dynamodb.send(new ScanCommand({ TableName: aws.idempotencyTable }));
  const id = `payment-status#${createHash('sha256').update(JSON.stringify(of)).digest('base64')}`;
  return Items.find((item) => item['id']?.S === id);
}

/** Something that is under way until it is let go. */
function held() {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const act = vi.fn(() => {
    begun.resolve();
    return promise;
  });
  return { act, begun: begun.promise, end: resolve, fail: reject };
}

describe('createOnce()', () => {
  test('does a thing once, and says whether it was now', async () => {
    const act = vi.fn(async () => undefined);
    const once = start();
    expect(await once.run(key, act, plenty)).toBe(true);
    expect(await once.run(key, act, plenty)).toBe(false);
    expect(await start().run(key, act, plenty)).toBe(false);
    expect(act).toHaveBeenCalledTimes(1);
    expect(awsClientLimits).toHaveBeenCalledWith({ attemptTimeoutMs: 1000, maxAttempts: 3 });
  });

  test('does another thing, too', async () => {
    const act = vi.fn(async () => undefined);
    const once = start();
    expect(await once.run(key, act, plenty)).toBe(true);
    expect(await once.run(`${key} too`, act, plenty)).toBe(true);
    expect(act).toHaveBeenCalledTimes(2);
  });

  test('keeps a record for 15 days, under a name that no build changes', async () => {
    const before = Date.now() / 1000;
    await start().run(key, async () => undefined, plenty);
    const { status, data, expiration } = (await record(key)) ?? {};
    expect({ status, data }).toEqual({ status: { S: 'COMPLETED' }, data: { BOOL: true } });
    const days = (Number(expiration?.N) - before) / (24 * 3600);
    expect(days).toBeGreaterThan(14.99);
    expect(days).toBeLessThan(15.01);
  });

  test('does it once for all who ask at the same time, without asking the table for each', async () => {
    const send = vi.spyOn(DynamoDBClient.prototype, 'send');
    const { act, begun, end } = held();
    const once = start();
    const first = once.run(key, act, plenty);
    const others = [once.run(key, act, plenty), once.run(key, act, plenty)];
    await begun;
    end();
    expect(await first).toBe(true);
    expect(await Promise.all(others)).toEqual([false, false]);
    expect(act).toHaveBeenCalledTimes(1);
    expect(send).toHaveBeenCalledTimes(2);
  });

  test('fails for all who wait when it fails, and does it again for the next', async () => {
    const { act, begun, fail } = held();
    const once = start();
    const first = once.run(key, act, plenty);
    const other = once.run(key, act, plenty);
    await begun;
    fail(new Error('no topic'));
    await expect(first).rejects.toThrow('no topic');
    await expect(other).rejects.toThrow('no topic');
    expect(await once.run(key, async () => undefined, plenty)).toBe(true);
    expect(pauses).toEqual([]);
  });

  test('waits for what another sandbox has under way', async () => {
    const { act, begun, end } = held();
    const first = start().run(key, act, plenty);
    await begun;
    const second = start().run(key, act, plenty);
    await vi.waitFor(() => expect(pauses.length).toBeGreaterThan(1));
    end();
    expect(await first).toBe(true);
    expect(await second).toBe(false);
    expect(new Set(pauses)).toEqual(new Set([200]));
    expect(act).toHaveBeenCalledTimes(1);
  });

  test('waits no longer than there is time', async () => {
    const { act, begun, end } = held();
    const first = start().run(key, act, plenty);
    await begun;
    const left = [200, 199];
    await expect(start().run(key, act, () => left.shift() ?? 0)).rejects.toMatchObject({
      name: 'IdempotencyAlreadyInProgressError',
    });
    expect(pauses).toEqual([200]);
    end();
    await first;
  });

  test('does again what a sandbox that died had under way, after the time of its invocation', async () => {
    const { act, begun, end } = held();
    const dead = start();
    dead.begin(contextOf(-1));
    const lost = dead.run(key, act, plenty);
    await begun;
    expect(await start().run(key, async () => undefined, plenty)).toBe(true);
    end();
    await lost;
  });

  test('ties a record to the time that the invocation has left', async () => {
    const { act, begun, end } = held();
    const once = start();
    const before = Date.now();
    once.begin(contextOf(60_000));
    const done = once.run(key, act, plenty);
    await begun;
    const { status, in_progress_expiration: until } = (await record(key)) ?? {};
    expect(status).toEqual({ S: 'INPROGRESS' });
    expect(Number(until?.N)).toBeGreaterThanOrEqual(before + 60_000);
    expect(Number(until?.N)).toBeLessThanOrEqual(Date.now() + 60_000);
    end();
    await done;
  });

  test('works where the runtime does not say how much time is left', async () => {
    const once = start();
    once.begin({} as Context);
    expect(await once.run(key, async () => undefined, plenty)).toBe(true);
    await immediate();
  });
});
