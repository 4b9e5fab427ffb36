import { expect, test, vi } from 'vitest';
import type { PublishMessage } from '../../lib/aws/topic.ts';
import type { OrderEvent } from '../../lib/confirm.ts';
import { createTeller } from '../../lib/order-event.ts';
import { PAID } from '../support/notification.ts';

const STATUSES = {
  payment: { status: 'PAID', code: 1, description: '支付成功' },
  refund: { status: 'NONE', code: -1, description: '' },
  verification: { status: 'VERIFIED', code: 1, description: '' },
} as const;
const ATTRIBUTES = { payment: 'PAID', refund: 'NONE', verification: 'VERIFIED' };
const EVENT: OrderEvent = {
  ...{ appId: '10026', orderId: '1920891312', siteId: '3747777038', tpOrderId: 'own-1' },
  ...{ sequence: 3, changed: ['payment', 'notification'], ...STATUSES, notification: PAID },
  refunds: [{ refundBatchId: 'a', status: 'SUCCEEDED', code: 1 }],
  ...{ observedAt: '2026-01-01T00:00:00.000Z', timestamp: 1482735200 },
};

/** What is published of an event, as it stands on the wire. */
async function published(event: OrderEvent) {
  const publish = vi.fn<PublishMessage>(async () => undefined);
  await createTeller(publish).publish(event, 1234);
  expect(publish).toHaveBeenCalledExactlyOnceWith(expect.anything(), ATTRIBUTES, 1234);
  return JSON.parse(JSON.stringify(publish.mock.calls[0]?.[0]));
}

test('createTeller() tells the whole truth about an order, in the contract’s order, with filter attributes', async () => {
  const { timestamp: _, ...told } = EVENT;
  const message = await published(EVENT);
  expect(message).toEqual({ eventType: 'payment-status', ...told });
  expect(Object.keys(message)).toEqual([
    ...['eventType', 'appId', 'orderId', 'siteId', 'tpOrderId', 'sequence', 'changed'],
    ...['payment', 'refund', 'verification', 'notification', 'refunds', 'observedAt'],
  ]);
});

test('createTeller() leaves out what nobody knows', async () => {
  const message = await published({ ...EVENT, tpOrderId: undefined, notification: undefined, refunds: [] });
  for (const name of ['tpOrderId', 'notification', 'refunds', 'timestamp']) {
    expect(message).not.toHaveProperty(name);
  }
});

test('createTeller() fails where the topic does', async () => {
  const failure = new Error('no');
  await expect(createTeller(async () => Promise.reject(failure)).publish(EVENT, 1)).rejects.toBe(failure);
});

test('createTeller() tells of a refund audit what Baidu has asked and was answered', async () => {
  const publish = vi.fn<PublishMessage>(async () => undefined);
  const order = { appId: '10026', orderId: '1920891312', siteId: '3747777038', tpOrderId: 'own-1' };
  const audit = { fields: { refundBatchId: 'a' }, answer: { auditStatus: 3, refundPayMoney: 100 } } as const;
  await createTeller(publish).publishAudit({ ...order, audit, observedAt: EVENT.observedAt }, 1234);
  expect(publish).toHaveBeenCalledExactlyOnceWith(
    {
      ...{ eventType: 'refund-audit', ...order, refundAudit: audit.fields, answer: audit.answer },
      observedAt: EVENT.observedAt,
    },
    {},
    1234,
  );
});
