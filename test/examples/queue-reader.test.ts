import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { SubscribeCommand } from '@aws-sdk/client-sns';
import { describe, expect, vi } from 'vitest';
import { startSampleParts } from '../../local/samples/parts.ts';
import { coldStart, contextOf } from '../support/cold-start.ts';
import { permutations } from './permutations.ts';
import { MESSAGE, POLICY } from './queue-reader.ts';
import { message, SAMPLE, type Shop, test, USER_ID } from './queue-shop.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');

const costing = (totalMoney: unknown) => message({ notification: { userId: USER_ID, totalMoney } });
const status = (name: string, code: number) => ({ status: name, code, description: '未退费' });
/** What a look-up without a notification has found. */
const found = (changes: Record<string, unknown>) =>
  message({ tpOrderId: undefined, notification: undefined, ...changes });

/** The message of the README with a higher number. */
const later = (by: number, changes: Record<string, unknown>) =>
  message({ sequence: Number(MESSAGE['sequence']) + by, ...changes });

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
        Attributes: { RawMessageDelivery: 'true', FilterPolicy: '{"eventType":["payment-status"]}' },
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
      ...[{ eventType: 7 }, { orderId: 1920891312 }, { siteId: '' }, { tpOrderId: 3028903626 }],
      ...[{ payment: null }, { refund: undefined }, { verification: null }],
      ...[{ sequence: undefined }, { sequence: '7' }, { sequence: 0 }, { sequence: 1.5 }],
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
    const redeemed = later(1, { verification: status('VERIFIED', 1) });
    // By Baidu's own id.
    const refunded = { ...later(2, { refund: status('REFUNDED', 2) }), tpOrderId: undefined };
    const bodies = [MESSAGE, redeemed, refunded, refunded, redeemed];
    expect(await outcomes(shop, ...bodies)).toEqual(['paid', 'noted', 'noted', 'already', 'already']);
  });

  test('does not mark an order paid whose refund has come first', async ({ shop }) => {
    const refunded = later(1, { refund: status('REFUNDED', 2) });
    expect(await outcomes(shop, refunded, MESSAGE)).toEqual(['noted', 'already']);
  });

  test('does not mark an order paid whose refund was notified, and Baidu does not show yet', async ({
    shop,
  }) => {
    const refunds = [
      { refundBatchId: '7', status: 'FAILED', code: 2 },
      { refundBatchId: '8', status: 'SUCCEEDED', code: 1 },
    ];
    const refundFailed = later(1, { refunds: refunds.slice(0, 1) });
    expect(await outcomes(shop, message({ refunds }), refundFailed)).toEqual(['noted', 'paid']);
  });

  test('takes no money for an order that somebody has paid back', async ({ shop }) => {
    const twice = message({ orderId: '7', refund: status('REFUNDED', 2) });
    const strange = message({ orderId: '8', tpOrderId: 'stranger', refund: status('REFUNDED', 2) });
    expect(await outcomes(shop, MESSAGE, twice, strange)).toEqual(['paid', 'noted', 'ignored']);
  });

  test.for(['UNPAID', 'UNKNOWN'])('marks nothing for what is %s', async (name, { shop }) => {
    const unpaid = message({ payment: status(name, 7) });
    const strange = message({ tpOrderId: 'stranger', payment: status(name, 7) });
    const bodies = [strange, unpaid, later(1, {}), { eventType: 'refund-audit' }];
    expect(await outcomes(shop, ...bodies)).toEqual(['ignored', 'noted', 'paid', 'ignored']);
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

interface Kept {
  readonly orderStatus: string;
  readonly payments: Readonly<Record<string, Record<string, unknown>>>;
}
type Handle = (body: string) => Promise<{ outcome: string; done: boolean }>;
type FindOrder = (ids: Readonly<Record<string, string>>) => Promise<Kept | undefined>;

/** The program without its queue, with its orders as they are at the start. */
async function openShop() {
  vi.resetModules();
  const { handle } = (await import(path.join(ROOT, 'examples/queue-reader/handle.js'))) as { handle: Handle };
  const orders: { findOrder: FindOrder } = await import(path.join(ROOT, 'examples/queue-reader/orders.js'));
  return { handle: (body: unknown) => handle(JSON.stringify(body)), findOrder: orders.findOrder };
}

describe('messages that come in any order, and twice,', () => {
  const UNPAID = later(1, { payment: status('UNPAID', -1) });
  const PAID = later(2, {});
  const REFUNDING = later(3, { refund: status('PROCESSING', 1) });
  const PAID_AGAIN = later(4, { verification: status('VERIFIED', 1) });
  const REFUNDED = later(5, { refund: status('REFUNDED', 2) });

  test.each([
    [[UNPAID, PAID, REFUNDING, PAID_AGAIN, REFUNDED]],
    [[UNPAID, PAID, REFUNDING, PAID_AGAIN]],
    [[PAID, later(3, { payment: status('UNPAID', -1) })]],
  ])('end with the last word: %#', async (bodies) => {
    const { sequence, payment, refund, verification } = bodies.at(-1) as typeof PAID;
    for (const order of permutations(bodies)) {
      const { handle, findOrder } = await openShop();
      const said: string[] = [];
      for (const body of [...order, ...order]) said.push((await handle(body)).outcome);
      const kept = await findOrder({ tpOrderId: SAMPLE.tpOrderId });
      expect(kept?.payments[SAMPLE.orderId]).toEqual({
        sequence,
        payment: nameOf(payment),
        refund: nameOf(refund),
        verification: nameOf(verification),
      });
      expect(said.filter((outcome) => outcome === 'paid').length).toBeLessThanOrEqual(1);
      expect(kept?.orderStatus).toBe(said.includes('paid') ? 'PAID' : 'OPEN');
      expect(said).not.toContain('PAID_TWICE');
    }
  });

  test('and at once', async () => {
    const { handle, findOrder } = await openShop();
    const bodies = [REFUNDED, PAID, UNPAID, PAID, PAID_AGAIN, REFUNDING];
    const said = await Promise.all(bodies.map(async (body) => (await handle(body)).outcome));
    expect(said.filter((outcome) => outcome === 'paid').length).toBeLessThanOrEqual(1);
    const kept = await findOrder({ tpOrderId: SAMPLE.tpOrderId });
    expect(kept?.payments[SAMPLE.orderId]).toMatchObject({ refund: 'REFUNDED' });
  });
});

const nameOf = (part: unknown) => (part as { status: string }).status;
