import { generateKeyPairSync } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { beginReading } from '../../../lib/aws/secret-fetch.ts';
import type { loadSecrets, readPreviousSecrets } from '../../../lib/aws/secrets-manager.ts';
import type { createBaiduClient, QueryOrder } from '../../../lib/baidu/client.ts';
import { readPrivateKey } from '../../../lib/baidu/keys.ts';
import type { Apps } from '../../../lib/merchant/apps.ts';
import { type MerchantApp, type QueryApp, tokenDigest } from '../../../lib/merchant/secret.ts';
import { queryEvent } from '../../../local/stack/events.ts';
import { onlyApp } from '../../support/apps.ts';
import { captureLog, coldStart, contextOf } from '../../support/cold-start.ts';
import { SAMPLE } from '../../support/vectors.ts';

const parts = vi.hoisted(() => ({
  createBaiduClient: vi.fn<typeof createBaiduClient>(),
  beginReading: vi.fn<typeof beginReading>(),
  fetchSecret: vi.fn<ReturnType<typeof beginReading>>(),
  loadSecrets: vi.fn<typeof loadSecrets>(),
  readPreviousSecrets: vi.fn<typeof readPreviousSecrets>(),
  readPrevious: vi.fn<() => Promise<Apps<MerchantApp>>>(),
  queryOrder: vi.fn<QueryOrder>(),
  loadSecret: vi.fn<() => Promise<Apps<QueryApp>>>(),
}));
vi.mock(import('../../../lib/baidu/client.ts'), () => ({ createBaiduClient: parts.createBaiduClient }));
vi.mock(import('../../../lib/aws/secret-fetch.ts'), () => ({
  beginReading: parts.beginReading,
  whenReached: async () => {},
}));
vi.mock(import('../../../lib/aws/secrets-manager.ts'), () => ({
  loadSecrets: parts.loadSecrets as typeof loadSecrets,
  readPreviousSecrets: parts.readPreviousSecrets as typeof readPreviousSecrets,
}));

const TOKEN = 'a-token-of-the-mini-programs-backend';
const ORDER = { orderId: '1920891312', siteId: '3747777038' };
const APP: QueryApp = {
  ...{ appId: '10026', appKey: 'MMM4oc', privateKey: readPrivateKey(SAMPLE.privateKey) },
  tokenDigests: [tokenDigest(TOKEN)],
};
const STATUS = { ...ORDER, payment: { status: 'PAID', code: 1, description: '支付成功' } } as Awaited<
  ReturnType<QueryOrder>
>;

let lines: Record<string, unknown>[];
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
  lines = captureLog();
  parts.createBaiduClient.mockReturnValue(parts.queryOrder);
  parts.beginReading.mockReturnValue(parts.fetchSecret);
  parts.loadSecrets.mockReturnValue(parts.loadSecret as ReturnType<typeof loadSecrets>);
  parts.loadSecret.mockResolvedValue(onlyApp(APP));
  parts.readPreviousSecrets.mockReturnValue(parts.readPrevious as ReturnType<typeof readPreviousSecrets>);
  parts.queryOrder.mockResolvedValue(STATUS);
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.resetAllMocks();
});

const start = (env: Record<string, string> = {}) =>
  coldStart('query', { BAIDU_SECRET_ID: 'secret', LOG_LEVEL: 'DEBUG', ...env }, 'source');
const authorized = (request: Parameters<typeof queryEvent>[0] = {}) =>
  queryEvent({ ...request, headers: { authorization: `Bearer ${TOKEN}` } });

async function ask(event: unknown): Promise<{ status: number; body: Record<string, unknown> }> {
  const { statusCode, body } = (await (
    await start()
  )(event, contextOf())) as { statusCode: number; body: string };
  return { status: statusCode, body: JSON.parse(body) };
}

describe('query, as it starts', () => {
  test('makes a client of Baidu’s and a reader of the secret, and watches both', async () => {
    await start({ BAIDU_MAX_ATTEMPTS: '2', SECRET_TTL_SECONDS: '60' });
    expect(parts.createBaiduClient).toHaveBeenCalledExactlyOnceWith(
      expect.objectContaining({ attemptTimeoutMs: 1500, maxAttempts: 2, queryUrl: expect.any(URL) }),
    );
    expect(parts.loadSecrets).toHaveBeenCalledExactlyOnceWith(
      { secretId: 'secret', secretTtlMs: 60_000 },
      {
        parse: expect.any(Function),
        onFailure: expect.any(Function),
        fetchSecret: parts.fetchSecret,
      },
    );
    expect(parts.beginReading).toHaveBeenCalledExactlyOnceWith('secret', {
      timeoutMs: undefined,
      way: expect.objectContaining({ ahead: expect.anything() }),
    });
    const { BaiduError } = await import('../../../lib/baidu/errors.ts');
    const error = new BaiduError(10000, '', false);
    parts.createBaiduClient.mock.calls[0]?.[0].onAttempt?.({ appId: '10026', orderId: '1', ms: 1, error });
    parts.loadSecrets.mock.calls[0]?.[1].onFailure?.(error, false);
    expect(lines).toEqual([
      expect.objectContaining({ message: 'attempt at Baidu failed', BaiduFailures: 1 }),
      expect.objectContaining({ message: 'secret not read', SecretFailures: 1 }),
    ]);
    const { parse } = parts.loadSecrets.mock.calls[0]?.[1] ?? {};
    expect(() => parse?.('{}')).toThrow('The secret’s appId must be a positive whole number, or its digits.');
  });

  test('signs with the key of the secret before, where Baidu does not take the present one', async () => {
    const handler = await start();
    const { BaiduError } = await import('../../../lib/baidu/errors.ts');
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
    parts.queryOrder.mockRejectedValueOnce(new BaiduError(10000, '', false));
    parts.readPrevious.mockResolvedValue(onlyApp({ ...APP, privateKey }));
    expect(await handler(ORDER, contextOf())).toEqual(STATUS);
    expect(parts.queryOrder.mock.calls.map(([secret]) => secret.privateKey)).toEqual([
      APP.privateKey,
      privateKey,
    ]);
    const [config, parse] = parts.readPreviousSecrets.mock.calls[0] ?? [];
    expect(config).toEqual({ secretId: 'secret', secretTtlMs: 300_000 });
    expect(() => parse?.('{}')).toThrow('The secret’s appId ');
  });

  test('ends nothing where a variable is wrong, and says so when asked', async () => {
    const handler = await start({ BAIDU_SECRET_ID: '' });
    expect(await handler(authorized(), contextOf())).toMatchObject({ statusCode: 503 });
    await expect(handler(ORDER, contextOf())).rejects.toMatchObject({ name: 'CONFIGURATION_UNAVAILABLE' });
  });
});

describe('query, asked by way of the gateway', () => {
  test('answers with what Baidu says, within 7.5 s', async () => {
    parts.loadSecret.mockImplementation(async () => {
      vi.advanceTimersByTime(100);
      return onlyApp(APP);
    });
    expect(await ask(authorized())).toEqual({ status: 200, body: STATUS });
    expect(parts.queryOrder).toHaveBeenCalledExactlyOnceWith(APP, ORDER, 7400);
    expect(lines).toEqual([
      expect.objectContaining({
        level: 'INFO',
        message: 'answered',
        requestId: 'request-1',
        orderId: ORDER.orderId,
        tokenNumber: 1,
      }),
    ]);
  });

  test('answers with a problem that names the request', async () => {
    const handler = await start();
    const { ServiceError } = await import('../../../lib/baidu/errors.ts');
    parts.queryOrder.mockRejectedValue(new ServiceError('BAIDU_TIMEOUT', 'Too late.'));
    const { statusCode, body } = (await handler(authorized(), contextOf())) as {
      statusCode: number;
      body: string;
    };
    expect(statusCode).toBe(504);
    expect(JSON.parse(body)).toMatchObject({ code: 'BAIDU_TIMEOUT', requestId: 'request-1' });
    expect(lines).toEqual([
      expect.objectContaining({
        level: 'ERROR',
        message: 'failed',
        code: 'BAIDU_TIMEOUT',
        orderId: ORDER.orderId,
      }),
    ]);
  });

  test('refuses who has no token before it does anything, and who has a wrong one before it reads on', async () => {
    expect(await ask(queryEvent())).toMatchObject({ status: 401, body: { code: 'UNAUTHORIZED' } });
    expect(parts.loadSecret).not.toHaveBeenCalled();
    const wrong = queryEvent({ orderId: 'x', headers: { authorization: `Bearer ${TOKEN}x` } });
    expect(await ask(wrong)).toMatchObject({ status: 401, body: { detail: 'The API token is not known.' } });
    expect(await ask({ ...queryEvent(), ...ORDER, selfTest: true })).toMatchObject({ status: 401 });
    expect(parts.queryOrder).not.toHaveBeenCalled();
  });

  test.each<[string, Record<string, unknown>, string]>([
    ['the query string', { rawQueryString: 'siteId=7', queryStringParameters: { siteId: '8' } }, '7'],
    [
      'its parameters, where there is no query string',
      { rawQueryString: '', queryStringParameters: { siteId: '8' } },
      '8',
    ],
  ])('takes siteId out of %s', async (_name, changes, siteId) => {
    expect((await ask({ ...authorized(), ...changes })).status).toBe(200);
    expect(parts.queryOrder).toHaveBeenCalledExactlyOnceWith(APP, { ...ORDER, siteId }, 7500);
  });

  test.each<[Record<string, unknown>, string]>([
    [{ rawQueryString: 'siteId=7&siteId=7' }, 'siteId must be given once.'],
    [{ rawQueryString: 'siteid=7' }, 'siteId is missing.'],
    [{ rawQueryString: '', queryStringParameters: {} }, 'siteId is missing.'],
    [{ rawQueryString: '', queryStringParameters: undefined }, 'siteId is missing.'],
    [{ rawQueryString: undefined, queryStringParameters: undefined }, 'siteId is missing.'],
    [{ pathParameters: {} }, 'orderId is missing.'],
    [{ pathParameters: undefined }, 'orderId is missing.'],
  ])('says what is wrong with %j', async (changes, detail) => {
    const answer = await ask({ ...authorized(), ...changes });
    expect(answer).toMatchObject({ status: 400, body: { code: 'INVALID_REQUEST', detail } });
    expect(parts.queryOrder).not.toHaveBeenCalled();
  });
});

describe('query, invoked directly', () => {
  test('returns what Baidu says, within 7.5 s', async () => {
    expect(await (await start())(ORDER, contextOf())).toBe(STATUS);
    expect(parts.queryOrder).toHaveBeenCalledExactlyOnceWith(APP, ORDER, 7500);
    expect(lines).toEqual([expect.objectContaining({ message: 'answered', orderId: ORDER.orderId })]);
  });

  test('tests itself', async () => {
    const result = await (await start())({ selfTest: true }, contextOf());
    expect(result).toMatchObject({ ok: true, keyBits: 1024, appId: '10026', appKey: 'MMM4oc' });
    expect(parts.queryOrder).not.toHaveBeenCalled();
  });

  test.each([
    null,
    undefined,
    'text',
    7,
    [],
    {},
    { orderId: '1' },
    { selfTest: 'true' },
    { selfTest: false },
  ])('fails with the code as name for %j, and reads no secret', async (event) => {
    const handler = await start();
    await expect(handler(event, contextOf())).rejects.toMatchObject({ name: 'INVALID_REQUEST' });
    expect(parts.loadSecret).not.toHaveBeenCalled();
  });

  test('is never cut off early: its own limits end it', async () => {
    vi.useRealTimers();
    parts.queryOrder.mockImplementation(() => delay(50, STATUS));
    expect(await (await start())(ORDER, contextOf({ remainingMs: 6 }))).toBe(STATUS);
  });
});
