import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { NO_FAULTS } from '../../../local/cashier/faults.ts';
import type { Hop } from '../../../local/cashier/index.ts';
import { type Stack, startStack } from '../../../local/stack/stack.ts';
import { until } from '../cashier/merchant.ts';

let stack: Stack;
beforeAll(async () => {
  stack = await startStack({ retrySeconds: 0 });
});
afterEach(() => {
  stack.cashier.setFaults(NO_FAULTS);
  stack.cashier.setNotifyUrl(stack.webhookUrl);
});
afterAll(() => stack.close());

/** Makes an order and pays it; where the payment is notified, the ledger knows it afterwards. */
async function pay(tpOrderId: string): Promise<string> {
  const { orderId } = stack.cashier.createOrder({ tpOrderId, totalMoney: 990 });
  await stack.ordersWritten();
  const told = isThere(orderId, 'published');
  if ((await stack.cashier.pay(orderId)).outcome === 'settled') await told;
  return orderId;
}

/** The steps of one kind on the time line of an order. */
const steps = (orderId: string, kind: Hop['kind']) =>
  stack.cashier.timeline(orderId).filter((hop) => hop.kind === kind);
const isThere = (orderId: string, kind: Hop['kind'], count = 1) =>
  until(stack.cashier, () => steps(orderId, kind).length >= count);

test('both addresses of refunds are wired', () => {
  const { refundNotifyUrl, refundAuditUrl, cashier } = stack;
  expect(refundNotifyUrl).toMatch(/\/baidu\/refund-notify$/);
  expect(refundAuditUrl).toMatch(/\/baidu\/refund-audit$/);
  expect(cashier.connection()).toMatchObject({ refundNotifyUrl, refundAuditUrl });
});

test('a refund is asked for, made, notified and told, each step with its number on the time line', async () => {
  const orderId = await pay('T-refund');
  const { orderId: other } = stack.cashier.createOrder({ tpOrderId: 'T-other', totalMoney: 1 });
  const told = isThere(orderId, 'published', 3);
  const { audit, notification } = await stack.cashier.startRefund(orderId, { money: 300 });
  expect([audit?.outcome, notification?.outcome]).toEqual(['approved', 'told']);
  await told;
  const notes = steps(orderId, 'published').map(({ note }) => note?.en ?? '');
  expect(notes.find((note) => note.includes('answered: auditStatus 1, refundPayMoney 300'))).toBeDefined();
  const numbers = notes.flatMap((note) => /sequence (\d+)/.exec(note)?.[1] ?? []).map(Number);
  expect(numbers).toHaveLength(2);
  expect(numbers[1]).toBeGreaterThan(numbers[0] ?? 0);
  expect(notes.find((note) => note.endsWith('changed: refund, refunds'))).toBeDefined();
  const outcomes = steps(orderId, 'confirmed').map(({ note }) => note?.zh);
  expect(outcomes.toSorted()).toEqual(['已发布：百度的询问与所作的应答', '新状态，已发布', '新状态，已发布']);
  await stack.cashier.askStatus(orderId, 'tpOrderId');
  const [asked] = steps(orderId, 'asked');
  expect(asked?.note?.en).toBe('HTTP 200 · PAID · REFUNDED · NOT_VERIFIED');
  expect(asked?.raw[0]?.text).toContain('/merchant-orders/T-refund/payment-status');
  expect(steps(other, 'asked')).toEqual([]);
});

test('a refund of whose order nobody knows the user comes again, and its dead letter says why', async () => {
  // Nobody listens at this port: the payment is never notified.
  stack.cashier.setNotifyUrl('http://127.0.0.1:9/');
  const orderId = await pay('T-unknown');
  stack.cashier.setFaults({ refundUserId: 'absent', refundTpOrderId: 'absent' });
  const dead = isThere(orderId, 'deadLetter');
  const { notification } = await stack.cashier.startRefund(orderId, { audit: false });
  expect(notification?.outcome).toBe('told');
  await dead;
  const reasons = steps(orderId, 'confirmed').map(({ note }) => note?.en ?? '');
  expect(reasons).toHaveLength(5);
  for (const reason of reasons) {
    expect(reason).toContain('ORDER_UNKNOWN: nobody has told yet of which user the order is.');
  }
  expect(reasons.at(-1)).toContain('That was the last delivery');
  expect(steps(orderId, 'query')).toEqual([]);
  expect(steps(orderId, 'published')).toEqual([]);
  const [letter] = steps(orderId, 'deadLetter')[0]?.raw ?? [];
  expect(JSON.parse(letter?.text ?? '')).toMatchObject({
    orderId,
    refundNotification: { refundStatus: '1' },
  });
});

test('what is forged is refused at both addresses, and stored nowhere', async () => {
  const orderId = await pay('T-forged');
  stack.cashier.setFaults({ signatureForged: true });
  const { audit } = await stack.cashier.startRefund(orderId, { money: 1 });
  expect(audit).toMatchObject({ status: 403, outcome: 'repeat' });
  const { notification } = await stack.cashier.startRefund(orderId, { money: 1, audit: false });
  expect(notification).toMatchObject({ status: 403, outcome: 'repeat' });
  const queued = steps(orderId, 'queued').flatMap(({ raw }) => raw.map(({ text }) => text));
  for (const text of queued) expect(text).not.toContain('refund');
});
