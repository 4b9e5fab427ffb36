import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { QueryOrder } from '../../lib/baidu/client.ts';
import { BaiduError, OVER_QPS_ERRNO, ServiceError } from '../../lib/baidu/errors.ts';
import { readPrivateKey } from '../../lib/baidu/keys.ts';
import type { OrderStatus } from '../../lib/baidu/order-status.ts';
import { type ConfirmParts, confirmOrder } from '../../lib/confirm.ts';
import { PAID } from '../support/notification.ts';
import { SAMPLE } from '../support/vectors.ts';

const clock = vi.hoisted(() => ({ leftMs: 0, pauses: [] as number[] }));
vi.mock(import('node:timers/promises'), async (original) => {
  const delay = async (ms = 0) => {
    clock.pauses.push(ms);
    clock.leftMs -= ms;
  };
  return { ...(await original()), setTimeout: delay as Awaited<ReturnType<typeof original>>['setTimeout'] };
});

beforeEach(() => {
  clock.leftMs = 25_000;
  clock.pauses.length = 0;
  vi.spyOn(Math, 'random').mockReturnValue(0.25);
});
afterEach(() => void vi.restoreAllMocks());

const SECRET = { appId: '10026', appKey: 'MMM4oc', privateKey: readPrivateKey(SAMPLE.privateKey) };
const ORDER = { orderId: '1920891312', siteId: '3747777038' };
const LOOKUP = { order: ORDER, notification: undefined };
const PAID_LOOKUP = { order: ORDER, notification: PAID };
const OVER_QPS = new BaiduError(OVER_QPS_ERRNO, '', true);
const leftMs = () => clock.leftMs;

function statusOf(payment: 'PAID' | 'UNPAID' | 'UNKNOWN'): OrderStatus {
  const code = { PAID: 1, UNPAID: -1, UNKNOWN: 7 }[payment];
  return {
    ...{ appId: '10026', ...ORDER },
    payment: { status: payment, code, description: '' },
    refund: { status: 'PROCESSING', code: 2, description: '' },
    verification: { status: 'VERIFIED', code: 3, description: '' },
    source: { api: 'queryorderdetail', timestamp: null, cached: false, serverLogId: null },
  };
}

/** What a look-up takes, nothing of it real; nothing was published before. */
function setUp(more: Partial<ConfirmParts> = {}) {
  const parts = {
    loadSecret: vi.fn(async () => SECRET),
    queryOrder: vi.fn<QueryOrder>(async () => statusOf('PAID')),
    once: {
      run: vi.fn(async (_key: string, act: () => Promise<void>) => {
        await act();
        return true;
      }),
    },
    publish: vi.fn(async () => undefined),
    ...more,
  };
  return parts;
}

describe('confirmOrder()', () => {
  test('asks Baidu within the time there is, and publishes what it says', async () => {
    const parts = setUp();
    expect(await confirmOrder(PAID_LOOKUP, parts, leftMs)).toBe('published');
    expect(parts.queryOrder).toHaveBeenCalledExactlyOnceWith(SECRET, ORDER, 25_000);
    expect(parts.publish).toHaveBeenCalledExactlyOnceWith(statusOf('PAID'), PAID_LOOKUP);
    expect(parts.once.run).toHaveBeenCalledExactlyOnceWith('1920891312#1#2#3', expect.any(Function), leftMs);
  });

  test('publishes nothing that went out before', async () => {
    const parts = setUp({ once: { run: async () => false } });
    expect(await confirmOrder(PAID_LOOKUP, parts, leftMs)).toBe('known');
    expect(parts.publish).not.toHaveBeenCalled();
  });

  test.each(['UNPAID', 'UNKNOWN'] as const)(
    'publishes nothing that was notified as paid and is %s',
    async (payment) => {
      const parts = setUp({ queryOrder: async () => statusOf(payment) });
      await expect(confirmOrder(PAID_LOOKUP, parts, leftMs)).rejects.toMatchObject({
        code: 'PAYMENT_MISMATCH',
        message: 'The notification says paid, and Baidu’s answer does not.',
      });
      expect(parts.once.run).not.toHaveBeenCalled();
    },
  );

  test.each([undefined, {}, { ...PAID, status: '1' }, { ...PAID, status: '-1' }])(
    'publishes UNPAID where nobody said paid: %j',
    async (notification) => {
      const parts = setUp({ queryOrder: async () => statusOf('UNPAID') });
      expect(await confirmOrder({ order: ORDER, notification }, parts, leftMs)).toBe('published');
    },
  );

  test('fails where the topic does', async () => {
    const failure = new ServiceError('TOPIC_UNAVAILABLE', 'The topic did not take the message.');
    const parts = setUp({ publish: async () => Promise.reject(failure) });
    await expect(confirmOrder(LOOKUP, parts, leftMs)).rejects.toBe(failure);
  });

  test.each([
    new BaiduError(10000, '', false),
    new BaiduError(10003, '', true),
    new ServiceError('BAIDU_TIMEOUT', 'Too late.', { passing: true }),
    Object.assign(new Error('other'), { errno: OVER_QPS_ERRNO }),
  ])('fails at once where the query does: %s', async (failure) => {
    const queryOrder = vi.fn<QueryOrder>(async () => Promise.reject(failure));
    const sendBack = vi.fn(async () => undefined);
    await expect(confirmOrder(LOOKUP, setUp({ queryOrder, sendBack }), leftMs)).rejects.toBe(failure);
    expect(queryOrder).toHaveBeenCalledTimes(1);
    expect(sendBack).not.toHaveBeenCalled();
    expect(clock.pauses).toEqual([]);
  });
});

describe('confirmOrder(), over Baidu’s QPS limit', () => {
  const overQps = () => vi.fn<QueryOrder>(async () => Promise.reject(OVER_QPS));

  test('waits longer and longer, up to a limit, and varies', async () => {
    const queryOrder = overQps();
    const parts = setUp({ queryOrder });
    for (let count = 0; count < 5; count++) queryOrder.mockRejectedValueOnce(OVER_QPS);
    queryOrder.mockResolvedValueOnce(statusOf('PAID'));
    vi.mocked(Math.random).mockReturnValueOnce(0.75);
    expect(await confirmOrder(LOOKUP, parts, leftMs)).toBe('published');
    expect(clock.pauses).toEqual([625, 750, 1500, 3000, 3000]);
    expect(queryOrder.mock.calls.map(([, , budgetMs]) => budgetMs)).toEqual([
      25_000, 24_375, 23_625, 22_125, 19_125, 16_125,
    ]);
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
      clock.leftMs = 0;
      const sendBack = vi.fn(async () => undefined);
      const parts = setUp({ queryOrder: overQps(), sendBack });
      expect(await confirmOrder(PAID_LOOKUP, parts, leftMs)).toBe('deferred');
      expect(sendBack).toHaveBeenCalledExactlyOnceWith(
        { ...ORDER, notification: PAID },
        { budgetMs: 1500, delaySeconds },
      );
      expect(parts.once.run).not.toHaveBeenCalled();
      expect(clock.pauses).toEqual([]);
    },
  );

  test.each([
    [375, []],
    [376, [375]],
  ])('waits only for what is less than the %i ms that are left', async (left, pauses) => {
    clock.leftMs = left;
    const sendBack = vi.fn(async () => undefined);
    expect(await confirmOrder(LOOKUP, setUp({ queryOrder: overQps(), sendBack }), leftMs)).toBe('deferred');
    expect(clock.pauses).toEqual(pauses);
  });

  test('fails where there is no queue to send it back to', async () => {
    clock.leftMs = 0;
    await expect(confirmOrder(LOOKUP, setUp({ queryOrder: overQps() }), leftMs)).rejects.toBe(OVER_QPS);
  });

  test('fails where the queue does not take it', async () => {
    clock.leftMs = 0;
    const failure = new ServiceError('QUEUE_UNAVAILABLE', 'The queue did not take the message.');
    const parts = setUp({ queryOrder: overQps(), sendBack: async () => Promise.reject(failure) });
    await expect(confirmOrder(LOOKUP, parts, leftMs)).rejects.toBe(failure);
  });
});
