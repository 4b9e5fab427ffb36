import { generateKeyPairSync } from 'node:crypto';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { QueryOrder } from '../../lib/baidu/client.ts';
import { BaiduError, OVER_QPS_ERRNO, ServiceError } from '../../lib/baidu/errors.ts';
import { readPrivateKey } from '../../lib/baidu/keys.ts';
import type { OrderStatus } from '../../lib/baidu/order-status.ts';
import { type ConfirmParts, confirmAll, type OrderEvent, type Outcome } from '../../lib/confirm.ts';
import type { LedgerWrite } from '../../lib/ledger/decisions.ts';
import { parseLookup, tryLookup } from '../../lib/lookup.ts';
import { sign } from '../../local/cashier/signature.ts';
import { Table } from '../simulation/table.ts';
import { PAID } from '../support/notification.ts';
import { SAMPLE } from '../support/vectors.ts';

const platform = generateKeyPairSync('rsa', { modulusLength: 1024 });
const APP = {
  ...{ appId: '10026', appKey: 'MMM4oc', privateKey: readPrivateKey(SAMPLE.privateKey) },
  keys: () => ({ platformKeys: [platform.publicKey], dealIds: undefined }),
};
const ORDER = { orderId: '1920891312', siteId: '3747777038' };
const ID = '10026#1920891312';
const OVER_QPS = new BaiduError(OVER_QPS_ERRNO, '', true);

const LOOKUP = JSON.stringify(ORDER);
const signed = (fields: Readonly<Record<string, string>>) => ({
  ...fields,
  rsaSign: sign(fields, platform.privateKey),
});
const notified = (more: Readonly<Record<string, string>> = {}) =>
  JSON.stringify({ appId: '10026', ...ORDER, notification: signed({ ...PAID, ...more }) });

let table: Table;
let clock: { now: number; leftMs: number; pauses: number[] };
beforeEach(() => {
  table = new Table();
  clock = { now: 1_800_000_000_000, leftMs: 25_000, pauses: [] };
  vi.spyOn(Math, 'random').mockReturnValue(0.25);
});

function statusOf(payment: 'PAID' | 'UNPAID' | 'UNKNOWN', more: Partial<OrderStatus> = {}): OrderStatus {
  return {
    ...{ appId: '10026', ...ORDER },
    payment: { status: payment, code: { PAID: 1, UNPAID: -1, UNKNOWN: 7 }[payment], description: '' },
    refund: { status: 'NONE', code: -1, description: '' },
    verification: { status: 'VERIFIED', code: 1, description: '' },
    source: { api: 'queryorderdetail', timestamp: null, cached: false, serverLogId: null },
    ...more,
  };
}

/** What looking up takes, over a table of its own, where Baidu says paid. */
function setUp<More extends Partial<ConfirmParts>>(more?: More) {
  const events: OrderEvent[] = [];
  const parts = {
    loadSecret: vi.fn(async () => ({ find: () => APP })),
    queryOrder: vi.fn<QueryOrder>(async () => statusOf('PAID')),
    ledger: {
      read: vi.fn(async (id: string) => table.read(id)),
      write: vi.fn(async (id: string, write: LedgerWrite) => table.write(id, write)),
      find: vi.fn(async (key: string) => table.find(key)),
    },
    publish: vi.fn(async (event: OrderEvent) => void events.push(event)),
    publishAudit: vi.fn(async () => undefined),
    rememberMs: 86_400_000,
    now: () => clock.now,
    pause: async (ms: number) => {
      clock.pauses.push(ms);
      clock.leftMs -= ms;
      clock.now += ms;
    },
  };
  return { parts: Object.assign(parts, more), events };
}

const confirm = (parts: ConfirmParts, ...texts: string[]): Promise<Outcome[]> =>
  confirmAll(texts.map(tryLookup), parts, () => clock.leftMs);
const resultsOf = async (parts: ConfirmParts, ...texts: string[]) =>
  (await confirm(parts, ...texts)).map(({ result }) =>
    result instanceof ServiceError ? result.code : result,
  );

describe('confirmAll()', () => {
  test('writes down what is signed, asks Baidu, claims, tells, and writes down what was told', async () => {
    const { parts, events } = setUp();
    expect(await confirm(parts, notified())).toEqual([
      { orderId: ORDER.orderId, tpOrderId: PAID['tpOrderId'], result: 'published' },
    ]);
    expect(parts.queryOrder).toHaveBeenCalledExactlyOnceWith(APP, ORDER, 23_500);
    const { payment, refund, verification } = statusOf('PAID');
    expect(events).toEqual([
      {
        ...{ appId: '10026', ...ORDER, tpOrderId: PAID['tpOrderId'], payment, refund, verification },
        ...{ notification: PAID, refunds: [], timestamp: null, sequence: 1_800_000_001 },
        changed: ['payment', 'refund', 'verification', 'tpOrderId', 'notification'],
        observedAt: new Date(clock.now).toISOString(),
      },
    ]);
    expect(parts.ledger.read).not.toHaveBeenCalled();
    expect(parts.ledger.write).toHaveBeenCalledTimes(3);
    expect(table.read(ID)).toMatchObject({
      ...{ ...ORDER, tpOrderId: PAID['tpOrderId'], merchantOrder: `10026#${PAID['tpOrderId']}` },
      ...{ version: 1_800_000_001, expiration: 1_800_086_400 },
    });
    expect(table.read(ID)).not.toHaveProperty('claimUntil');
    expect(table.read(ID)).not.toHaveProperty('telling');
  });

  test('tells nothing twice: one read and one write where nothing is new', async () => {
    const { parts, events } = setUp();
    await confirm(parts, LOOKUP);
    expect(parts.ledger.read).toHaveBeenCalledTimes(1);
    expect(parts.ledger.write).toHaveBeenCalledTimes(2);
    expect(await resultsOf(parts, LOOKUP)).toEqual(['known']);
    expect(parts.ledger.read).toHaveBeenCalledTimes(2);
    expect(parts.ledger.write).toHaveBeenCalledTimes(3);
    expect(events).toHaveLength(1);
    expect(table.read(ID)?.['version']).toBe(events[0] && events[0].sequence + 1);
  });

  test('asks Baidu once for all messages about an order', async () => {
    const { parts, events } = setUp();
    expect(await resultsOf(parts, LOOKUP, notified(), 'nonsense', notified())).toEqual([
      ...['published', 'published', 'INVALID_REQUEST', 'published'],
    ]);
    expect(parts.queryOrder).toHaveBeenCalledTimes(1);
    expect(events).toHaveLength(1);
  });

  test.each(['UNPAID', 'UNKNOWN'] as const)('fails what was notified as paid and is %s', async (payment) => {
    const { parts, events } = setUp({ queryOrder: async () => statusOf(payment) });
    const [outcome] = await confirm(parts, notified());
    expect(outcome?.result).toMatchObject({
      code: 'PAYMENT_MISMATCH',
      message: 'The notification says paid, and Baidu’s answer does not.',
    });
    expect(events).toEqual([]);
    expect(await resultsOf(parts, notified(), LOOKUP)).toEqual(['PAYMENT_MISMATCH', 'published']);
  });

  test.each([
    ['1', 'UNPAID', '1'],
    ['-1', 'UNPAID', '-1'],
    ['1', 'PAID', undefined],
  ] as const)('tells of status %s with Baidu’s %s the notification %s', async (status, payment, expected) => {
    const { parts, events } = setUp({ queryOrder: async () => statusOf(payment) });
    expect(await resultsOf(parts, notified({ status }))).toEqual(['published']);
    expect(events[0]?.notification?.['status']).toBe(expected);
    expect(events[0]?.tpOrderId).toBe(PAID['tpOrderId']);
  });

  test('tells of the payment’s own notification after that of the unpaid order', async () => {
    const { parts, events } = setUp();
    await confirm(parts, notified({ status: '1', payMoney: '0' }));
    await confirm(parts, notified());
    expect(events.map(({ changed, notification }) => [changed, notification?.['payMoney']])).toEqual([
      [['payment', 'refund', 'verification', 'tpOrderId'], undefined],
      [['notification'], PAID['payMoney']],
    ]);
  });

  test.each([
    ['unsigned', JSON.stringify({ ...ORDER, notification: PAID }), 'INVALID_NOTIFICATION'],
    [
      'altered',
      JSON.stringify({ ...ORDER, notification: { ...signed(PAID), tpOrderId: '1' } }),
      'INVALID_SIGNATURE',
    ],
    [
      'of another order',
      JSON.stringify({ ...ORDER, notification: signed({ ...PAID, orderId: '2' }) }),
      'INVALID_REQUEST',
    ],
    [
      'of another user',
      JSON.stringify({ ...ORDER, notification: signed({ ...PAID, userId: '2' }) }),
      'INVALID_REQUEST',
    ],
  ])('fails a notification that is %s, and asks nobody', async (_name, text, code) => {
    const { parts } = setUp();
    expect(await resultsOf(parts, text)).toEqual([code]);
    expect(parts.queryOrder).not.toHaveBeenCalled();
    expect(table.items.size).toBe(0);
  });

  test('looks up by the merchant’s own id what the ledger knows of, and is done with the rest', async () => {
    const { parts, events } = setUp();
    const own = JSON.stringify({ tpOrderId: PAID['tpOrderId'] });
    expect(await confirm(parts, own)).toEqual([
      { orderId: undefined, tpOrderId: PAID['tpOrderId'], result: 'unknown' },
    ]);
    await confirm(parts, notified());
    parts.queryOrder.mockResolvedValue(
      statusOf('PAID', { refund: { status: 'REFUNDED', code: 2, description: '' } }),
    );
    expect(await resultsOf(parts, own)).toEqual(['published']);
    expect(events.at(-1)).toMatchObject({ ...ORDER, changed: ['refund'] });
  });

  test('does not tell what Baidu’s cache held before what was told last', async () => {
    const at = (timestamp: number, payment: 'PAID' | 'UNPAID', cached = false) =>
      statusOf(payment, { source: { api: 'queryorderdetail', timestamp, cached, serverLogId: null } });
    const { parts, events } = setUp();
    for (const status of [at(100, 'PAID'), at(99, 'UNPAID'), at(100, 'UNPAID', true)]) {
      parts.queryOrder.mockResolvedValueOnce(status);
      await confirm(parts, LOOKUP);
    }
    expect(events).toHaveLength(1);
    parts.queryOrder.mockResolvedValueOnce(at(101, 'UNPAID'));
    expect(await resultsOf(parts, LOOKUP)).toEqual(['published']);
  });

  test.each([
    new BaiduError(10000, '', false),
    new BaiduError(10003, '', true),
    new ServiceError('BAIDU_TIMEOUT', 'Too late.', { passing: true }),
  ])('fails at once where the query does: %s', async (failure) => {
    const sendBack = vi.fn(async () => undefined);
    const { parts } = setUp({ queryOrder: async () => Promise.reject(failure), sendBack });
    expect((await confirm(parts, LOOKUP))[0]?.result).toBe(failure);
    expect(sendBack).not.toHaveBeenCalled();
    expect(clock.pauses).toEqual([]);
  });
});

describe('confirmAll(), where something goes wrong', () => {
  test('gives the claim up where the topic fails; the next tells again, under a higher number', async () => {
    const failure = new ServiceError('TOPIC_UNAVAILABLE', 'The topic did not take the message.');
    const { parts, events } = setUp();
    parts.publish.mockRejectedValueOnce(failure);
    expect((await confirm(parts, LOOKUP))[0]?.result).toBe(failure);
    expect(table.read(ID)).toMatchObject({ claimUntil: 0, version: 1_800_000_001 });
    expect(await resultsOf(parts, LOOKUP)).toEqual(['published']);
    expect(events.map(({ sequence }) => sequence)).toEqual([1_800_000_002]);
  });

  test('takes a write for done that was tried again and finds its own name', async () => {
    const { parts, events } = setUp();
    parts.ledger.write.mockImplementation(async (id, write) => {
      table.write(id, write);
      return table.write(id, write);
    });
    expect(await resultsOf(parts, LOOKUP)).toEqual(['published']);
    expect(await resultsOf(parts, LOOKUP)).toEqual(['known']);
    expect(events).toHaveLength(1);
  });

  test('asks Baidu again where somebody else has decided meanwhile', async () => {
    const { parts, events } = setUp();
    parts.queryOrder.mockImplementationOnce(async () => {
      await confirm(setUp().parts, LOOKUP);
      return statusOf('UNPAID');
    });
    expect(await resultsOf(parts, LOOKUP)).toEqual(['known']);
    expect(parts.queryOrder).toHaveBeenCalledTimes(2);
    expect(events).toEqual([]);
  });

  test('waits while somebody else may be telling, then tells again what may have been told', async () => {
    const { parts: dying } = setUp({ publish: () => new Promise<void>(() => undefined) });
    void confirm(dying, LOOKUP);
    await vi.waitFor(() => expect(table.read(ID)?.['claimUntil']).toBe(clock.now + 27_500));
    clock.leftMs = 1000;
    const { parts, events } = setUp();
    expect(await resultsOf(parts, LOOKUP)).toEqual(['LEDGER_UNAVAILABLE']);
    clock.leftMs = 30_000;
    expect(await resultsOf(parts, LOOKUP)).toEqual(['published']);
    expect(events).toMatchObject([{ sequence: 1_800_000_002 }]);
    expect(new Set(clock.pauses)).toEqual(new Set([200]));
  });
});

describe('confirmAll(), over Baidu’s QPS limit', () => {
  const overQps = () => vi.fn<QueryOrder>(async () => Promise.reject(OVER_QPS));

  test('waits longer and longer, up to a limit, and varies', async () => {
    const queryOrder = overQps();
    for (let count = 0; count < 5; count++) queryOrder.mockRejectedValueOnce(OVER_QPS);
    queryOrder.mockResolvedValueOnce(statusOf('PAID'));
    vi.mocked(Math.random).mockReturnValueOnce(0.75);
    expect(await resultsOf(setUp({ queryOrder }).parts, LOOKUP)).toEqual(['published']);
    expect(clock.pauses).toEqual([625, 750, 1500, 3000, 3000]);
    expect(queryOrder.mock.calls.map(([, , budgetMs]) => budgetMs)).toEqual([
      ...[23_500, 22_875, 22_125, 20_625, 17_625, 14_625],
    ]);
  });

  test.each([
    [0, 30],
    [0.25, 52],
    [0.9999, 119],
  ])('sends the message back when there is no time to wait, held back: %d', async (random, delaySeconds) => {
    vi.mocked(Math.random).mockReturnValue(random);
    clock.leftMs = 0;
    const sendBack = vi.fn(async () => undefined);
    const { parts, events } = setUp({ queryOrder: overQps(), sendBack });
    expect(await resultsOf(parts, notified())).toEqual(['deferred']);
    const { body } = parseLookup(notified());
    expect(sendBack).toHaveBeenCalledExactlyOnceWith(body, { budgetMs: 1500, delaySeconds });
    expect(events).toEqual([]);
  });

  test('sends back, too, what ends for want of time after such a refusal', async () => {
    const queryOrder = vi
      .fn<QueryOrder>(async () =>
        Promise.reject(new ServiceError('BAIDU_TIMEOUT', 'late', { passing: true })),
      )
      .mockRejectedValueOnce(OVER_QPS);
    clock.leftMs = 3000;
    const sendBack = vi.fn(async () => undefined);
    expect(await resultsOf(setUp({ queryOrder, sendBack }).parts, LOOKUP)).toEqual(['deferred']);
    expect(queryOrder).toHaveBeenCalledTimes(2);
    expect(sendBack).toHaveBeenCalledTimes(1);
  });

  test('fails where there is no queue to send it back to, or the queue does not take it', async () => {
    clock.leftMs = 0;
    expect((await confirm(setUp({ queryOrder: overQps() }).parts, LOOKUP))[0]?.result).toBe(OVER_QPS);
    const failure = new ServiceError('QUEUE_UNAVAILABLE', 'The queue did not take the message.');
    const parts = setUp({ queryOrder: overQps(), sendBack: async () => Promise.reject(failure) }).parts;
    expect((await confirm(parts, LOOKUP))[0]?.result).toBe(failure);
  });
});
