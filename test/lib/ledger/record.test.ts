import { describe, expect, test } from 'vitest';
import { merchantOrderKey, orderItemId, readRecord, refundAttribute } from '../../../lib/ledger/record.ts';
import { PAID } from '../../support/notification.ts';

const KEY = { appId: '10026', orderId: '1920891312' };
const NOTHING = {
  ...KEY,
  ...{ siteId: undefined, tpOrderId: undefined, notification: undefined, paidAt: undefined, refunds: [] },
  ...{ told: undefined, version: undefined, writer: undefined, claimUntil: undefined },
};

describe('keys', () => {
  test('name an order and a merchant’s order within their app', () => {
    expect(orderItemId(KEY)).toBe('10026#1920891312');
    expect(merchantOrderKey('10026', 'own-1')).toBe('10026#own-1');
    expect(refundAttribute('batch1', 2)).toBe('refund:batch1:2');
  });
});

describe('readRecord()', () => {
  test.each([[undefined], [{}], [{ other: 'attribute' }]])('knows nothing of an order from %j', (item) => {
    expect(readRecord(KEY, item)).toEqual(NOTHING);
  });

  test('reads every attribute, and takes the order from its key', () => {
    const told = { payment: { status: 'PAID', code: 1, description: '' }, refunds: {} };
    const item = {
      ...{ appId: 'other', orderId: 'other', siteId: '3747777038', tpOrderId: 'own-1', paidAt: 5 },
      ...{ told: JSON.stringify(told), version: 7, writer: 'writer', claimUntil: 9 },
      paidNotification: JSON.stringify(PAID),
    };
    expect(readRecord(KEY, item)).toEqual({
      ...{ ...KEY, siteId: '3747777038', tpOrderId: 'own-1', notification: PAID, paidAt: 5, refunds: [] },
      ...{ told, version: 7, writer: 'writer', claimUntil: 9 },
    });
  });

  test('takes no number for a text, and no text for a number', () => {
    const item = { siteId: 1, tpOrderId: 1, told: 1, writer: 1, paidAt: '1', version: '1', claimUntil: '1' };
    expect(readRecord(KEY, item)).toEqual(NOTHING);
  });

  test('keeps a claim that was given up, which stands at 0', () => {
    expect(readRecord(KEY, { claimUntil: 0 }).claimUntil).toBe(0);
  });

  test('prefers the notification that says paid, and has the other where there is none', () => {
    const other = { ...PAID, status: '-1' };
    const item = { otherNotification: JSON.stringify(other) };
    expect(readRecord(KEY, item).notification).toEqual(other);
    expect(readRecord(KEY, { ...item, paidNotification: JSON.stringify(PAID) }).notification).toEqual(PAID);
  });

  test.each(['', 'nonsense', '[]', 'null', '1'])('reads no object from %j', (text) => {
    expect(readRecord(KEY, { told: text, paidNotification: text })).toEqual(NOTHING);
  });
});

describe('readRecord(): refunds', () => {
  const refundsOf = (item: Record<string, string | number>) => readRecord(KEY, item).refunds;

  test('are named by their batch, in its order, with what was said of them', () => {
    expect(refundsOf({ 'refund:b:2': 1, 'refund:a:1': 2, 'refund:B9:1': 3 })).toEqual([
      { refundBatchId: 'B9', status: 'SUCCEEDED', code: 1 },
      { refundBatchId: 'a', status: 'SUCCEEDED', code: 1 },
      { refundBatchId: 'b', status: 'FAILED', code: 2 },
    ]);
  });

  test.each([
    ['the later word', { 'refund:a:1': 1, 'refund:a:2': 2 }, 2],
    ['the later word', { 'refund:a:2': 1, 'refund:a:1': 2 }, 1],
    ['the later word, read first', { 'refund:a:1': 2, 'refund:a:2': 1 }, 1],
    ['the success of two at once', { 'refund:a:1': 1, 'refund:a:2': 1 }, 1],
    ['the success of two at once, read last', { 'refund:a:2': 1, 'refund:a:1': 1 }, 1],
  ])('of one batch: %s, %j', (_name, item, code) => {
    expect(refundsOf(item)).toEqual([
      { refundBatchId: 'a', status: code === 1 ? 'SUCCEEDED' : 'FAILED', code },
    ]);
  });

  test('of 64 signs, and of no more', () => {
    const longest = 'a'.repeat(64);
    expect(refundsOf({ [`refund:${longest}:1`]: 1 })).toHaveLength(1);
    expect(refundsOf({ [`refund:${longest}a:1`]: 1 })).toEqual([]);
  });

  test.each([
    'refund:a:3',
    'refund:a:12',
    'refund::1',
    'refund:a-b:1',
    'refund:a',
    'xrefund:a:1',
    'refund:a:1x',
  ])('are not in %s', (name) => {
    expect(refundsOf({ [name]: 1 })).toEqual([]);
  });

  test('are not where the time is none', () => {
    expect(refundsOf({ 'refund:a:1': 'yesterday' })).toEqual([]);
  });
});
