import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { Agent } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { createOrderMatcher, MatchOrder } from '../../../lib/aws/merchant-orders.ts';
import type { createQueue, SendMessage } from '../../../lib/aws/queue.ts';
import type { beginReading } from '../../../lib/aws/secret-fetch.ts';
import type { loadSecrets } from '../../../lib/aws/secrets-manager.ts';
import type { Apps } from '../../../lib/merchant/apps.ts';
import type { NotificationApp } from '../../../lib/merchant/secret.ts';
import { sign } from '../../../local/cashier/signature/signature.ts';
import { notifyEvent } from '../../../local/stack/events.ts';
import { onlyApp } from '../../support/apps.ts';
import { captureLog, coldStart, contextOf } from '../../support/cold-start.ts';
import { formOf, PAID, signedForm } from '../../support/notification.ts';

const parts = vi.hoisted(() => ({
  createQueue: vi.fn<typeof createQueue>(),
  createOrderMatcher: vi.fn<typeof createOrderMatcher>(),
  beginReading: vi.fn<typeof beginReading>(),
  fetchSecret: vi.fn<ReturnType<typeof beginReading>>(),
  loadSecrets: vi.fn<typeof loadSecrets>(),
  send: vi.fn<SendMessage>(),
  matchOrder: vi.fn<MatchOrder>(),
  loadSecret: vi.fn<() => Promise<Apps<NotificationApp>>>(),
}));
vi.mock(import('../../../lib/aws/queue.ts'), () => ({ createQueue: parts.createQueue }));
vi.mock(import('../../../lib/aws/merchant-orders.ts'), () => ({
  createOrderMatcher: parts.createOrderMatcher,
}));
vi.mock(import('../../../lib/aws/secret-fetch.ts'), () => ({
  beginReading: parts.beginReading,
  whenReached: async () => {},
}));
vi.mock(import('../../../lib/aws/secrets-manager.ts'), () => ({
  loadSecrets: parts.loadSecrets as typeof loadSecrets,
}));

const platform = generateKeyPairSync('rsa', { modulusLength: 1024 });
const APP = { appId: '10026', platformKeys: [platform.publicKey], dealIds: undefined, keyTails: [] };
const CONSUMED = { errno: 0, msg: 'success', data: { isConsumed: 2 } };
const NOTED = { errno: 0, msg: 'success', data: { isConsumed: 1 } };
const REFUND = { errno: 0, msg: 'success', data: { isConsumed: 2, isErrorOrder: 1 } };
const QUEUED = {
  ...{ appId: '10026', orderId: PAID['orderId'], siteId: PAID['userId'] },
  notification: { ...PAID, rsaSign: sign(PAID, platform.privateKey) },
};

let lines: Record<string, unknown>[];
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
  lines = captureLog();
  parts.createQueue.mockReturnValue(parts.send);
  parts.createOrderMatcher.mockReturnValue(parts.matchOrder);
  parts.beginReading.mockReturnValue(parts.fetchSecret);
  parts.loadSecrets.mockReturnValue(parts.loadSecret as ReturnType<typeof loadSecrets>);
  parts.loadSecret.mockResolvedValue(onlyApp(APP));
  parts.matchOrder.mockResolvedValue(true);
  parts.send.mockResolvedValue(undefined);
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.resetAllMocks();
});

const ENV = { BAIDU_SECRET_ID: 'secret', PAYMENT_QUEUE_URL: 'queue', LOG_LEVEL: 'DEBUG' };
const start = (env: Record<string, string> = {}) => coldStart('notify', { ...ENV, ...env }, 'source');
const own = (changes: Record<string, string> = {}) =>
  notifyEvent(signedForm({ ...PAID, ...changes }, platform.privateKey));

async function notify(event: unknown, env: Record<string, string> = {}) {
  const { statusCode, body } = (await (
    await start(env)
  )(event, contextOf())) as { statusCode: number; body: string };
  return { status: statusCode, body: JSON.parse(body) };
}

describe('notify, as it starts', () => {
  test('makes its parts, the secret’s reader with 700 ms to read and 400 to read again', async () => {
    await start();
    expect(parts.createQueue).toHaveBeenCalledExactlyOnceWith('queue', { agent: undefined });
    expect(parts.createOrderMatcher).not.toHaveBeenCalled();
    expect(parts.loadSecrets).toHaveBeenCalledExactlyOnceWith(
      { secretId: 'secret', secretTtlMs: 300_000 },
      {
        parse: expect.any(Function),
        timeoutMs: 700,
        refreshTimeoutMs: 400,
        onFailure: expect.any(Function),
        fetchSecret: parts.fetchSecret,
      },
    );
    expect(parts.beginReading).toHaveBeenCalledExactlyOnceWith('secret', {
      timeoutMs: 700,
      way: expect.objectContaining({ ahead: expect.anything() }),
    });
    const { parse, onFailure } = parts.loadSecrets.mock.calls[0]?.[1] ?? {};
    expect(() => parse?.('{}')).toThrow('The secret’s platformPublicKey is missing.');
    const { ServiceError } = await import('../../../lib/baidu/errors.ts');
    onFailure?.(new ServiceError('CONFIGURATION_UNAVAILABLE', 'The secret is binary.'), false);
    expect(lines).toEqual([expect.objectContaining({ message: 'secret not read', SecretFailures: 1 })]);
  });

  test('opens a connection to the queue', async () => {
    const queue = createServer();
    const reached = once(queue, 'connection');
    await once(queue.listen(0, '127.0.0.1'), 'listening');
    const { port } = queue.address() as AddressInfo;
    await start({ PAYMENT_QUEUE_URL: `http://127.0.0.1:${port}/queue` });
    const [socket] = await reached;
    expect(parts.createQueue.mock.calls).toEqual([
      [`http://127.0.0.1:${port}/queue`, { agent: expect.any(Agent) }],
    ]);
    socket.destroy();
    queue.close();
  });

  test('checks orders where a table is named', async () => {
    await start({ ORDERS_TABLE: 'orders' });
    expect(parts.createOrderMatcher).toHaveBeenCalledExactlyOnceWith('orders');
  });

  test('ends nothing where a variable is wrong, and says so when called', async () => {
    expect(await notify(own(), { PAYMENT_QUEUE_URL: '' })).toMatchObject({
      status: 503,
      body: { errno: 503 },
    });
  });
});

describe('notify', () => {
  test('stores what was paid, then says that it is consumed', async () => {
    expect(await notify(own())).toEqual({ status: 200, body: CONSUMED });
    expect(parts.loadSecret).toHaveBeenCalledExactlyOnceWith(700);
    expect(parts.send).toHaveBeenCalledExactlyOnceWith(QUEUED, { budgetMs: 1400 });
    expect(lines).toEqual([
      expect.objectContaining({
        ...{ level: 'INFO', message: 'answered', requestId: 'request-1', status: 'PAID' },
        ...{ orderId: PAID['orderId'], tpOrderId: PAID['tpOrderId'], NotificationsAccepted: 1 },
        reading: 'raw',
      }),
    ]);
    expect(lines[0]).not.toHaveProperty('NotificationsReadEncoded');
  });

  test('stores what was signed URL-encoded as it arrived, and counts that it was', async () => {
    const fields = { ...PAID, returnData: '少糖 加冰' };
    const rsaSign = sign(
      { ...fields, returnData: encodeURIComponent(fields.returnData) },
      platform.privateKey,
    );
    expect(await notify(notifyEvent(formOf({ ...fields, rsaSign })))).toEqual({
      status: 200,
      body: CONSUMED,
    });
    expect(parts.send).toHaveBeenCalledExactlyOnceWith(
      { ...QUEUED, notification: { ...fields, rsaSign } },
      { budgetMs: 1400 },
    );
    expect(lines).toEqual([
      expect.objectContaining({ reading: 'encoded', NotificationsAccepted: 1, NotificationsReadEncoded: 1 }),
    ]);
  });

  test.each(['1', '-1'])('stores the status %s, takes note of it, and checks no order', async (status) => {
    expect(await notify(own({ status }), { ORDERS_TABLE: 'orders' })).toEqual({ status: 200, body: NOTED });
    expect(parts.send).toHaveBeenCalledTimes(1);
    expect(parts.matchOrder).not.toHaveBeenCalled();
  });

  test('keeps time for the queue: 700 ms of 1.4 s beside the secret, 400 beside the order', async () => {
    const takes = (ms: number) => vi.advanceTimersByTime(ms);
    parts.loadSecret.mockImplementation(async () => {
      takes(100);
      return onlyApp(APP);
    });
    parts.matchOrder.mockImplementation(async () => {
      takes(200);
      return true;
    });
    expect(await notify(own(), { ORDERS_TABLE: 'orders' })).toEqual({ status: 200, body: CONSUMED });
    const expected = expect.objectContaining({ tpOrderId: PAID['tpOrderId'], totalMoney: 11300 });
    expect(parts.matchOrder).toHaveBeenCalledExactlyOnceWith(expected, 900);
    expect(parts.send).toHaveBeenCalledExactlyOnceWith(QUEUED, { budgetMs: 1100 });
  });

  test('sends back what is not an order of the merchant’s, stores nothing, and counts it', async () => {
    parts.matchOrder.mockResolvedValue(false);
    expect(await notify(own(), { ORDERS_TABLE: 'orders' })).toEqual({ status: 200, body: REFUND });
    expect(parts.send).not.toHaveBeenCalled();
    expect(lines).toEqual([
      expect.objectContaining({
        level: 'INFO',
        orderId: PAID['orderId'],
        status: 'PAID',
        OrderMismatches: 1,
      }),
    ]);
  });

  test('refuses what is no notification without a secret', async () => {
    const { status, body } = await notify(notifyEvent('a=1'));
    expect({ status, body }).toEqual({
      status: 400,
      body: { errno: 400, msg: 'INVALID_NOTIFICATION: The field rsaSign is missing.' },
    });
    expect(parts.loadSecret).not.toHaveBeenCalled();
    expect(lines).toEqual([
      expect.objectContaining({ level: 'WARN', NotificationsRefused: 1, Reason: 'INVALID_NOTIFICATION' }),
    ]);
  });

  test('refuses what the platform did not sign, and stores nothing', async () => {
    parts.loadSecret.mockResolvedValue(onlyApp({ ...APP, platformKeys: [] }));
    expect(await notify(own())).toMatchObject({ status: 403, body: { errno: 403 } });
    expect(parts.send).not.toHaveBeenCalled();
    expect(lines).toEqual([
      expect.objectContaining({ NotificationsRefused: 1, Reason: 'INVALID_SIGNATURE' }),
    ]);
    expect(lines[0]).not.toHaveProperty('GenuineRefused');
  });

  test('never says that it has what the queue did not take', async () => {
    const handler = await start();
    const { ServiceError } = await import('../../../lib/baidu/errors.ts');
    parts.send.mockRejectedValue(
      new ServiceError('QUEUE_UNAVAILABLE', 'The queue did not take the message.'),
    );
    expect(await handler(own(), contextOf())).toMatchObject({ statusCode: 503 });
    expect(lines).toEqual([
      expect.objectContaining({
        ...{ level: 'ERROR', orderId: PAID['orderId'], Reason: 'QUEUE_UNAVAILABLE' },
        ...{ NotificationsRefused: 1, GenuineRefused: 1 },
      }),
    ]);
    expect(lines[0]).not.toHaveProperty('NotificationsAccepted');
  });

  test('tests itself when it is invoked directly, and stores nothing', async () => {
    const result = await (await start())({ selfTest: true }, contextOf());
    const publicKey = platform.publicKey.export({ format: 'der', type: 'spki' }).toString('base64');
    expect(result).toEqual({
      ...{ ok: true, appId: '10026', platformKeys: [{ keyBits: 1024, publicKey }] },
      rsaSha1: 'node',
    });
    expect(parts.send).not.toHaveBeenCalled();
  });

  test('tests nothing for who comes by the gateway', async () => {
    expect(await notify({ ...notifyEvent('a=1'), selfTest: true })).toMatchObject({ status: 400 });
    expect(parts.loadSecret).not.toHaveBeenCalled();
  });

  test('is never cut off early: its own limits end it', async () => {
    vi.useRealTimers();
    const handler = await start();
    parts.send.mockImplementation(() => delay(50, undefined));
    expect(await handler(own(), contextOf({ remainingMs: 6 }))).toMatchObject({ statusCode: 200 });
  });
});
