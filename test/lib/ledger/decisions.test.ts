import { describe, expect, test } from 'vitest';
import type { OrderStatus } from '../../../lib/baidu/order-status.ts';
import {
  CHANGES,
  changesIn,
  claim,
  commit,
  giveUp,
  isClaimed,
  learn,
  newsOf,
  nextVersion,
  type Picture,
  pictureOf,
  settle,
  toldOf,
} from '../../../lib/ledger/decisions.ts';
import { type OrderRecord, type Refund, readRecord, type Told } from '../../../lib/ledger/record.ts';
import { PAID } from '../../support/notification.ts';

const KEY = { appId: '10026', orderId: '1920891312' };
const SEEN = '2026-01-01T00:00:00.000Z';
const UNPAID = { ...PAID, status: '1' };
const CANCELLED = { ...PAID, status: '-1' };
const REFUND: Refund = { refundBatchId: 'a', status: 'SUCCEEDED', code: 1 };
const STATUSES = {
  payment: { status: 'PAID', code: 1, description: '支付成功' },
  refund: { status: 'NONE', code: -1, description: '' },
  verification: { status: 'NOT_VERIFIED', code: -1, description: '' },
} as const;

const recordOf = (more: Partial<OrderRecord> = {}): OrderRecord => ({ ...readRecord(KEY), ...more });

function statusOf(more: Partial<OrderStatus> = {}, timestamp: number | null = 100): OrderStatus {
  return {
    ...{ ...KEY, siteId: '3747777038', ...STATUSES },
    source: { api: 'queryorderdetail', timestamp, cached: false, serverLogId: null },
    ...more,
  };
}

const pictureWith = (more: Partial<Picture> = {}): Picture => ({
  ...pictureOf(recordOf(), statusOf(), SEEN),
  ...more,
});

const toldWith = (more: Partial<Told> = {}): Told => ({
  ...{ ...STATUSES, observedAt: SEEN, timestamp: 100, refunds: {} },
  ...more,
});

describe('learn()', () => {
  test('writes a paid notification where there is none, with its user, its own id and the time', () => {
    const facts = { siteId: '5', tpOrderId: 'own-1', notification: PAID };
    expect(learn(KEY, facts, 1000, 9)).toEqual({
      set: { ...KEY, expiration: 9, siteId: '5' },
      keep: {
        ...{ tpOrderId: 'own-1', merchantOrder: '10026#own-1' },
        ...{ paidNotification: JSON.stringify(PAID), paidAt: 1000 },
      },
    });
  });

  test.each([UNPAID, CANCELLED])('writes any other in the place of the one before: %j', (notification) => {
    expect(learn(KEY, { notification }, 1000, 9)).toEqual({
      set: { ...KEY, expiration: 9, otherNotification: JSON.stringify(notification) },
      keep: {},
    });
  });

  test('writes when the first word of a kind came of a refund', () => {
    expect(learn(KEY, { refund: REFUND }, 1000, 9).keep).toEqual({ 'refund:a:1': 1000 });
    expect(learn(KEY, { refund: { ...REFUND, code: 2 } }, 1000, 9).keep).toEqual({ 'refund:a:2': 1000 });
  });

  test('makes no decision: no version, no condition', () => {
    const write = learn(KEY, { siteId: '5', notification: PAID }, 1000, 9);
    expect(Object.keys({ ...write.set, ...write.keep })).not.toContain('version');
    expect(write.when).toBeUndefined();
  });
});

test.each([
  [undefined, false],
  [0, false],
  [1000, false],
  [1001, true],
])('isClaimed(): a claim until %s is alive at 1000: %s', (claimUntil, alive) => {
  expect(isClaimed(recordOf({ claimUntil }), 1000)).toBe(alive);
});

describe('pictureOf()', () => {
  test('is what Baidu says with what the ledger knows', () => {
    const record = recordOf({ siteId: '5', tpOrderId: 'own-1', notification: PAID, refunds: [REFUND] });
    expect(pictureOf(record, statusOf(), SEEN)).toEqual({
      ...{ ...KEY, siteId: '5', tpOrderId: 'own-1', ...STATUSES },
      ...{ notification: PAID, refunds: [REFUND], observedAt: SEEN, timestamp: 100 },
    });
  });

  test('has the user who was asked for where the ledger knows none', () => {
    expect(pictureOf(recordOf(), statusOf(), SEEN).siteId).toBe('3747777038');
  });

  const other = { status: 'UNPAID', code: -1, description: '' } as const;
  const told = toldWith({ payment: other, observedAt: 'before', timestamp: 100 });

  test('keeps what was told where the answer is older by Baidu’s own clock', () => {
    expect(pictureOf(recordOf({ told }), statusOf({}, 99), SEEN)).toMatchObject({
      ...{ payment: other, observedAt: 'before', timestamp: 100 },
    });
  });

  test('keeps what was told where the answer is as old and out of a cache', () => {
    const source = { api: 'queryorderdetail', timestamp: 100, cached: true, serverLogId: null } as const;
    expect(pictureOf(recordOf({ told }), statusOf({ source }), SEEN).payment).toEqual(other);
  });

  test('counts what may have gone out under a claim that ran out as if it had', () => {
    const telling = { ...told, timestamp: 102 };
    expect(pictureOf(recordOf({ told, telling }), statusOf({}, 101), SEEN)).toMatchObject({
      ...{ payment: other, timestamp: 102 },
    });
  });

  test.each([
    ['as old', 100, 100],
    ['newer', 101, 100],
    ['of no time', null, 100],
    ['of any time where what was told had none', 1, null],
    ['of no time, as what was told', null, null],
  ])('takes an answer that is %s', (_name, timestamp, before) => {
    const record = recordOf({ told: { ...told, timestamp: before } });
    expect(pictureOf(record, statusOf({}, timestamp), SEEN)).toMatchObject({
      ...{ payment: STATUSES.payment, observedAt: SEEN, timestamp },
    });
  });

  test.each([
    ['paid', PAID, STATUSES.payment, PAID],
    ['unpaid while the payment is not paid', UNPAID, other, UNPAID],
    ['unpaid while the payment is paid', UNPAID, STATUSES.payment, undefined],
    ['cancelled while the payment is paid', CANCELLED, STATUSES.payment, undefined],
    ['none', undefined, STATUSES.payment, undefined],
  ])('has the notification, lest it contradicts: %s', (_name, notification, payment, expected) => {
    expect(pictureOf(recordOf({ notification }), statusOf({ payment }), SEEN).notification).toEqual(expected);
  });
});

describe('changesIn()', () => {
  test('is all that is known where nothing was told, in the order of the contract', () => {
    expect(changesIn(pictureWith(), undefined)).toEqual(['payment', 'refund', 'verification']);
    const all = pictureWith({ tpOrderId: 'own-1', notification: PAID, refunds: [REFUND] });
    expect(changesIn(all, undefined)).toEqual(CHANGES);
    expect(CHANGES).toEqual(['payment', 'refund', 'verification', 'tpOrderId', 'notification', 'refunds']);
  });

  test('is nothing where all was told', () => {
    const all = pictureWith({ tpOrderId: 'own-1', notification: PAID, refunds: [REFUND] });
    expect(changesIn(all, toldOf(all, undefined))).toEqual([]);
  });

  test.each<[string, Partial<Picture>, string[]]>([
    ['a status', { payment: { status: 'UNPAID', code: 1, description: '' } }, ['payment']],
    ['a code', { refund: { status: 'NONE', code: 7, description: '' } }, ['refund']],
    ['a verification', { verification: { status: 'VERIFIED', code: 1, description: '' } }, ['verification']],
    ['a description alone', { payment: { ...STATUSES.payment, description: 'else' } }, []],
    [
      'a verification that nobody knows',
      { verification: { status: 'UNKNOWN', code: null, description: '' } },
      [],
    ],
    ['an own id', { tpOrderId: 'own-1' }, ['tpOrderId']],
    ['a notification', { notification: UNPAID }, ['notification']],
    ['a refund', { refunds: [REFUND] }, ['refunds']],
  ])('names %s', (_name, more, changed) => {
    expect(changesIn(pictureWith(more), toldWith())).toEqual(changed);
  });

  test.each([
    [undefined, UNPAID, true],
    ['1', UNPAID, false],
    ['1', CANCELLED, false],
    ['1', PAID, true],
    ['-1', PAID, true],
    ['2', PAID, false],
    ['2', UNPAID, false],
    ['2', undefined, false],
  ])('after a notification with status %s, %j is news: %s', (notified, notification, isNews) => {
    expect(changesIn(pictureWith({ notification }), toldWith({ notified }))).toEqual(
      isNews ? ['notification'] : [],
    );
  });

  test('names refunds for another word of a batch, and for another batch', () => {
    const failed: Refund = { refundBatchId: 'a', status: 'FAILED', code: 2 };
    const told = toldWith({ refunds: { a: 1 } });
    expect(changesIn(pictureWith({ refunds: [REFUND] }), told)).toEqual([]);
    expect(changesIn(pictureWith({ refunds: [failed] }), told)).toEqual(['refunds']);
    const second = { ...REFUND, refundBatchId: 'b' };
    expect(changesIn(pictureWith({ refunds: [REFUND, second] }), told)).toEqual(['refunds']);
  });
});

describe('newsOf()', () => {
  test('is what has changed', () => {
    expect(newsOf(recordOf({ told: toldWith() }), pictureWith())).toEqual([]);
    expect(newsOf(recordOf({ told: toldWith() }), pictureWith({ tpOrderId: 'own-1' }))).toEqual([
      'tpOrderId',
    ]);
  });

  test('is everything after a claim that ran out, also where nothing differs from what was told', () => {
    for (const claimUntil of [0, 5]) {
      const record = recordOf({ told: toldWith(), claimUntil });
      expect(newsOf(record, pictureWith())).toEqual(['payment', 'refund', 'verification']);
      expect(newsOf(record, pictureWith({ tpOrderId: 'own-1' }))).toEqual(['tpOrderId']);
    }
  });
});

describe('a decision', () => {
  const decision = { writer: 'me', now: 5_000_900, expiration: 9 };
  const common = { ...KEY, writer: 'me', expiration: 9 };

  test('that nothing has changed raises the version, where it is still the same and no claim is alive', () => {
    const record = recordOf({ version: 7, told: toldWith() });
    expect(commit(record, pictureWith(), decision)).toEqual({
      set: { ...common, version: 8, told: JSON.stringify(toldOf(pictureWith(), record.told)) },
      keep: { siteId: '3747777038' },
      when: [
        { name: 'version', is: 'equal', value: 7 },
        { name: 'claimUntil', is: 'past', value: 5_000_900 },
      ],
    });
  });

  test('to tell claims the next version under the same conditions', () => {
    expect(
      claim(recordOf({ version: 7 }), { siteId: '5', telling: { a: 1 }, until: 6_000_000 }, decision),
    ).toEqual({
      set: { ...common, version: 8, claimUntil: 6_000_000, telling: '{"a":1}' },
      keep: { siteId: '5' },
      when: [
        { name: 'version', is: 'equal', value: 7 },
        { name: 'claimUntil', is: 'past', value: 5_000_900 },
      ],
    });
    expect(
      claim(recordOf({ version: 7 }), { siteId: undefined, telling: {}, until: 1 }, decision),
    ).not.toHaveProperty('keep');
  });

  test('over an order of which nothing is known is the first, above any number that it had before', () => {
    expect(claim(recordOf(), { siteId: '5', telling: {}, until: 6_000_000 }, decision)).toMatchObject({
      set: { version: 5001 },
      when: [{ name: 'version', is: 'absent' }, { name: 'claimUntil' }],
    });
    expect(nextVersion(recordOf(), 5_000_900)).toBe(5001);
    expect(nextVersion(recordOf({ version: 0 }), 5_000_900)).toBe(1);
    expect(nextVersion(recordOf({ version: 41 }), 5_000_900)).toBe(42);
  });
});

describe('the end of a claim', () => {
  const own = [
    { name: 'writer', is: 'equal', value: 'me' },
    { name: 'claimUntil', is: 'present' },
  ];

  test('records what was told, where the claim is still one’s own', () => {
    expect(settle('me', toldWith())).toEqual({
      ...{ set: { told: JSON.stringify(toldWith()) }, remove: ['claimUntil', 'telling'], when: own },
    });
  });

  test('gives up what may have gone out or not, and does not forget it', () => {
    expect(giveUp('me')).toEqual({ set: { claimUntil: 0 }, when: own });
  });
});

describe('toldOf()', () => {
  test('remembers what changes are found by', () => {
    const second: Refund = { refundBatchId: 'b', status: 'FAILED', code: 2 };
    const picture = pictureWith({ tpOrderId: 'own-1', notification: PAID, refunds: [REFUND, second] });
    expect(toldOf(picture, undefined)).toEqual({
      ...{ ...STATUSES, tpOrderId: 'own-1', notified: '2', refunds: { a: 1, b: 2 } },
      ...{ observedAt: SEEN, timestamp: 100 },
    });
  });

  test('keeps the verification that it knew where the answer says nothing of it', () => {
    const verification = { status: 'UNKNOWN', code: null, description: '' } as const;
    const known = { status: 'VERIFIED', code: 1, description: '' } as const;
    expect(toldOf(pictureWith({ verification }), toldWith({ verification: known })).verification).toEqual(
      known,
    );
    expect(toldOf(pictureWith({ verification }), undefined).verification).toEqual(verification);
  });

  test.each([
    [undefined, undefined, undefined],
    ['2', undefined, '2'],
    ['1', UNPAID, '1'],
    ['1', PAID, '2'],
    ['2', UNPAID, '2'],
    [undefined, CANCELLED, '-1'],
  ])('after status %s, told with %j, remembers %s', (notified, notification, expected) => {
    expect(toldOf(pictureWith({ notification }), toldWith({ notified })).notified).toBe(expected);
  });
});
