import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { SQSEvent } from 'aws-lambda';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { startSampleParts } from '../../local/samples/parts.ts';
import { sqsEvent } from '../../local/stack/events.ts';
import { readPage } from '../docs/markdown.ts';
import { coldStart, contextOf } from '../support/cold-start.ts';
import { PAID } from '../support/notification.ts';
import { drain } from '../support/queue.ts';
import { permutations } from './permutations.ts';
import { message, openShop, type Shop, status } from './subscriber-shop.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');

let shop: Shop;
beforeAll(async () => {
  shop = await openShop();
});
afterAll(() => shop.close());

const receive = (...bodies: unknown[]) => shop.receive(...bodies);

/** The orders of the README: as the order system writes it, and as it is when it is marked. */
const [OPEN, MARKED] = readPage('examples/order-subscriber/README.md')
  .blocks.filter(({ language }) => language === 'json')
  .map(({ text }) => JSON.parse(text)) as [Record<string, unknown>, Record<string, unknown>];

describe('the order subscriber', () => {
  test('makes the marked order of the README of the open one, with when and by what', async () => {
    const tpOrderId = String(OPEN['tpOrderId']);
    await shop.putOrder(OPEN);
    const orderId = PAID['orderId'] ?? '';
    expect(await receive(message(tpOrderId, { orderId, sequence: 1767225601 }))).toEqual(['marked']);
    expect(await shop.orderOf(tpOrderId)).toEqual(MARKED);
    expect(MARKED).toMatchObject({
      ...{ ...OPEN, orderStatus: 'PAID', paidAt: Number(PAID['payTime']) },
      ...{ baiduOrderId: orderId, baiduSiteId: PAID['userId'] },
    });
  });

  test('does nothing the second time, nor when the order has moved on since', async () => {
    const tpOrderId = await shop.putOrder();
    expect(await receive(message(tpOrderId))).toEqual(['marked']);
    expect(await receive(message(tpOrderId))).toEqual(['already']);
    const ship = { UpdateExpression: 'SET orderStatus = :s', ExpressionAttributeValues: { ':s': 'SHIPPED' } };
    await shop.documents.send(new UpdateCommand({ TableName: shop.table, Key: { tpOrderId }, ...ship }));
    // After a crash at the wrong moment a message is repeated under a higher number.
    expect(await receive(message(tpOrderId, { sequence: 2 }))).toEqual(['noted']);
    expect(await shop.orderOf(tpOrderId)).toMatchObject({ orderStatus: 'SHIPPED' });
  });

  test('marks once, when ten copies come at once', async () => {
    const tpOrderId = await shop.putOrder();
    const outcomes = await receive(...Array.from({ length: 10 }, () => message(tpOrderId)));
    expect(outcomes.sort()).toEqual([...Array(9).fill('already'), 'marked']);
  });

  test.each([
    ['unpaid', { payment: status('UNPAID') }, 'noted'],
    ['unknown', { payment: status('UNKNOWN') }, 'noted'],
    ['refunded', { refund: status('REFUNDED') }, 'noted'],
    ['being refunded', { refund: status('PROCESSING') }, 'noted'],
    ['notified as refunded', { refunds: [{ refundBatchId: '7', status: 'SUCCEEDED', code: 1 }] }, 'noted'],
    ['only asked for a refund', { eventType: 'refund-audit' }, 'ignored'],
  ])('leaves an order open that is %s', async (_name, changes, outcome) => {
    const tpOrderId = await shop.putOrder();
    expect(await receive(message(tpOrderId, changes))).toEqual([outcome]);
    expect(await shop.orderOf(tpOrderId)).toMatchObject({ orderStatus: 'OPEN' });
  });

  test('takes no payment for an order that is not there, and ignores what is no payment of one', async () => {
    const unpaid = message('stranger', { payment: status('UNPAID') });
    const refunded = message('stranger', { refund: status('REFUNDED') });
    expect(await receive(message('stranger'), unpaid, refunded)).toEqual([
      'UNKNOWN_ORDER',
      'ignored',
      'ignored',
    ]);
    expect(await shop.orderOf('stranger')).toBeUndefined();
  });

  test.each(['11299', '1', '0', '', '-1', undefined])(
    'takes no %s fen for an order of 11300',
    async (money) => {
      const tpOrderId = await shop.putOrder();
      const paid = message(tpOrderId, { notification: { ...PAID, tpOrderId, totalMoney: money } });
      expect(await receive(paid)).toEqual(['WRONG_AMOUNT']);
      expect(await shop.orderOf(tpOrderId)).not.toHaveProperty('version');
    },
  );

  test('says that an order was paid twice, or was closed, until that is paid back', async () => {
    const paid = await shop.putOrder();
    expect(await receive(message(paid))).toEqual(['marked']);
    expect(await receive(message(paid, { orderId: '7' }))).toEqual(['PAID_TWICE']);
    expect(await receive(message(paid, { orderId: '7', sequence: 2, refund: status('REFUNDED') }))).toEqual([
      'noted',
    ]);
    expect(await receive(message(paid, { orderId: '7' }))).toEqual(['already']);
    const closed = await shop.putOrder({ orderStatus: 'CLOSED' });
    expect(await receive(message(closed))).toEqual(['PAID_TWICE']);
    expect(await shop.orderOf(closed)).toMatchObject({ orderStatus: 'CLOSED' });
  });

  test('finds an order by Baidu’s id where a look-up of a redeemed one names no other', async () => {
    const tpOrderId = await shop.putOrder();
    const { orderId } = message(tpOrderId);
    const nameless = { tpOrderId: undefined, notification: undefined };
    const redeemed = message(tpOrderId, {
      ...{ ...nameless, sequence: 2, verification: status('VERIFIED') },
    });
    expect(await receive(redeemed)).toEqual(['UNKNOWN_ORDER']);
    expect(await receive(message(tpOrderId))).toEqual(['marked']);
    expect(await receive(redeemed)).toEqual(['noted']);
    expect(await shop.orderOf(tpOrderId)).toMatchObject({
      orderStatus: 'PAID',
      payments: { [orderId]: { sequence: 2, verification: 'VERIFIED' } },
    });
  });

  test.each([
    ['nonsense'],
    ['[]'],
    ['null'],
    [{}],
    [message('x', { eventType: 7 })],
    [message('x', { payment: undefined })],
    [message('x', { refund: { status: 1 } })],
    [message('x', { verification: 'text' })],
    [message('x', { orderId: 1920891312 })],
    [message('x', { siteId: '-1' })],
    [message('x', { tpOrderId: '' })],
    [message('x', { sequence: undefined })],
    [message('x', { sequence: '1' })],
    [message('x', { sequence: 0 })],
    [{ Type: 'Notification', Message: JSON.stringify(message('x')) }],
  ])('refuses %j', async (body) => {
    expect(await receive(body)).toEqual(['BAD_MESSAGE']);
  });

  test('lets only the message fail that cannot be handled', async () => {
    const tpOrderId = await shop.putOrder();
    expect(await receive('nonsense', message(tpOrderId))).toEqual(['BAD_MESSAGE', 'marked']);
  });

  test('fails where DynamoDB does, and says so without a word of the message', async () => {
    vi.resetModules();
    vi.stubEnv('ORDERS_TABLE', 'absent');
    const { handler: astray } = await import('../../examples/order-subscriber/handler.ts');
    vi.stubEnv('ORDERS_TABLE', shop.table);
    shop.log.length = 0;
    const event = sqsEvent([{ messageId: 'one', body: JSON.stringify(message('x')) }]);
    expect(await astray(event as unknown as SQSEvent)).toEqual({
      batchItemFailures: [{ itemIdentifier: 'one' }],
    });
    expect(shop.log).toEqual([
      {
        message: 'failed',
        error: 'ResourceNotFoundException',
        tpOrderId: 'x',
        orderId: '77',
        messageId: 'one',
      },
    ]);
  });
});

describe('messages that come in any order, and twice,', () => {
  const told = (sequence: number, changes: Record<string, unknown>) => ({ sequence, ...changes });
  const UNPAID = told(1, { payment: status('UNPAID') });
  const PAYED = told(2, {});
  const REFUNDING = told(3, { refund: status('PROCESSING') });
  const PAID_AGAIN = told(4, { verification: status('VERIFIED') });
  const REFUNDED = told(5, { refund: status('REFUNDED') });

  test.each([
    [[UNPAID, PAYED, REFUNDING, REFUNDED]],
    [[PAYED, REFUNDING, PAID_AGAIN]],
    [[PAYED, told(3, { payment: status('UNPAID') })]],
  ])('end with the last word: %#', async (changes) => {
    for (const some of permutations(changes)) {
      const tpOrderId = await shop.putOrder();
      const said: string[] = [];
      for (const change of [...some, ...some]) said.push(...(await receive(message(tpOrderId, change))));
      await expectLast(tpOrderId, changes.at(-1) ?? {}, said);
    }
  });

  test('and at once', async () => {
    const changes = [UNPAID, PAYED, REFUNDING, PAID_AGAIN, REFUNDED];
    for (let time = 0; time < 5; time++) {
      const tpOrderId = await shop.putOrder();
      const said = await receive(...[...changes, ...changes].map((change) => message(tpOrderId, change)));
      await expectLast(tpOrderId, REFUNDED, said);
    }
  });

  async function expectLast(tpOrderId: string, last: Record<string, unknown>, said: readonly string[]) {
    const { orderId, sequence, payment, refund, verification } = message(tpOrderId, last);
    const order = await shop.orderOf(tpOrderId);
    expect(order?.['payments']).toEqual({
      [orderId]: {
        ...{ sequence, payment: payment.status, refund: refund.status, verification: verification.status },
      },
    });
    expect(said.filter((outcome) => outcome === 'marked').length).toBeLessThanOrEqual(1);
    expect(order?.['orderStatus']).toBe(said.includes('marked') ? 'PAID' : 'OPEN');
    expect(said.filter((outcome) => !/^(marked|noted|already)$/.test(outcome))).toEqual([]);
  }
});

test('the order subscriber understands the messages of events/topic/', async () => {
  const tpOrderId = '18607895241';
  await shop.putOrder({ tpOrderId, totalMoney: 1 });
  const read = (file: string) => readFile(path.join(ROOT, 'events/topic', file), 'utf8');
  const bodies = await Promise.all(['paid.json', 'refunded.json', 'audit.json', 'paid.json'].map(read));
  const said: string[] = [];
  for (const body of bodies) said.push(...(await receive(body)));
  expect(said).toEqual(['marked', 'noted', 'ignored', 'already']);
  expect(await shop.orderOf(tpOrderId)).toMatchObject({ payments: { 2645985458: { refund: 'REFUNDED' } } });
});

// The last one: it points the environment at other emulators.
test('the order subscriber understands what confirm publishes', async () => {
  const parts = await startSampleParts();
  const confirm = await coldStart('confirm', { ...parts.environment, LOG_LEVEL: 'SILENT' });
  await confirm(JSON.parse(await readFile(path.join(ROOT, 'events/confirm-sqs.json'), 'utf8')), contextOf());
  const [published] = await drain(parts.aws.sqs, parts.aws.subscriberQueueUrl);
  await parts.close();
  await shop.putOrder({ tpOrderId: '18607895241', totalMoney: 1 });
  expect(await receive(published)).toEqual(['marked']);
  expect(await shop.orderOf('18607895241')).toMatchObject({
    ...{ orderStatus: 'PAID', paidAt: 1542124311, baiduOrderId: '2645985458', baiduSiteId: '3269234686470' },
  });
});
