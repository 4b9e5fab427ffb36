import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { SubscribeCommand } from '@aws-sdk/client-sns';
import { beforeAll, describe, expect, vi } from 'vitest';
import { startSampleParts } from '../../local/samples/parts.ts';
import { coldStart, contextOf } from '../support/cold-start.ts';
import { MESSAGE, POLICY } from './queue-reader.ts';
import { message, SAMPLE, type Shop, test, USER_ID } from './queue-shop.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');

const costing = (totalMoney: unknown) => message({ notification: { userId: USER_ID, totalMoney } });
const status = (name: string, code: number) => ({ status: name, code, description: '未退费' });
/** What a look-up without a notification has found. */
const found = (changes: Record<string, unknown>) =>
  message({ tpOrderId: undefined, notification: undefined, ...changes });

/** What becomes of messages that come one after another. */
async function outcomes(shop: Shop, ...bodies: unknown[]): Promise<string[]> {
  const queue = await shop.openQueue();
  const reader = shop.read(queue);
  for (const [index, body] of bodies.entries()) {
    await queue.send(body);
    await reader.writes(index + 2);
  }
  const [first, ...others] = reader.lines().map((line) => line.message);
  expect(first).toBe('reading');
  return others;
}

describe.concurrent('the queue reader', () => {
  test('marks the order of the README paid, deletes the message, and says so', async ({ shop }) => {
    const queue = await shop.openQueue();
    await queue.send(MESSAGE);
    const reader = shop.read(queue);
    expect(await reader.says('paid')).toEqual({ message: 'paid', ...SAMPLE, messageId: expect.any(String) });
    await vi.waitUntil(async () => (await queue.count()) === 0);
  });

  test('marks it once, when the message comes twice', async ({ shop }) => {
    const queue = await shop.openQueue();
    const copy = await shop.copy();
    await queue.send(MESSAGE);
    await queue.send(MESSAGE);
    await shop.read(queue, copy).says('already');
    await vi.waitUntil(async () => (await queue.count()) === 0);
    expect(await copy.order(SAMPLE.tpOrderId)).toMatchObject({ marks: 1 });
  });

  test('understands what confirm publishes, subscribed as docs/operations/order-system.md says', async ({
    shop,
  }) => {
    const parts = await startSampleParts();
    const queue = await shop.openQueue({ at: parts.aws });
    await parts.aws.sns.send(
      new SubscribeCommand({
        TopicArn: parts.aws.statusTopicArn,
        ...{ Protocol: 'sqs', Endpoint: `arn:aws:sqs:cn-north-1:000000000000:${queue.name}` },
        Attributes: { RawMessageDelivery: 'true', FilterPolicy: '{"payment":["PAID"]}' },
      }),
    );
    const confirm = await coldStart('confirm', { ...parts.environment, LOG_LEVEL: 'SILENT' });
    const event = JSON.parse(await readFile(path.join(ROOT, 'events/confirm-sqs.json'), 'utf8'));
    await confirm(event, contextOf());
    vi.unstubAllEnvs();
    const copy = await shop.copy({ '18607895241': 1 });
    const reader = shop.read(queue, copy);
    expect(await reader.says('paid')).toMatchObject({ tpOrderId: '18607895241', orderId: '2645985458' });
    expect(await copy.order('18607895241')).toMatchObject({ marks: 1, baiduOrderId: '2645985458' });
    await vi.waitUntil(async () => (await queue.count()) === 0);
    reader.child.kill();
    await reader.ended;
    await parts.close();
  });

  test.for<[string, unknown, string]>([
    ['of another amount', costing('11299'), 'WRONG_AMOUNT'],
    ['of no amount', costing(undefined), 'WRONG_AMOUNT'],
    ['whose amount is a number', costing(11300), 'WRONG_AMOUNT'],
    ['without its notification', message({ notification: undefined }), 'WRONG_AMOUNT'],
    ['for nobody’s order', message({ tpOrderId: 'stranger' }), 'UNKNOWN_ORDER'],
    ['that a look-up has found', found({}), 'UNKNOWN_ORDER'],
  ])('leaves a payment %s to come again, and the order open', async ([, body, outcome], { shop }) => {
    const queue = await shop.openQueue({ visibilitySeconds: 1 });
    await queue.send(body);
    const reader = shop.read(queue);
    await reader.says(outcome, 2);
    expect(await queue.count()).toBe(1);
    await queue.send(MESSAGE);
    await reader.says('paid');
  });

  test('leaves what is no message of the topic to come again', async ({ shop }) => {
    const changed = [
      ...[{ eventType: 'another' }, { orderId: 1920891312 }, { siteId: '' }, { tpOrderId: 3028903626 }],
      ...[{ payment: null }, { refund: undefined }, { verification: null }, { observedAt: 0 }],
    ].map(message);
    const enveloped = { Type: 'Notification', Message: JSON.stringify(MESSAGE) };
    const bodies = ['nonsense', `"${USER_ID}`, 'null', '[]', '{}', enveloped, ...changed];
    const queue = await shop.openQueue();
    for (const body of bodies) await queue.send(body);
    const reader = shop.read(queue);
    await reader.writes(bodies.length + 1);
    const said = reader.lines().map((line) => line.message);
    expect(said).toEqual(['reading', ...bodies.map(() => 'BAD_MESSAGE')]);
    expect(await queue.count()).toBe(bodies.length);
  });

  test('takes no second payment for the same order', async ({ shop }) => {
    expect(await outcomes(shop, MESSAGE, message({ orderId: '7' }))).toEqual(['paid', 'PAID_TWICE']);
  });

  test('has each other state of the order stored, once', async ({ shop }) => {
    const refunded = found({ refund: status('REFUNDED', 2) });
    const redeemed = found({ verification: status('VERIFIED', 1) });
    const bodies = [MESSAGE, redeemed, refunded, refunded, redeemed];
    expect(await outcomes(shop, ...bodies)).toEqual(['paid', 'noted', 'noted', 'already', 'already']);
  });

  test('does not mark an order paid whose refund has come first', async ({ shop }) => {
    const refunded = message({ refund: status('REFUNDED', 2) });
    expect(await outcomes(shop, refunded, MESSAGE)).toEqual(['noted', 'already']);
  });

  test.for(['UNPAID', 'UNKNOWN'])('marks nothing for what is %s', async (name, { shop }) => {
    const unpaid = message({ payment: status(name, 7) });
    expect(await outcomes(shop, unpaid, MESSAGE)).toEqual(['ignored', 'paid']);
  });

  test('does nothing but what the policy of the README allows', async ({ shop }) => {
    const queue = await shop.openQueue();
    await queue.send(MESSAGE);
    await shop.read(queue).says('paid');
    await vi.waitUntil(async () => (await queue.count()) === 0);
    const actions = new Set(queue.seen.map((moment) => `sqs:${moment.split(' ')[0]}`));
    const Resource = 'arn:aws-cn:sqs:cn-north-1:123456789012:paid-orders';
    const Statement = [{ Effect: 'Allow', Action: [...actions], Resource }];
    expect(POLICY).toEqual({ Version: '2012-10-17', Statement });
  });
});

describe('the orders that the reader has until a merchant brings their own', () => {
  type Orders = Record<'findOrder' | 'markPaid' | 'noteState', (...args: unknown[]) => Promise<unknown>>;
  let orders: Orders;
  let order: unknown;
  const state = { key: 'a', orderId: '1', siteId: '2', refund: 'NONE', observedAt: '2026-01-02' };

  beforeAll(async () => {
    orders = await import(path.join(ROOT, 'examples/queue-reader/orders.js'));
    order = await orders.findOrder({ tpOrderId: SAMPLE.tpOrderId, orderId: '1' });
  });

  test('are found by either id, and marked once', async () => {
    expect(order).toMatchObject({ totalMoney: 11300, orderStatus: 'OPEN' });
    expect(await orders.findOrder({ orderId: '1' })).toBeUndefined();
    const twice = await Promise.all([orders.markPaid(order, state), orders.markPaid(order, state)]);
    expect(twice).toEqual(['paid', 'already']);
    expect(await orders.findOrder({ orderId: '1' })).toBe(order);
    expect(order).toMatchObject({ orderStatus: 'PAID', baiduOrderId: '1', baiduSiteId: '2', states: ['a'] });
  });

  test('keep the later of two refund states', async () => {
    expect(await orders.noteState(order, { ...state, key: 'redeemed' })).toBe('noted');
    expect(order).toMatchObject({ orderStatus: 'PAID' });
    const refunded = { ...state, key: 'b', refund: 'REFUNDED', observedAt: '2026-01-04' };
    const started = { ...state, key: 'c', refund: 'PROCESSING', observedAt: '2026-01-03' };
    expect(await orders.noteState(order, refunded)).toBe('noted');
    expect(await orders.noteState(order, refunded)).toBe('already');
    expect(await orders.noteState(order, started)).toBe('noted');
    expect(order).toMatchObject({
      orderStatus: 'REFUND',
      refund: 'REFUNDED',
      states: ['a', 'redeemed', 'b', 'c'],
    });
  });
});
