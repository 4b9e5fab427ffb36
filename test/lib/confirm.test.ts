import { generateKeyPairSync } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { QueryOrder } from '../../lib/baidu/client.ts';
import { OVER_QPS_ERRNO } from '../../lib/baidu/errnos.ts';
import { BaiduError, ServiceError } from '../../lib/baidu/errors.ts';
import { readPrivateKey } from '../../lib/baidu/keys.ts';
import type { OrderStatus } from '../../lib/baidu/order-status.ts';
import { type ConfirmParts, confirmAll, type OrderEvent } from '../../lib/confirm.ts';
import { claim, learn } from '../../lib/ledger/decisions.ts';
import { readRecord } from '../../lib/ledger/record.ts';
import { createLedgerStore, type LedgerStore } from '../../lib/ledger/store.ts';
import { parseLookup, tryLookup } from '../../lib/lookup-message.ts';
import { type LocalAws, startAws } from '../../local/stack/aws.ts';
import { PAID, signed } from '../support/notification.ts';
import { SAMPLE } from '../support/vectors.ts';

const platform = generateKeyPairSync('rsa', { modulusLength: 1024 });
const NOW = Date.parse('2026-01-01T00:00:00.000Z');
const DAY = 86_400_000;
const APP = {
  ...{ appId: '10026', appKey: 'MMM4oc', privateKey: readPrivateKey(SAMPLE.privateKey) },
  keys: () => ({ platformKeys: [platform.publicKey], dealIds: new Set(['470193086']) }),
};
const siteId = '3747777038';
const OVER_QPS = new BaiduError(OVER_QPS_ERRNO, '', true);

let aws: LocalAws;
let ledger: LedgerStore;
beforeAll(async () => {
  aws = await startAws();
  ledger = createLedgerStore(aws.dynamodb, aws.ledgerTable);
});
afterAll(() => aws.close());

/** The clock of a test and what was waited by it. The ledger's own limits run by the real one. */
const clock = { leftMs: 0, now: 0, pauses: [] as number[] };
const pause = async (ms: number) => {
  clock.pauses.push(ms);
  clock.leftMs -= ms;
  clock.now += ms;
};
const leftMs = () => clock.leftMs;

let orders = 1_000_000;
let orderId: string;
beforeEach(() => {
  Object.assign(clock, { leftMs: 25_000, now: NOW, pauses: [] });
  orderId = String(++orders);
  vi.spyOn(Math, 'random').mockReturnValue(0.25);
});
afterEach(() => void vi.restoreAllMocks());

function statusOf(payment: OrderStatus['payment']['status'], more: Partial<OrderStatus> = {}): OrderStatus {
  const code = { PAID: 1, UNPAID: -1, UNKNOWN: 7, CANCELLED: -1 }[payment];
  return {
    ...{ appId: '10026', orderId, siteId },
    payment: { status: payment, code, description: '' },
    refund: { status: 'NONE', code: -1, description: '' },
    verification: { status: 'VERIFIED', code: 1, description: '' },
    source: { api: 'queryorderdetail', timestamp: null, cached: false, serverLogId: null },
    ...more,
  };
}

/** An answer with Baidu's own time in it. */
const statusAt = (timestamp: number, payment: OrderStatus['payment']['status']) =>
  statusOf(payment, { source: { api: 'queryorderdetail', timestamp, cached: true, serverLogId: null } });

/** What looking up takes: the real ledger, and all else scripted. */
function setUp({
  queryOrder,
  publish,
  publishAudit,
  loadSecret,
  ...more
}: Omit<Partial<ConfirmParts>, 'ledger'> = {}) {
  const told: OrderEvent[] = [];
  return {
    told,
    loadSecret: vi.fn(loadSecret ?? (async () => ({ find: () => APP }))),
    queryOrder: vi.fn(queryOrder ?? (async (_app, order) => statusOf('PAID', order))),
    ledger: { read: vi.fn(ledger.read), write: vi.fn(ledger.write), find: vi.fn(ledger.find) },
    publishAudit: vi.fn(publishAudit ?? (async () => undefined)),
    publish: vi.fn(publish ?? (async (event) => void told.push(event))),
    rememberMs: 400 * DAY,
    now: () => clock.now,
    pause,
    ...more,
  };
}

/** How often the ledger was read and written to. */
const calls = ({ ledger: { read, write } }: ReturnType<typeof setUp>) => [
  read.mock.calls.length,
  write.mock.calls.length,
];

const message = (body: Record<string, unknown>) => parseLookup(JSON.stringify(body));
const lookup = (more: Record<string, unknown> = {}) => message({ orderId, siteId, ...more });
const notified = (fields: Record<string, string> = {}) =>
  lookup({ appId: '10026', notification: signed({ ...PAID, orderId, ...fields }, platform.privateKey) });
const itemId = () => `10026#${orderId}`;
const recordNow = async () => readRecord({ appId: '10026', orderId }, await ledger.read(itemId()));

/** The results of a batch. */
async function confirm(messages: Parameters<typeof confirmAll>[0], parts: ConfirmParts) {
  return (await confirmAll(messages, parts, leftMs)).map(({ result }) => result);
}

describe('confirmAll()', () => {
  test('asks Baidu within the time there is, and tells all that it says', async () => {
    const parts = setUp();
    expect(await confirmAll([notified()], parts, leftMs)).toEqual([
      { appId: '10026', orderId, tpOrderId: PAID['tpOrderId'], result: 'published' },
    ]);
    expect(parts.queryOrder).toHaveBeenCalledExactlyOnceWith(
      APP,
      { orderId, siteId, tpOrderId: PAID['tpOrderId'] },
      23_500,
    );
    const { payment, refund, verification } = statusOf('PAID');
    expect(parts.publish).toHaveBeenCalledExactlyOnceWith(
      {
        ...{ appId: '10026', orderId, siteId, tpOrderId: PAID['tpOrderId'], sequence: NOW / 1000 + 1 },
        changed: ['payment', 'refund', 'verification', 'tpOrderId', 'notification'],
        ...{ payment, refund, verification, notification: { ...PAID, orderId }, refunds: [] },
        ...{ observedAt: '2026-01-01T00:00:00.000Z', timestamp: null },
      },
      25_000,
    );
  });

  test('writes down what was told, and for how long, and holds no claim any more', async () => {
    const parts = setUp({ nameDecision: () => 'me' });
    await confirm([lookup()], parts);
    const { told: json, ...item } = (await ledger.read(itemId())) ?? {};
    expect(item).toEqual({
      ...{ id: itemId(), appId: '10026', orderId, siteId, writer: 'me', version: NOW / 1000 + 1 },
      expiration: NOW / 1000 + 400 * 86_400,
    });
    const { payment, refund, verification } = statusOf('PAID');
    expect(JSON.parse(String(json))).toEqual({
      ...{ payment, refund, verification, refunds: {} },
      ...{ observedAt: '2026-01-01T00:00:00.000Z', timestamp: null },
    });
  });

  test('holds a claim that outlives the time there is while it tells', async () => {
    const publish = vi.fn(async () => {
      expect((await recordNow()).claimUntil).toBe(NOW + 27_500);
    });
    expect(await confirm([lookup()], setUp({ publish }))).toEqual(['published']);
    expect(publish).toHaveBeenCalledTimes(1);
  });

  test('says when the answer arrived, not when it was told', async () => {
    const queryOrder: QueryOrder = async () => {
      clock.now += 5000;
      return statusOf('PAID');
    };
    const parts = setUp({ queryOrder });
    await confirm([lookup()], parts);
    expect(parts.told[0]?.observedAt).toBe('2026-01-01T00:00:05.000Z');
  });

  test('tells nothing that was told, and takes one read and one write for that', async () => {
    await confirm([lookup()], setUp());
    const before = await recordNow();
    const parts = setUp();
    expect(await confirm([lookup()], parts)).toEqual(['known']);
    expect(parts.publish).not.toHaveBeenCalled();
    expect(calls(parts)).toEqual([1, 1]);
    expect((await recordNow()).version).toBe((before.version ?? 0) + 1);
  });

  test('takes one read and two writes for a change, and of a notification the first write is the read', async () => {
    const parts = setUp();
    await confirm([lookup()], parts);
    expect(calls(parts)).toEqual([1, 2]);
    const notifiedParts = setUp();
    await confirm([notified()], notifiedParts);
    expect(calls(notifiedParts)).toEqual([0, 3]);
  });

  test('tells a state again to which an order returns, each time under a higher number', async () => {
    const parts = setUp();
    for (const payment of ['PAID', 'UNPAID', 'PAID', 'PAID'] as const) {
      parts.queryOrder.mockResolvedValueOnce(statusOf(payment));
      await confirm([lookup()], parts);
    }
    expect(parts.told.map(({ payment, changed }) => [payment.status, changed])).toEqual([
      ['PAID', ['payment', 'refund', 'verification']],
      ['UNPAID', ['payment']],
      ['PAID', ['payment']],
    ]);
    const numbers = parts.told.map(({ sequence }) => sequence);
    expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
  });

  test('tells of a notification that comes after a look-up without it', async () => {
    const parts = setUp();
    await confirm([lookup()], parts);
    expect(await confirm([notified()], parts)).toEqual(['published']);
    expect(parts.told[1]).toMatchObject({
      changed: ['tpOrderId', 'notification'],
      tpOrderId: PAID['tpOrderId'],
    });
    expect(await confirm([notified(), lookup()], parts)).toEqual(['known', 'known']);
  });

  test('tells of the notification with status 2 after one with another, and of no other afterwards', async () => {
    const parts = setUp({ queryOrder: async () => statusOf('UNPAID') });
    expect(await confirm([notified({ status: '1' })], parts)).toEqual(['published']);
    expect(await confirm([notified({ status: '-1' })], parts)).toEqual(['known']);
    const paid = setUp();
    expect(await confirm([notified()], paid)).toEqual(['published']);
    expect(paid.told[0]).toMatchObject({
      changed: ['payment', 'notification'],
      notification: { status: '2' },
    });
    expect(await confirm([notified({ status: '1' })], paid)).toEqual(['known']);
  });

  test('does not tell “paid” with the notification of an unpaid order', async () => {
    const parts = setUp();
    expect(await confirm([notified({ status: '1', payMoney: '0' })], parts)).toEqual(['published']);
    expect(parts.told[0]?.notification).toBeUndefined();
    expect(parts.told[0]?.changed).not.toContain('notification');
  });

  test('does not tell an answer that is older by Baidu’s own clock', async () => {
    const parts = setUp();
    parts.queryOrder
      .mockResolvedValueOnce(statusAt(100, 'PAID'))
      .mockResolvedValueOnce(statusAt(99, 'UNPAID'));
    expect(await confirm([lookup()], parts)).toEqual(['published']);
    expect(await confirm([lookup()], parts)).toEqual(['known']);
    parts.queryOrder.mockResolvedValueOnce(statusAt(101, 'UNPAID'));
    expect(await confirm([lookup()], parts)).toEqual(['published']);
  });

  test.each(['UNPAID', 'UNKNOWN', 'CANCELLED'] as const)(
    'tells nothing that was notified as paid and is %s, but knows the merchant’s id from then on',
    async (payment) => {
      const parts = setUp({ queryOrder: async () => statusOf(payment) });
      expect(await confirm([notified()], parts)).toEqual([
        expect.objectContaining({
          code: 'PAYMENT_MISMATCH',
          message: 'The notification says paid, and Baidu’s answer does not.',
        }),
      ]);
      expect(parts.publish).not.toHaveBeenCalled();
      expect(await recordNow()).toMatchObject({
        ...{ tpOrderId: PAID['tpOrderId'], siteId, notification: { ...PAID, orderId }, version: undefined },
      });
    },
  );

  test.each(['REFUNDED', 'PROCESSING', 'FAILED'] as const)(
    'tells of an order that was notified as paid, is cancelled and has a refund: %s',
    async (status) => {
      const refund = { status, code: 2, description: '' };
      const parts = setUp({ queryOrder: async () => statusOf('CANCELLED', { refund }) });
      expect(await confirm([notified()], parts)).toEqual(['published']);
    },
  );

  test.each([{}, { status: '1' }, { status: '-1' }])(
    'tells UNPAID where nobody said paid: %j',
    async (fields) => {
      const parts = setUp({ queryOrder: async () => statusOf('UNPAID') });
      const asked = 'status' in fields ? notified(fields) : lookup();
      expect(await confirm([asked], parts)).toEqual(['published']);
    },
  );

  test.each([
    new BaiduError(10000, '', false),
    new BaiduError(10003, '', true),
    new ServiceError('BAIDU_TIMEOUT', 'Too late.', { passing: true }),
  ])('fails at once where the query does, and decides nothing: %s', async (failure) => {
    const queryOrder = vi.fn<QueryOrder>(async () => Promise.reject(failure));
    const sendBack = vi.fn(async () => undefined);
    expect(await confirm([lookup()], setUp({ queryOrder, sendBack }))).toEqual([failure]);
    expect(queryOrder).toHaveBeenCalledTimes(1);
    expect(sendBack).not.toHaveBeenCalled();
    expect(clock.pauses).toEqual([]);
    expect(await ledger.read(itemId())).toBeUndefined();
  });

  test('fails with what it cannot name where something unknown is thrown', async () => {
    const failure = Object.assign(new Error('other'), { errno: OVER_QPS_ERRNO });
    const parts = setUp({ queryOrder: async () => Promise.reject(failure) });
    expect(await confirm([lookup()], parts)).toEqual([
      expect.objectContaining({ code: 'INTERNAL_ERROR', cause: failure }),
    ]);
  });

  test('fails for each message where the secret is away, and says of which it was', async () => {
    const failure = new ServiceError('CONFIGURATION_UNAVAILABLE', 'No.');
    const parts = setUp({ loadSecret: async () => Promise.reject(failure) });
    expect(await confirmAll([notified(), message({ tpOrderId: 'own-9' })], parts, leftMs)).toEqual([
      { appId: '10026', orderId, tpOrderId: undefined, result: failure },
      { orderId: undefined, tpOrderId: 'own-9', result: failure },
    ]);
  });
});

describe('confirmAll(): a batch', () => {
  test('asks once for an order, whoever asks, and each gets what it came to', async () => {
    const parts = setUp();
    const all = [lookup(), notified(), lookup({ more: 1 }), notified(), lookup({ siteId: '1' })];
    expect(await confirm(all, parts)).toEqual(Array(5).fill('published'));
    expect(parts.queryOrder).toHaveBeenCalledExactlyOnceWith(
      APP,
      expect.objectContaining({ orderId, siteId }),
      expect.any(Number),
    );
    expect(parts.publish).toHaveBeenCalledTimes(1);
    // The same notification is written once, however often it is there.
    expect(parts.ledger.write).toHaveBeenCalledTimes(3);
  });

  test('asks for each order, and keeps the results in the order of the messages', async () => {
    const parts = setUp({
      queryOrder: async (_app, order) => {
        if (order.orderId === '2') throw OVER_QPS_FINAL;
        return statusOf('PAID', order);
      },
    });
    const first = lookup();
    const all = [tryLookup('nonsense'), message({ orderId: '2', siteId }), first, tryLookup('[]')];
    expect(await confirmAll(all, parts, leftMs)).toEqual([
      { result: expect.objectContaining({ code: 'INVALID_REQUEST' }) },
      { appId: '10026', orderId: '2', result: OVER_QPS_FINAL },
      { appId: '10026', orderId, result: 'published' },
      { result: expect.objectContaining({ code: 'INVALID_REQUEST' }) },
    ]);
  });
  const OVER_QPS_FINAL = new BaiduError(10002, '', false);

  test('tells of an unpaid order for whom asks, and fails whoever says that it was paid', async () => {
    const parts = setUp({ queryOrder: async () => statusOf('UNPAID') });
    expect(await confirm([lookup(), notified(), notified({ status: '1' })], parts)).toEqual([
      'published',
      expect.objectContaining({ code: 'PAYMENT_MISMATCH' }),
      'published',
    ]);
    expect(parts.queryOrder).toHaveBeenCalledTimes(1);
  });
});

describe('confirmAll() believes nobody', () => {
  const altered = { notification: { ...PAID, tpOrderId: 'forged', rsaSign: '' } };

  test.each<[string, () => Record<string, unknown>, string]>([
    ['unsigned', () => ({ notification: { ...PAID, orderId } }), 'INVALID_NOTIFICATION'],
    ['with an empty signature', () => altered, 'INVALID_NOTIFICATION'],
    [
      'altered',
      () => ({ notification: { ...signed({ ...PAID, orderId }, platform.privateKey), tpOrderId: 'forged' } }),
      'INVALID_SIGNATURE',
    ],
    [
      'of another’s key',
      () => {
        const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
        return { notification: signed({ ...PAID, orderId }, privateKey) };
      },
      'INVALID_SIGNATURE',
    ],
    [
      'of another’s deal',
      () => ({ notification: signed({ ...PAID, orderId, dealId: '5' }, platform.privateKey) }),
      'UNKNOWN_DEAL',
    ],
    [
      'of another order',
      () => ({ notification: signed({ ...PAID, orderId: '5' }, platform.privateKey) }),
      'INVALID_REQUEST',
    ],
    [
      'of another user',
      () => ({ notification: signed({ ...PAID, orderId, userId: '5' }, platform.privateKey) }),
      'INVALID_REQUEST',
    ],
  ])('a notification %s fails alone: nothing of it is written or told', async (_name, more, code) => {
    const parts = setUp();
    expect(await confirm([lookup(more()), lookup()], parts)).toEqual([
      expect.objectContaining({ code }),
      'published',
    ]);
    expect(parts.told).toEqual([expect.objectContaining({ tpOrderId: undefined, notification: undefined })]);
    expect(await recordNow()).toMatchObject({ tpOrderId: undefined, notification: undefined });
  });

  test('a notification of another order or user says so', async () => {
    const other = lookup({ notification: signed({ ...PAID, orderId: '5' }, platform.privateKey) });
    expect(await confirm([other], setUp())).toEqual([
      expect.objectContaining({ message: 'The notification is of another order or user.' }),
    ]);
  });

  test('the ledger’s user, which Baidu has signed, wins over the one who is asked for', async () => {
    await confirm([notified()], setUp());
    const parts = setUp();
    await confirm([lookup({ siteId: '1' })], parts);
    expect(parts.queryOrder).toHaveBeenCalledExactlyOnceWith(
      APP,
      expect.objectContaining({ orderId, siteId }),
      expect.any(Number),
    );
  });
});

describe('confirmAll(), by the merchant’s own id', () => {
  let own: string;
  beforeEach(() => {
    own = `own-${orderId}`;
  });

  test('asks for the order that the ledger knows by it', async () => {
    await confirm([notified({ tpOrderId: own })], setUp());
    const parts = setUp({ queryOrder: async () => statusOf('UNPAID') });
    expect(await confirmAll([message({ tpOrderId: own })], parts, leftMs)).toEqual([
      { appId: '10026', orderId, tpOrderId: own, result: 'published' },
    ]);
    expect(parts.told[0]).toMatchObject({ orderId, siteId, tpOrderId: own, changed: ['payment'] });
  });

  test('is done with what nobody knows', async () => {
    const parts = setUp();
    expect(await confirmAll([message({ tpOrderId: own })], parts, leftMs)).toEqual([
      { orderId: undefined, tpOrderId: own, result: 'unknown' },
    ]);
    expect(parts.queryOrder).not.toHaveBeenCalled();
    expect(parts.publish).not.toHaveBeenCalled();
  });

  test('asks for each order that has it, once with the others of the batch', async () => {
    const second = String(++orders);
    await confirm([notified({ tpOrderId: own })], setUp());
    const other = message({
      ...{ orderId: second, siteId },
      notification: signed({ ...PAID, orderId: second, tpOrderId: own }, platform.privateKey),
    });
    await confirm([other], setUp());
    const parts = setUp();
    parts.queryOrder.mockImplementation(async (_app, order) =>
      statusOf(order.orderId === second ? 'UNPAID' : 'PAID', order),
    );
    expect(await confirm([message({ tpOrderId: own }), lookup()], parts)).toEqual(['published', 'known']);
    expect(parts.queryOrder.mock.calls.map(([, asked]) => asked.orderId).sort()).toEqual([orderId, second]);
    expect(parts.told.map((event) => event.orderId)).toEqual([second]);
  });

  test('fails where one of its orders does', async () => {
    await confirm([notified({ tpOrderId: own })], setUp());
    const failure = new BaiduError(10002, '', false);
    const parts = setUp({ queryOrder: async () => Promise.reject(failure) });
    expect(await confirm([message({ tpOrderId: own })], parts)).toEqual([failure]);
  });

  test('fails where nobody has said of which user the order is', async () => {
    const facts = { tpOrderId: own };
    await ledger.write(itemId(), learn({ appId: '10026', orderId }, facts, NOW, NOW));
    expect(await confirm([message({ tpOrderId: own })], setUp())).toEqual([
      expect.objectContaining({
        code: 'ORDER_UNKNOWN',
        message: 'Nobody has told yet of which user the order is.',
      }),
    ]);
  });

  test('asks the app that the message names', async () => {
    const find = vi.fn(() => APP);
    const parts = setUp({ loadSecret: async () => ({ find }) });
    await confirm([message({ tpOrderId: own, appId: '10026' }), lookup()], parts);
    expect(find.mock.calls).toEqual([['10026'], [undefined]]);
  });
});

describe('confirmAll(), where somebody else is at the same order', () => {
  /** Claims the order for another worker. */
  async function claimForOther(until: number): Promise<void> {
    const decision = { writer: 'other', now: clock.now, expiration: NOW };
    expect(
      await ledger.write(itemId(), claim(await recordNow(), { siteId, telling: {}, until }, decision)),
    ).toBeDefined();
  }

  test('waits while a claim is alive, and then tells again, under a higher number', async () => {
    await confirm([lookup()], setUp());
    await claimForOther(NOW + 900);
    const claimed = (await recordNow()).version ?? 0;
    const parts = setUp();
    expect(await confirm([lookup()], parts)).toEqual(['published']);
    expect(clock.pauses).toEqual([200, 200, 200, 200, 200]);
    // Whether the other told it nobody knows: everything is told, although nothing differs.
    expect(parts.told).toMatchObject([
      { sequence: claimed + 1, changed: ['payment', 'refund', 'verification'] },
    ]);
    expect(await confirm([lookup()], setUp())).toEqual(['known']);
  });

  test('fails where the claim outlives the time there is', async () => {
    await claimForOther(NOW + 60_000);
    clock.leftMs = 1000;
    const parts = setUp();
    expect(await confirm([lookup()], parts)).toEqual([
      expect.objectContaining({
        code: 'LEDGER_UNAVAILABLE',
        message: 'Another invocation is telling of this order, or has died of it.',
      }),
    ]);
    expect(clock.pauses).toEqual([200, 200, 200, 200]);
    expect(parts.queryOrder).not.toHaveBeenCalled();
  });

  test('throws an answer away, and asks anew, where another decided after it had looked', async () => {
    const parts = setUp();
    parts.queryOrder.mockImplementationOnce(async () => {
      // While this answer, soon an old one, is on its way, another asks, gets a newer one and tells it.
      expect(await confirm([lookup()], setUp({ queryOrder: async () => statusOf('PAID') }))).toEqual([
        'published',
      ]);
      return statusOf('UNPAID');
    });
    expect(await confirm([lookup()], parts)).toEqual(['known']);
    expect(parts.queryOrder).toHaveBeenCalledTimes(2);
    expect(parts.publish).not.toHaveBeenCalled();
  });

  test('throws away what is unchanged, too, where another found it changed', async () => {
    await confirm([lookup()], setUp());
    const parts = setUp();
    parts.queryOrder.mockImplementationOnce(async () => {
      await confirm([lookup()], setUp({ queryOrder: async () => statusOf('UNPAID') }));
      return statusOf('PAID');
    });
    parts.queryOrder.mockResolvedValueOnce(statusOf('UNPAID'));
    expect(await confirm([lookup()], parts)).toEqual(['known']);
    expect((await recordNow()).told?.payment.status).toBe('UNPAID');
  });

  test('leaves the end of the claim to whoever took it when it ran out', async () => {
    const publish = async () => {
      clock.now += 60_000;
      await claimForOther(clock.now + 1000);
    };
    expect(await confirm([lookup()], setUp({ publish }))).toEqual(['published']);
    expect(await recordNow()).toMatchObject({
      ...{ writer: 'other', told: undefined, claimUntil: NOW + 61_000 },
    });
  });
});

describe('confirmAll(), where a call fails', () => {
  const failure = new ServiceError('TOPIC_UNAVAILABLE', 'The topic did not take the message.');

  test('fails where the topic does, and whoever comes next tells again, under a higher number', async () => {
    const numbers: number[] = [];
    const publish: ConfirmParts['publish'] = async ({ sequence }) => {
      numbers.push(sequence);
      throw failure;
    };
    expect(await confirm([lookup()], setUp({ publish }))).toEqual([failure]);
    expect(await recordNow()).toMatchObject({ claimUntil: 0, told: undefined });
    const parts = setUp();
    expect(await confirm([lookup()], parts)).toEqual(['published']);
    expect(parts.told[0]?.sequence).toBeGreaterThan(numbers[0] ?? Number.POSITIVE_INFINITY);
    expect(clock.pauses).toEqual([]);
  });

  test('tells again what may have gone out, although it is what was told before', async () => {
    const first = setUp();
    await confirm([lookup()], first);
    await confirm(
      [lookup()],
      setUp({ queryOrder: async () => statusOf('UNPAID'), publish: async () => Promise.reject(failure) }),
    );
    const parts = setUp();
    expect(await confirm([lookup()], parts)).toEqual(['published']);
    expect(parts.told[0]?.payment.status).toBe('PAID');
  });

  test('is the topic’s failure, also where the claim cannot be given up', async () => {
    const away = new ServiceError('LEDGER_UNAVAILABLE', 'The ledger did not answer.');
    const parts = setUp({ publish: async () => Promise.reject(failure) });
    parts.ledger.write.mockImplementationOnce(ledger.write).mockRejectedValueOnce(away);
    expect(await confirm([lookup()], parts)).toEqual([failure]);
  });

  test.each(['read', 'claim', 'settle'])('fails where the ledger does, at “%s”', async (call) => {
    const away = new ServiceError('LEDGER_UNAVAILABLE', 'The ledger did not answer.');
    const parts = setUp();
    if (call === 'read') parts.ledger.read.mockRejectedValueOnce(away);
    if (call === 'settle') parts.ledger.write.mockImplementationOnce(ledger.write);
    if (call !== 'read') parts.ledger.write.mockRejectedValueOnce(away);
    expect(await confirm([lookup()], parts)).toEqual([away]);
    expect(parts.publish).toHaveBeenCalledTimes(call === 'settle' ? 1 : 0);
  });

  test('takes a write that is found to have taken place already for done', async () => {
    const parts = setUp();
    const twice: LedgerStore['write'] = async (...args) => {
      await ledger.write(...args);
      return ledger.write(...args);
    };
    parts.ledger.write.mockImplementation(twice);
    expect(await confirm([lookup()], parts)).toEqual(['published']);
    expect(await confirm([lookup()], parts)).toEqual(['known']);
    expect(parts.queryOrder).toHaveBeenCalledTimes(2);
    expect(parts.publish).toHaveBeenCalledTimes(1);
  });

  test('writes down what went out with a second’s time, when all else is spent', async () => {
    const parts = setUp({
      publish: async () => {
        clock.leftMs = 0;
      },
    });
    expect(await confirm([lookup()], parts)).toEqual(['published']);
    expect(parts.ledger.write.mock.calls.map(([, , budgetMs]) => budgetMs)).toEqual([25_000, 1000]);
  });
});

describe('confirmAll(), over Baidu’s QPS limit', () => {
  const overQps = () => vi.fn<QueryOrder>(async () => Promise.reject(OVER_QPS));

  test('waits longer and longer, up to a limit, and varies', async () => {
    const queryOrder = overQps();
    const parts = setUp({ queryOrder });
    for (let count = 0; count < 10; count++) queryOrder.mockRejectedValueOnce(OVER_QPS);
    queryOrder.mockResolvedValueOnce(statusOf('PAID'));
    vi.mocked(Math.random).mockReturnValueOnce(0.75);
    expect(await confirm([lookup()], parts)).toEqual(['published']);
    expect(clock.pauses.map(Math.round)).toEqual([625, 488, 634, 824, 1071, 1392, 1810, 2353, 3000, 3000]);
    const budgets = queryOrder.mock.calls.map(([, , budgetMs]) => budgetMs ?? 0);
    for (const [index, pause] of clock.pauses.entries()) {
      expect((budgets[index] ?? 0) - (budgets[index + 1] ?? 0)).toBeCloseTo(pause);
    }
    expect(budgets[0]).toBe(23_500);
    expect(parts.loadSecret).toHaveBeenCalledTimes(1);
  });

  test.each([
    [0, 30],
    [0.25, 52],
    [0.9999, 119],
  ])(
    'sends the look-up back when there is no time to wait, held back for 30 to 120 s: %d',
    async (random, delaySeconds) => {
      vi.mocked(Math.random).mockReturnValue(random);
      clock.leftMs = 2000;
      const sendBack = vi.fn(async () => undefined);
      const parts = setUp({ queryOrder: overQps(), sendBack });
      const asked = notified();
      expect(await confirm([asked], parts)).toEqual(['deferred']);
      expect(sendBack).toHaveBeenCalledExactlyOnceWith(asked.body, { budgetMs: 1500, delaySeconds });
      expect(parts.publish).not.toHaveBeenCalled();
      expect((await recordNow()).version).toBeUndefined();
      expect(clock.pauses).toEqual([]);
    },
  );

  test('sends each message of a batch back, and none in the place of another', async () => {
    clock.leftMs = 2000;
    const sendBack = vi.fn(async (_message: unknown) => undefined);
    const all = [lookup(), notified(), lookup({ more: 1 })];
    expect(await confirm(all, setUp({ queryOrder: overQps(), sendBack }))).toEqual(Array(3).fill('deferred'));
    expect(sendBack.mock.calls.map(([body]) => body)).toEqual(all.map(({ body }) => body));
  });

  test.each([
    [2875, []],
    [2876, [375]],
  ])('waits only for what leaves time to tell and to send back, of %i ms', async (left, pauses) => {
    clock.leftMs = left;
    const sendBack = vi.fn(async () => undefined);
    expect(await confirm([lookup()], setUp({ queryOrder: overQps(), sendBack }))).toEqual(['deferred']);
    expect(clock.pauses).toEqual(pauses);
  });

  test('takes what fails for want of time after that for the same limit’s doing', async () => {
    const late = new ServiceError('BAIDU_TIMEOUT', 'Too late.', { passing: true });
    const sendBack = vi.fn(async () => undefined);
    const queryOrder = overQps().mockRejectedValueOnce(OVER_QPS).mockRejectedValue(late);
    clock.leftMs = 4000;
    expect(await confirm([lookup()], setUp({ queryOrder, sendBack }))).toEqual(['deferred']);
    clock.leftMs = 4000;
    const final = new BaiduError(10002, '', false);
    const refused = overQps().mockRejectedValueOnce(OVER_QPS).mockRejectedValueOnce(final);
    expect(await confirm([lookup()], setUp({ queryOrder: refused, sendBack }))).toEqual([final]);
  });

  test('fails where there is no queue to send it back to', async () => {
    clock.leftMs = 2000;
    expect(await confirm([lookup()], setUp({ queryOrder: overQps() }))).toEqual([OVER_QPS]);
  });

  test('fails where the queue does not take it', async () => {
    clock.leftMs = 2000;
    const failure = new ServiceError('QUEUE_UNAVAILABLE', 'The queue did not take the message.');
    const parts = setUp({ queryOrder: overQps(), sendBack: async () => Promise.reject(failure) });
    expect(await confirm([lookup()], parts)).toEqual([failure]);
  });
});
