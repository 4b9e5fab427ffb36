import { generateKeyPairSync } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { openLedger } from '../../../lib/aws/dynamodb.ts';
import type { createQueue, SendMessage } from '../../../lib/aws/queue.ts';
import type { beginReading } from '../../../lib/aws/secret-fetch.ts';
import type { loadSecrets, readPreviousSecrets } from '../../../lib/aws/secrets-manager.ts';
import type { createTopic, PublishMessage } from '../../../lib/aws/topic.ts';
import type { createBaiduClient, QueryOrder } from '../../../lib/baidu/client.ts';
import { readPrivateKey } from '../../../lib/baidu/keys.ts';
import type { LedgerWrite } from '../../../lib/ledger/decisions.ts';
import type { Item } from '../../../lib/ledger/record.ts';
import type { LedgerStore } from '../../../lib/ledger/store.ts';
import type { Apps } from '../../../lib/merchant/apps.ts';
import type { ConfirmApp } from '../../../lib/merchant/secret.ts';
import { snsEvent, sqsEvent } from '../../../local/stack/events.ts';
import { onlyApp } from '../../support/apps.ts';
import { captureLog, coldStart, contextOf } from '../../support/cold-start.ts';
import { PAID, signed } from '../../support/notification.ts';
import { SAMPLE } from '../../support/vectors.ts';

const parts = vi.hoisted(() => ({
  createBaiduClient: vi.fn<typeof createBaiduClient>(),
  openLedger: vi.fn<typeof openLedger>(),
  createQueue: vi.fn<typeof createQueue>(),
  createTopic: vi.fn<typeof createTopic>(),
  beginReading: vi.fn<typeof beginReading>(),
  fetchSecret: vi.fn<ReturnType<typeof beginReading>>(),
  loadSecrets: vi.fn<typeof loadSecrets>(),
  readPreviousSecrets: vi.fn<typeof readPreviousSecrets>(),
  readPrevious: vi.fn<() => Promise<Apps<ConfirmApp>>>(),
  loadSecret: vi.fn<() => Promise<Apps<ConfirmApp>>>(),
  queryOrder: vi.fn<QueryOrder>(),
  ledger: {
    read: vi.fn<LedgerStore['read']>(),
    write: vi.fn<LedgerStore['write']>(),
    find: vi.fn<LedgerStore['find']>(),
  },
  publish: vi.fn<PublishMessage>(),
  sendBack: vi.fn<SendMessage>(),
}));
vi.mock(import('../../../lib/baidu/client.ts'), () => ({ createBaiduClient: parts.createBaiduClient }));
vi.mock(import('../../../lib/aws/dynamodb.ts'), () => ({ openLedger: parts.openLedger }));
vi.mock(import('../../../lib/aws/queue.ts'), () => ({ createQueue: parts.createQueue }));
vi.mock(import('../../../lib/aws/topic.ts'), () => ({ createTopic: parts.createTopic }));
vi.mock(import('../../../lib/aws/secret-fetch.ts'), () => ({
  beginReading: parts.beginReading,
  whenReached: async () => {},
}));
vi.mock(import('../../../lib/aws/secrets-manager.ts'), () => ({
  loadSecrets: parts.loadSecrets as typeof loadSecrets,
  readPreviousSecrets: parts.readPreviousSecrets as typeof readPreviousSecrets,
}));

const platform = generateKeyPairSync('rsa', { modulusLength: 1024 });
const APP = {
  ...{ appId: '10026', appKey: 'MMM4oc', privateKey: readPrivateKey(SAMPLE.privateKey) },
  keys: () => ({ appId: '10026', platformKeys: [platform.publicKey], dealIds: undefined }),
};
const ORDER = { orderId: '1920891312', siteId: '3747777038' };

/** What Baidu says of an order: paid, unless the order's id ends in 9. */
const statusOf: QueryOrder = async (_secret, order) => {
  const paid = !order.orderId.endsWith('9');
  return {
    appId: APP.appId,
    ...order,
    payment: { status: paid ? 'PAID' : 'UNPAID', code: paid ? 1 : -1, description: '' },
    refund: { status: 'NONE', code: -1, description: '' },
    verification: { status: 'NOT_VERIFIED', code: -1, description: '' },
    source: { api: 'queryorderdetail', timestamp: null, cached: false, serverLogId: null },
  };
};

/** What the table holds. */
const items = new Map<string, Item>();
const write = (id: string, { set, keep = {}, remove = [] }: LedgerWrite): Item => {
  const kept = Object.entries({ ...keep, ...items.get(id) }).filter(([name]) => !remove.includes(name));
  const item = { ...Object.fromEntries(kept), ...set };
  items.set(id, item);
  return item;
};

let lines: Record<string, unknown>[];
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance', 'Date'] });
  lines = captureLog();
  parts.createBaiduClient.mockReturnValue(parts.queryOrder);
  items.clear();
  parts.openLedger.mockReturnValue(parts.ledger);
  parts.ledger.read.mockImplementation(async (id) => items.get(id));
  parts.ledger.write.mockImplementation(async (id, change) => write(id, change));
  parts.ledger.find.mockResolvedValue([]);
  parts.createQueue.mockReturnValue(parts.sendBack);
  parts.createTopic.mockReturnValue(parts.publish);
  parts.beginReading.mockReturnValue(parts.fetchSecret);
  parts.loadSecrets.mockReturnValue(parts.loadSecret as ReturnType<typeof loadSecrets>);
  parts.loadSecret.mockResolvedValue(onlyApp(APP));
  parts.readPreviousSecrets.mockReturnValue(parts.readPrevious as ReturnType<typeof readPreviousSecrets>);
  parts.queryOrder.mockImplementation(statusOf);
  parts.publish.mockResolvedValue(undefined);
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.resetAllMocks();
});

const ENV = {
  BAIDU_SECRET_ID: 'secret',
  PAYMENT_TOPIC_ARN: 'topic',
  LEDGER_TABLE: 'table',
  LOG_LEVEL: 'DEBUG',
};
const start = (env: Record<string, string> = {}) => coldStart('confirm', { ...ENV, ...env }, 'source');
const lookup = (orderId: string, status?: string) =>
  JSON.stringify({
    ...{ ...ORDER, orderId },
    notification: status && signed({ ...PAID, orderId, status }, platform.privateKey),
  });
const batch = (...bodies: string[]) =>
  sqsEvent(bodies.map((body, index) => ({ messageId: `message-${index}`, body })));

describe('confirm, as it starts', () => {
  test('makes its parts, and watches Baidu and the secret', async () => {
    await start({ BAIDU_MAX_ATTEMPTS: '2' });
    expect(parts.createTopic).toHaveBeenCalledExactlyOnceWith('topic');
    expect(parts.openLedger).toHaveBeenCalledExactlyOnceWith('table');
    expect(parts.createQueue).not.toHaveBeenCalled();
    expect(parts.createBaiduClient).toHaveBeenCalledExactlyOnceWith(
      expect.objectContaining({ attemptTimeoutMs: 1500, maxAttempts: 2, queryUrl: expect.any(URL) }),
    );
    expect(parts.loadSecrets).toHaveBeenCalledExactlyOnceWith(
      { secretId: 'secret', secretTtlMs: 300_000 },
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
    const { ServiceError } = await import('../../../lib/baidu/errors.ts');
    const error = new ServiceError('CONFIGURATION_UNAVAILABLE', 'The secret is binary.');
    const { parse, onFailure } = parts.loadSecrets.mock.calls[0]?.[1] ?? {};
    expect(() => parse?.('{}')).toThrow('The secret’s appId ');
    onFailure?.(error, false);
    parts.createBaiduClient.mock.calls[0]?.[0].onAttempt?.({ appId: '10026', orderId: '1', ms: 1, error });
    expect(lines).toEqual([
      expect.objectContaining({ message: 'secret not read', SecretFailures: 1 }),
      expect.objectContaining({ message: 'attempt at Baidu failed', BaiduFailures: 1 }),
    ]);
  });

  test('signs with the key of the secret before, where Baidu does not take the present one', async () => {
    const handler = await start();
    const { BaiduError } = await import('../../../lib/baidu/errors.ts');
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
    parts.queryOrder.mockRejectedValueOnce(new BaiduError(10000, '', false));
    parts.readPrevious.mockResolvedValue(onlyApp({ ...APP, privateKey }));
    expect(await handler(batch(lookup('1')), contextOf())).toEqual({ batchItemFailures: [] });
    expect(parts.queryOrder.mock.calls.map(([secret]) => secret.privateKey)).toEqual([
      APP.privateKey,
      privateKey,
    ]);
    const [config, parse] = parts.readPreviousSecrets.mock.calls[0] ?? [];
    expect(config).toEqual({ secretId: 'secret', secretTtlMs: 300_000 });
    expect(() => parse?.('{}')).toThrow('The secret’s appId ');
  });

  test('ends nothing where a variable is wrong, and fails every look-up', async () => {
    const handler = await start({ PAYMENT_TOPIC_ARN: '' });
    await expect(handler(batch(lookup('1')), contextOf())).rejects.toMatchObject({
      name: 'CONFIGURATION_UNAVAILABLE',
      message: 'The environment variable PAYMENT_TOPIC_ARN is not set.',
    });
  });
});

describe('confirm', () => {
  test('publishes what Baidu says, from a queue and from a topic, with 2 s kept for the answer', async () => {
    const records = [...batch(lookup('1', '2')).Records, ...snsEvent(lookup('2')).Records];
    const context = contextOf({ remainingMs: 10_000 });
    expect(await (await start())({ Records: records }, context)).toEqual({ batchItemFailures: [] });
    // Of the 8 s it keeps 1.5 s for sending back what Baidu has no time for.
    expect(parts.queryOrder.mock.calls.map(([, { orderId }, leftMs]) => [orderId, leftMs]).sort()).toEqual([
      ['1', 6500],
      ['2', 6500],
    ]);
    const messages = parts.publish.mock.calls.map(
      ([message]) => message as unknown as Record<string, unknown>,
    );
    expect(messages.map(({ orderId, notification }) => [orderId, notification]).sort()).toEqual([
      ['1', { ...PAID, orderId: '1' }],
      ['2', undefined],
    ]);
    expect(parts.publish.mock.calls.map(([, , budgetMs]) => budgetMs)).toEqual([8000, 8000]);
    expect(lines).toEqual([
      expect.objectContaining({
        ...{
          level: 'INFO',
          message: 'published',
          orderId: '1',
          tpOrderId: PAID['tpOrderId'],
          StatusesPublished: 1,
        },
      }),
      expect.objectContaining({ level: 'INFO', message: 'published', orderId: '2', StatusesPublished: 1 }),
      expect.objectContaining({ level: 'INFO', message: 'answered', records: 2, failures: 0 }),
    ]);
    expect(lines[1]).not.toHaveProperty('tpOrderId');
  });

  test('reads a message in the envelope of a topic', async () => {
    const body = JSON.stringify({ Type: 'Notification', Message: lookup('1') });
    expect(await (await start())(batch(body), contextOf())).toEqual({ batchItemFailures: [] });
    expect(parts.publish).toHaveBeenCalledTimes(1);
  });

  test('has 25 s where the runtime names no limit', async () => {
    await (await start())(batch(lookup('1')), { awsRequestId: 'request-1' });
    expect(parts.queryOrder).toHaveBeenCalledExactlyOnceWith(APP, { ...ORDER, orderId: '1' }, 21_500);
  });

  test('counts nothing published that was known', async () => {
    const handler = await start();
    for (let count = 0; count < 2; count++) await handler(batch(lookup('1')), contextOf());
    const counted = lines.flatMap(({ StatusesPublished }) => StatusesPublished ?? []);
    expect(counted).toEqual([1, 0]);
    expect(lines).toContainEqual(expect.objectContaining({ message: 'known', StatusesPublished: 0 }));
    expect(parts.publish).toHaveBeenCalledTimes(1);
  });

  test('says that nobody knows an order, which is no failure', async () => {
    const event = batch(JSON.stringify({ tpOrderId: 'own-1' }));
    expect(await (await start())(event, contextOf())).toEqual({ batchItemFailures: [] });
    expect(lines[0]).toMatchObject({
      ...{ level: 'INFO', message: 'unknown', tpOrderId: 'own-1', StatusesPublished: 0 },
    });
    expect(parts.queryOrder).not.toHaveBeenCalled();
  });

  test('gives back what failed, and nothing else', async () => {
    const unsigned = JSON.stringify({ ...ORDER, orderId: '3', notification: { ...PAID, orderId: '3' } });
    const bodies = [lookup('1'), 'nonsense', lookup('19', '2'), lookup('29'), lookup('2'), unsigned];
    expect(await (await start())(batch(...bodies), contextOf())).toEqual({
      batchItemFailures: [1, 2, 5].map((index) => ({ itemIdentifier: `message-${index}` })),
    });
    const messages = parts.publish.mock.calls.map(
      ([message]) => message as unknown as Record<string, unknown>,
    );
    expect(messages.map(({ orderId }) => orderId).sort()).toEqual(['1', '2', '29']);
    const failed = lines.filter(({ message }) => message === 'not confirmed');
    expect(failed).toEqual([
      expect.objectContaining({
        level: 'ERROR',
        code: 'INVALID_REQUEST',
        reason: 'The message is not a JSON object.',
      }),
      expect.objectContaining({
        ...{
          level: 'ERROR',
          code: 'PAYMENT_MISMATCH',
          RecordsFailed: 1,
          Reason: 'PAYMENT_MISMATCH',
          tries: 1,
        },
        ...{ orderId: '19', tpOrderId: PAID['tpOrderId'] },
      }),
      expect.objectContaining({
        ...{
          level: 'ERROR',
          code: 'INVALID_NOTIFICATION',
          reason: 'The field rsaSign is missing.',
          orderId: '3',
        },
      }),
    ]);
    expect(failed[0]).toMatchObject({ RecordsFailed: 1, Reason: 'INVALID_REQUEST' });
    expect(lines.at(-1)).toMatchObject({ message: 'answered', records: 6, failures: 3 });
  });

  test('fails as a whole where a look-up from a topic did, so that Lambda repeats it', async () => {
    const handler = await start();
    for (const records of [
      snsEvent('nonsense').Records,
      [...batch('nonsense').Records, ...snsEvent('nonsense').Records],
      [null],
      [1],
      [{}],
    ]) {
      await expect(handler({ Records: records }, contextOf())).rejects.toMatchObject({
        name: 'INTERNAL_ERROR',
        message: 'A look-up from the topic failed.',
      });
    }
  });

  test('answers for a queue’s look-up that failed beside a topic’s that did not', async () => {
    const records = [...batch('nonsense').Records, ...snsEvent(lookup('1')).Records];
    expect(await (await start())({ Records: records }, contextOf())).toEqual({
      batchItemFailures: [{ itemIdentifier: 'message-0' }],
    });
  });

  test.each([null, undefined, {}, { Records: 'x' }, { Records: null }, []])(
    'refuses the event %j',
    async (event) => {
      const handler = await start();
      await expect(handler(event, contextOf())).rejects.toMatchObject({
        name: 'INVALID_REQUEST',
        message: 'The event holds no Records.',
      });
      expect(parts.loadSecret).not.toHaveBeenCalled();
    },
  );

  test('sends back what Baidu has no time for, where it has a queue', async () => {
    const handler = await start({ PAYMENT_QUEUE_URL: 'queue' });
    expect(parts.createQueue).toHaveBeenCalledExactlyOnceWith('queue');
    const { BaiduError } = await import('../../../lib/baidu/errors.ts');
    parts.queryOrder.mockRejectedValue(new BaiduError(5010003, '', true));
    const event = batch(lookup('1'));
    expect(await handler(event, contextOf({ remainingMs: 4000 }))).toEqual({ batchItemFailures: [] });
    expect(parts.sendBack).toHaveBeenCalledTimes(1);
    expect(lines[0]).toMatchObject({ level: 'INFO', message: 'deferred', StatusesPublished: 0 });

    const withoutQueue = await start();
    const { BaiduError: Anew } = await import('../../../lib/baidu/errors.ts');
    parts.queryOrder.mockRejectedValue(new Anew(5010003, '', true));
    expect(await withoutQueue(event, contextOf({ remainingMs: 4000 }))).toEqual({
      batchItemFailures: [{ itemIdentifier: 'message-0' }],
    });
  });

  test('tests itself when it is invoked directly, and asks nobody', async () => {
    const result = await (await start())({ selfTest: true }, contextOf());
    expect(result).toMatchObject({ ok: true, keyBits: 1024, appId: '10026', appKey: 'MMM4oc' });
    expect(parts.queryOrder).not.toHaveBeenCalled();
  });

  test('is never cut off early: its own limits end it', async () => {
    vi.useRealTimers();
    parts.publish.mockImplementation(() => delay(50, undefined));
    const context = contextOf({ remainingMs: 6 });
    expect(await (await start())(batch(lookup('1')), context)).toEqual({ batchItemFailures: [] });
  });
});
