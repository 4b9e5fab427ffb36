import { createPublicKey } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type BaiduClientOptions, createBaiduClient } from '../../../lib/baidu/client.ts';
import type { Attempt } from '../../../lib/baidu/http/attempts.ts';
import { type Transport, TransportError } from '../../../lib/baidu/http/https.ts';
import { readPrivateKey } from '../../../lib/baidu/keys.ts';
import { verify } from '../../../local/cashier/signature/signature.ts';
import { answerBody, says, startBaidu } from '../../support/baidu.ts';
import { SAMPLE } from '../../support/vectors.ts';

const clock = vi.hoisted(() => ({ ms: 0, pauses: [] as number[] }));
vi.mock(import('node:timers/promises'), async (original) => {
  const delay = async (ms = 0) => {
    clock.pauses.push(ms);
    clock.ms += ms;
  };
  return { ...(await original()), setTimeout: delay as Awaited<ReturnType<typeof original>>['setTimeout'] };
});

beforeEach(() => {
  clock.ms = 1000;
  clock.pauses.length = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => clock.ms);
});
afterEach(() => void vi.restoreAllMocks());

const privateKey = readPrivateKey(SAMPLE.privateKey);
const SECRET = { appId: '10026', appKey: 'MMM4oc', privateKey };
const ORDER = { orderId: '1920891312', siteId: '3747777038' };
const QUERY_URL = new URL('https://baidu.example/platform/entity/openapi/queryorderdetail');

/** What one request comes to, after some milliseconds: an answer, or an error. */
type Step = { ms?: number; status?: number; body?: string; error?: Error };

const errnoOf = (errno: number): Step => ({ body: answerBody({ errno, data: null }) });
const fails = (...args: ConstructorParameters<typeof TransportError>): Step => ({
  error: new TransportError(...args),
});
const stale = (ms = 0): Step => ({ ms, ...fails('unreachable', { onKeptConnection: true }) });

/** A client whose transport plays steps, the last one for ever, on a clock that only they and the pauses move. */
function setUp(steps: Step[], options: Partial<BaiduClientOptions> = {}) {
  const urls: URL[] = [];
  const limits: { timeoutMs: number; maxBytes: number }[] = [];
  const attempts: Attempt[] = [];
  const transport: Transport = async (url, limit) => {
    urls.push(url);
    limits.push(limit);
    const {
      ms = 0,
      status = 200,
      body = answerBody(),
      error,
    } = steps[Math.min(urls.length, steps.length) - 1] ?? {};
    clock.ms += ms;
    if (error) throw error;
    return { status, body: Buffer.from(body) };
  };
  const query = createBaiduClient({
    queryUrl: QUERY_URL,
    attemptTimeoutMs: 1500,
    maxAttempts: 3,
    transport,
    random: () => 0.5,
    onAttempt: (attempt) => attempts.push(attempt),
    ...options,
  });
  return { query, urls, limits, attempts, timeouts: () => limits.map(({ timeoutMs }) => timeoutMs) };
}

describe('createBaiduClient(): a query', () => {
  test('is signed, and its answer read', async () => {
    const { query, urls, limits } = setUp([{}]);
    expect(await query(SECRET, ORDER)).toMatchObject({ ...ORDER, payment: { status: 'PAID' } });
    const [url] = urls;
    expect(`${url?.origin}${url?.pathname}`).toBe(QUERY_URL.href);
    const { sign = '', ...params } = Object.fromEntries(url?.searchParams ?? []);
    expect(params).toEqual({ appId: '10026', appKey: 'MMM4oc', ...ORDER });
    expect(verify(params, sign, createPublicKey(privateKey))).toBe(true);
    expect(limits).toEqual([{ timeoutMs: 1500, maxBytes: 262_144 }]);
  });

  test('goes over real connections by default, as its URL says, with real jitter', async () => {
    const baidu = await startBaidu();
    baidu.play(says('', 500));
    const random = vi.spyOn(Math, 'random').mockReturnValue(0);
    const query = createBaiduClient({ queryUrl: new URL(baidu.url), attemptTimeoutMs: 7000, maxAttempts: 2 });
    expect(await query(SECRET, ORDER)).toMatchObject(ORDER);
    expect(random).toHaveBeenCalled();
    expect(clock.pauses).toEqual([50]);
    await baidu.close();
  });

  test('is told of, attempt by attempt', async () => {
    const { query, attempts } = setUp([{ ms: 30, status: 500 }, { ms: 40 }]);
    await query(SECRET, ORDER);
    const about = { appId: '10026', orderId: ORDER.orderId };
    expect(attempts).toEqual([
      { ...about, ms: 30, error: expect.objectContaining({ code: 'BAIDU_BAD_RESPONSE' }) },
      { ...about, ms: 40 },
    ]);
  });

  test('needs nobody to be told', async () => {
    const options = { queryUrl: QUERY_URL, attemptTimeoutMs: 1500, maxAttempts: 1 };
    const fine = createBaiduClient({
      ...options,
      transport: async () => ({ status: 200, body: Buffer.from(answerBody()) }),
    });
    expect(await fine(SECRET, ORDER)).toMatchObject(ORDER);
    const bad = createBaiduClient({
      ...options,
      transport: async () => ({ status: 404, body: Buffer.alloc(0) }),
    });
    await expect(bad(SECRET, ORDER)).rejects.toMatchObject({ code: 'BAIDU_BAD_RESPONSE' });
  });

  test('shows nothing that was sent, where Baidu’s words repeat it', async () => {
    const { urls, ...first } = setUp([{}]);
    await first.query(SECRET, ORDER);
    const sign = urls[0]?.searchParams.get('sign') ?? '';
    const errmsg = `<${sign}> <${encodeURIComponent(sign)}> <${SECRET.appKey}> <${ORDER.siteId}> <${ORDER.orderId}>`;
    const { query } = setUp([{ body: answerBody({ errno: 10000, errmsg }) }]);
    await expect(query(SECRET, ORDER)).rejects.toMatchObject({
      errmsg: `<…> <…> <…> <…> <${ORDER.orderId}>`,
    });
  });
});

describe('createBaiduClient(): what went wrong', () => {
  test.each([200, 299])('is nothing at the status %i', async (status) => {
    expect(await setUp([{ status }]).query(SECRET, ORDER)).toMatchObject(ORDER);
  });

  test.each<[Step, Record<string, unknown>]>([
    ...[199, 300, 302, 404, 428, 430, 499].map((status): [Step, Record<string, unknown>] => [
      { status },
      { code: 'BAIDU_BAD_RESPONSE', message: `Baidu answered with HTTP status ${status}.`, passing: false },
    ]),
    [fails('too-large'), { code: 'BAIDU_BAD_RESPONSE', message: 'Baidu’s answer is larger than 256 KB.' }],
    [errnoOf(10000), { code: 'BAIDU_ERROR', errno: 10000 }],
    [{ error: new TypeError('x is not a function') }, { code: 'INTERNAL_ERROR' }],
  ])('is final: %j', async (step, expected) => {
    const { query, urls } = setUp([step]);
    await expect(query(SECRET, ORDER)).rejects.toMatchObject({ passing: false, ...expected });
    expect(urls).toHaveLength(1);
    expect(clock.pauses).toEqual([]);
  });

  test.each<[Step, Record<string, unknown>]>([
    ...[429, 500, 599].map((status): [Step, Record<string, unknown>] => [
      { status },
      { code: 'BAIDU_BAD_RESPONSE', message: `Baidu answered with HTTP status ${status}.` },
    ]),
    [fails('timeout'), { code: 'BAIDU_TIMEOUT', message: 'Baidu gave no full answer in time.' }],
    [fails('unreachable'), { code: 'BAIDU_UNREACHABLE', message: 'No connection to Baidu.' }],
    [fails('broken'), { code: 'BAIDU_BAD_RESPONSE', message: 'Baidu’s answer broke off.' }],
    [{ body: '' }, { code: 'BAIDU_BAD_RESPONSE', message: 'Baidu’s answer is empty.' }],
    [errnoOf(5010003), { code: 'BAIDU_ERROR', errno: 5010003 }],
  ])('may pass, and is tried again: %j', async (step, expected) => {
    const { query, urls } = setUp([step]);
    await expect(query(SECRET, ORDER)).rejects.toMatchObject({ passing: true, ...expected });
    expect(urls).toHaveLength(3);
    expect(new Set(urls.map(String)).size).toBe(1);

    const recovering = setUp([step, step, {}]);
    expect(await recovering.query(SECRET, ORDER)).toMatchObject(ORDER);
  });

  test.each(['timeout', 'unreachable', 'broken', 'too-large'] as const)(
    'keeps its cause: %s',
    async (fault) => {
      const step = fails(fault);
      await expect(setUp([step]).query(SECRET, ORDER)).rejects.toMatchObject({ cause: step.error });
    },
  );
});

describe('createBaiduClient(): tries again', () => {
  test('as often as is set, after pauses that double and vary', async () => {
    const { query, urls } = setUp([{ status: 500 }], { maxAttempts: 4 });
    await expect(query(SECRET, ORDER)).rejects.toMatchObject({ code: 'BAIDU_BAD_RESPONSE' });
    expect(urls).toHaveLength(4);
    expect(clock.pauses).toEqual([75, 150, 300]);
  });

  test('not at all, where one attempt is set', async () => {
    const { query, urls } = setUp([{ status: 500 }], { maxAttempts: 1 });
    await expect(query(SECRET, ORDER)).rejects.toMatchObject({ code: 'BAIDU_BAD_RESPONSE' });
    expect(urls).toHaveLength(1);
  });

  test('within 7 s in all, the last attempt with what is left', async () => {
    const { query, timeouts } = setUp([{ ms: 3000, ...fails('timeout') }], {
      attemptTimeoutMs: 3000,
      maxAttempts: 10,
    });
    await expect(query(SECRET, ORDER)).rejects.toMatchObject({ code: 'BAIDU_TIMEOUT' });
    expect(timeouts()).toEqual([3000, 3000, 7000 - 6000 - 75 - 150]);
  });

  test.each([
    [500, 500],
    [60_000, 7000],
  ])('within the %i ms of its caller, and never more than 7 s', async (budgetMs, timeoutMs) => {
    const { query, timeouts } = setUp([{ ms: 7000, ...fails('timeout') }], { attemptTimeoutMs: 7000 });
    await expect(query(SECRET, ORDER, budgetMs)).rejects.toMatchObject({ code: 'BAIDU_TIMEOUT' });
    expect(timeouts()).toEqual([timeoutMs]);
    expect(clock.pauses).toEqual([]);
  });

  test.each([
    { leftMs: 600, code: 'BAIDU_ERROR', of: 'cut short' },
    { leftMs: 5000, code: 'BAIDU_TIMEOUT', of: 'that had all its time' },
  ])(
    'and after a refusal for Baidu’s QPS limit an attempt $of ends it as $code',
    async ({ leftMs, code }) => {
      const silence = { ms: Math.min(leftMs - 90, 1500), ...fails('timeout') };
      const { query, attempts } = setUp([errnoOf(5010003), silence], { maxAttempts: 2 });
      await expect(query(SECRET, ORDER, leftMs)).rejects.toMatchObject({ code });
      expect(attempts.map(({ error }) => error?.code)).toEqual(['BAIDU_ERROR', 'BAIDU_TIMEOUT']);
    },
  );

  test.each([
    [195, [195, 20]],
    [194, [194]],
  ])('only where 20 ms are left for it: of %i ms', async (budgetMs, expected) => {
    const { query, timeouts } = setUp([{ ms: 100, status: 500 }]);
    await expect(query(SECRET, ORDER, budgetMs)).rejects.toMatchObject({ code: 'BAIDU_BAD_RESPONSE' });
    expect(timeouts()).toEqual(expected);
  });

  test('once at least, even where no time is left', async () => {
    const { query, timeouts } = setUp([{}]);
    expect(await query(SECRET, ORDER, 0)).toMatchObject(ORDER);
    expect(timeouts()).toEqual([20]);
  });
});

describe('createBaiduClient(): a kept connection that the peer has closed', () => {
  test('is no failure: the query goes out once more at once, with the time that is left', async () => {
    const { query, attempts, timeouts } = setUp([stale(30), {}]);
    expect(await query(SECRET, ORDER)).toMatchObject(ORDER);
    expect(timeouts()).toEqual([1500, 1470]);
    expect(attempts).toEqual([{ appId: '10026', orderId: ORDER.orderId, ms: 30 }]);
    expect(clock.pauses).toEqual([]);
  });

  test('leaves 1 ms at least', async () => {
    const { query, timeouts } = setUp([stale(1600), {}]);
    await query(SECRET, ORDER);
    expect(timeouts()).toEqual([1500, 1]);
  });

  test('is one the second time', async () => {
    const { query, attempts } = setUp([stale(), stale()], { maxAttempts: 1 });
    await expect(query(SECRET, ORDER)).rejects.toMatchObject({ code: 'BAIDU_UNREACHABLE' });
    expect(attempts).toHaveLength(1);
  });

  test.each<[string, Step]>([
    ['a new connection', fails('unreachable')],
    ['a kept connection with no answer in time', fails('timeout', { onKeptConnection: true })],
    ['a kept connection that broke inside the answer', fails('broken', { onKeptConnection: true })],
    [
      'an error of another kind',
      { error: Object.assign(new Error('other'), { fault: 'unreachable', onKeptConnection: true }) },
    ],
  ])('is not %s', async (_name, step) => {
    const { query, urls } = setUp([step], { maxAttempts: 1 });
    await expect(query(SECRET, ORDER)).rejects.toThrow();
    expect(urls).toHaveLength(1);
  });
});
