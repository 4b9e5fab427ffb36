import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import type { SNSEvent } from 'aws-lambda';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { openPromise } from 'yauzl';
import { startSampleParts } from '../../local/samples/parts.ts';
import { type LocalAws, startAws } from '../../local/stack/aws.ts';
import { snsEvent } from '../../local/stack/events.ts';
import { readPage } from '../docs/markdown.ts';
import { coldStart, contextOf } from '../support/cold-start.ts';
import { COMPILED } from '../support/compiled.ts';
import { PAID } from '../support/notification.ts';
import { drain } from '../support/queue.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const EXAMPLE = path.join(ROOT, 'examples/order-subscriber');

let aws: LocalAws;
let handler: (event: SNSEvent) => Promise<void>;
let orders = 0;

beforeAll(async () => {
  aws = await startAws();
  for (const [name, value] of Object.entries(aws.environment)) vi.stubEnv(name, value);
  vi.stubEnv('ORDERS_TABLE', aws.ordersTable);
  vi.spyOn(console, 'log').mockImplementation(() => undefined);
  ({ handler } = await import('../../examples/order-subscriber/handler.ts'));
});

afterAll(async () => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  await aws.close();
});

/** Puts an open order into the table and returns its id. */
async function openOrder(changes: Record<string, { S: string } | { N: string }> = {}): Promise<string> {
  const tpOrderId = `order-${++orders}`;
  const Item = {
    tpOrderId: { S: tpOrderId },
    totalMoney: { N: '11300' },
    orderStatus: { S: 'OPEN' },
    ...changes,
  };
  await aws.dynamodb.send(new PutItemCommand({ TableName: aws.ordersTable, Item }));
  return tpOrderId;
}

async function statusOf(tpOrderId: string): Promise<string | undefined> {
  const Key = { tpOrderId: { S: tpOrderId } };
  const { Item } = await aws.dynamodb.send(new GetItemCommand({ TableName: aws.ordersTable, Key }));
  return Item?.['orderStatus']?.S;
}

/** The orders of the README: as the order system writes it, and as it is when it is marked. */
const [OPEN, MARKED] = readPage('examples/order-subscriber/README.md')
  .blocks.filter(({ language }) => language === 'json')
  .map(({ text }) => JSON.parse(text)) as [Record<string, unknown>, Record<string, unknown>];

/** A message of the status topic about an order of the merchant's. */
const message = (tpOrderId: string, changes: Record<string, unknown> = {}) => ({
  eventType: 'payment-status',
  orderId: PAID['orderId'],
  siteId: PAID['userId'],
  tpOrderId,
  payment: { status: 'PAID', code: 1, description: '' },
  refund: { status: 'NONE', code: -1, description: '' },
  verification: { status: 'NOT_VERIFIED', code: -1, description: '' },
  notification: { ...PAID, tpOrderId },
  observedAt: '2026-01-01T00:00:00.000Z',
  ...changes,
});

const receive = (body: unknown) =>
  handler(snsEvent(typeof body === 'string' ? body : JSON.stringify(body)) as unknown as SNSEvent);

describe('the order subscriber', () => {
  test('makes the marked order of the README of the open one, with when and by what', async () => {
    const documents = DynamoDBDocumentClient.from(aws.dynamodb);
    const { tpOrderId } = OPEN;
    await documents.send(new PutCommand({ TableName: aws.ordersTable, Item: OPEN }));
    await receive(message(String(tpOrderId)));
    const get = new GetCommand({ TableName: aws.ordersTable, Key: { tpOrderId } });
    expect((await documents.send(get)).Item).toEqual(MARKED);
    expect(MARKED).toEqual({
      ...{ ...OPEN, orderStatus: 'PAID', paidAt: Number(PAID['payTime']) },
      ...{ baiduOrderId: PAID['orderId'], baiduSiteId: PAID['userId'] },
    });
  });

  test('does nothing the second time, nor when the order has moved on since', async () => {
    const tpOrderId = await openOrder();
    await receive(message(tpOrderId));
    await receive(message(tpOrderId));
    const Item = {
      ...{ tpOrderId: { S: tpOrderId }, totalMoney: { N: '11300' }, orderStatus: { S: 'SHIPPED' } },
      baiduOrderId: { S: PAID['orderId'] ?? '' },
    };
    await aws.dynamodb.send(new PutItemCommand({ TableName: aws.ordersTable, Item }));
    await receive(message(tpOrderId));
    expect(await statusOf(tpOrderId)).toBe('SHIPPED');
  });

  test('marks once, when ten copies come at once', async () => {
    const tpOrderId = await openOrder();
    const log = vi.mocked(console.log);
    log.mockClear();
    await Promise.all(Array.from({ length: 10 }, () => receive(message(tpOrderId))));
    const outcomes = log.mock.calls.map(([line]) => JSON.parse(line).message).sort();
    expect(outcomes).toEqual([...Array(9).fill('already'), 'marked']);
  });

  test.each([
    ['unpaid', { payment: { status: 'UNPAID' } }],
    ['unknown', { payment: { status: 'UNKNOWN' } }],
    ['refunded', { refund: { status: 'REFUNDED' } }],
    ['being refunded', { refund: { status: 'PROCESSING' } }],
    ['another event', { eventType: 'something-else' }],
  ])('leaves an order open that is %s', async (_name, changes) => {
    const tpOrderId = await openOrder();
    await receive(message(tpOrderId, changes));
    expect(await statusOf(tpOrderId)).toBe('OPEN');
  });

  test('takes no payment for an order that is not there', async () => {
    await expect(receive(message('stranger'))).rejects.toMatchObject({ name: 'UNKNOWN_ORDER' });
    expect(await statusOf('stranger')).toBeUndefined();
  });

  test.each(['11299', '1', '0'])('takes no %s fen for an order of 11300', async (totalMoney) => {
    const tpOrderId = await openOrder();
    const paid = message(tpOrderId, { notification: { ...PAID, tpOrderId, totalMoney } });
    await expect(receive(paid)).rejects.toMatchObject({ name: 'WRONG_AMOUNT' });
    expect(await statusOf(tpOrderId)).toBe('OPEN');
  });

  test('says that an order was paid twice, or was closed', async () => {
    const paid = await openOrder();
    await receive(message(paid));
    await expect(receive(message(paid, { orderId: '7' }))).rejects.toMatchObject({ name: 'PAID_TWICE' });
    const closed = await openOrder({ orderStatus: { S: 'CLOSED' } });
    await expect(receive(message(closed))).rejects.toMatchObject({ name: 'PAID_TWICE' });
    expect(await statusOf(closed)).toBe('CLOSED');
  });

  test('does not guess whose payment a look-up has found', async () => {
    const body = message('x', { notification: undefined, tpOrderId: undefined });
    await expect(receive(body)).rejects.toMatchObject({ name: 'NO_NOTIFICATION' });
  });

  test.each([
    ['nonsense'],
    ['[]'],
    ['null'],
    [message('x', { payment: undefined })],
    [message('x', { refund: { status: 1 } })],
    [message('x', { orderId: 1920891312 })],
    [message('x', { notification: 'text' })],
    [message('x', { notification: { ...PAID, totalMoney: '-1' } })],
    [message('x', { notification: { ...PAID, tpOrderId: '' } })],
  ])('refuses %j', async (body) => {
    await expect(receive(body)).rejects.toMatchObject({ name: 'BAD_MESSAGE' });
  });

  test('throws on what DynamoDB throws, so that the message comes again', async () => {
    const { createOrders } = await import('../../examples/order-subscriber/orders.ts');
    const payment = { tpOrderId: 'x', totalMoney: '1', orderId: '1', siteId: '1', payTime: '1' };
    await expect(createOrders('absent')(payment)).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
  });

  test('understands what confirm publishes', async () => {
    const parts = await startSampleParts();
    const confirm = await coldStart('confirm', { ...parts.environment, LOG_LEVEL: 'SILENT' });
    await confirm(
      JSON.parse(await readFile(path.join(ROOT, 'events/confirm-sqs.json'), 'utf8')),
      contextOf(),
    );
    const [published] = await drain(parts.aws.sqs, parts.aws.subscriberQueueUrl);
    await parts.close();
    const { readPayment } = await import('../../examples/order-subscriber/message.ts');
    expect(readPayment(JSON.stringify(published))).toEqual({
      tpOrderId: '18607895241',
      totalMoney: '1',
      orderId: '2645985458',
      siteId: '3269234686470',
      payTime: '1542124311',
    });
  });

  test('packages, with the filter policy, and lets Lambda read the zip, whatever the umask', async () => {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'subscriber-'));
    try {
      await cp(EXAMPLE, folder, { recursive: true, filter: (file) => !file.includes('node_modules') });
      await symlink(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'));
      const osls = path.join(ROOT, 'node_modules/serverless/bin/serverless.js');
      const topic = 'arn:aws-cn:sns:cn-north-1:123456789012:StatusTopic';
      const script = 'umask 077 && exec "$0" "$@"';
      const command = [process.execPath, osls, 'package', '--param', `statusTopicArn=${topic}`];
      await promisify(execFile)('sh', ['-c', script, ...command], {
        cwd: folder,
        env: { PATH: process.env['PATH'], HOME: folder, CI: '1', ...COMPILED },
      });
      const file = path.join(folder, '.serverless/cloudformation-template-update-stack.json');
      const { Resources } = JSON.parse(await readFile(file, 'utf8')) as {
        Resources: Record<string, { Type: string; Properties: Record<string, unknown> }>;
      };
      const [subscription] = Object.values(Resources).filter(({ Type }) => Type === 'AWS::SNS::Subscription');
      expect(subscription?.Properties).toMatchObject({
        TopicArn: topic,
        FilterPolicy: { payment: ['PAID'], refund: ['NONE'] },
      });
      const zip = await openPromise(path.join(folder, '.serverless/order-subscriber.zip'));
      const modes: Record<string, string> = {};
      for await (const { fileName, externalFileAttributes } of zip.eachEntry()) {
        modes[fileName] = ((externalFileAttributes >>> 16) & 0o777).toString(8);
      }
      expect(modes).toEqual({ 'handler.js': '644' });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
