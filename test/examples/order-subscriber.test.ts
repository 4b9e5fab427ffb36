import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { DescribeTableCommand } from '@aws-sdk/client-dynamodb';
import {
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
} from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient, GetCommand, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { openPromise } from 'yauzl';
import { createTopic } from '../../lib/aws/topic.ts';
import { startSampleParts } from '../../local/samples/parts.ts';
import { type LocalAws, startAws } from '../../local/stack/aws.ts';
import { sqsEvent } from '../../local/stack/events.ts';
import { readPage } from '../docs/markdown.ts';
import { coldStart, contextOf } from '../support/cold-start.ts';
import { PAID } from '../support/notification.ts';
import { drain } from '../support/queue.ts';
import { permutations } from './permutations.ts';
import { deploySubscriber, type Package, packageSubscriber, type Subscribed } from './subscriber-stack.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');

let aws: LocalAws;
let packaged: Package;
let stack: Subscribed;
let documents: DynamoDBDocumentClient;
let handler: (event: SQSEvent) => Promise<SQSBatchResponse>;
let orders = 0;
const log: Record<string, unknown>[] = [];

beforeAll(async () => {
  [aws, packaged] = await Promise.all([startAws(), packageSubscriber()]);
  stack = await deploySubscriber(packaged, aws);
  documents = DynamoDBDocumentClient.from(aws.dynamodb);
  for (const [name, value] of Object.entries(aws.environment)) vi.stubEnv(name, value);
  vi.stubEnv('ORDERS_TABLE', stack.table);
  const note = (line: string) => void log.push(JSON.parse(line));
  vi.spyOn(console, 'log').mockImplementation(note);
  vi.spyOn(console, 'error').mockImplementation(note);
  ({ handler } = await import('../../examples/order-subscriber/handler.ts'));
}, 60_000);

afterAll(async () => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  await aws.close();
  await packaged.remove();
});

beforeEach(() => {
  log.length = 0;
});

/** Puts an open order into the table and returns its id. */
async function openOrder(changes: Record<string, unknown> = {}): Promise<string> {
  const tpOrderId = `order-${++orders}`;
  const Item = { tpOrderId, totalMoney: 11300, orderStatus: 'OPEN', ...changes };
  await documents.send(new PutCommand({ TableName: stack.table, Item }));
  return tpOrderId;
}

async function orderOf(tpOrderId: string): Promise<Record<string, unknown> | undefined> {
  const get = new GetCommand({ TableName: stack.table, Key: { tpOrderId }, ConsistentRead: true });
  return (await documents.send(get)).Item;
}

/** The orders of the README: as the order system writes it, and as it is when it is marked. */
const [OPEN, MARKED] = readPage('examples/order-subscriber/README.md')
  .blocks.filter(({ language }) => language === 'json')
  .map(({ text }) => JSON.parse(text)) as [Record<string, unknown>, Record<string, unknown>];

const status = (name: string) => ({ status: name, code: 7, description: '' });

/** A message of the status topic about an order of the merchant's, paid by an order of Baidu's that nobody else has. */
const message = (tpOrderId: string, changes: Record<string, unknown> = {}) => ({
  eventType: 'payment-status',
  appId: '10026',
  orderId: `77${tpOrderId.replace(/\D/g, '')}`,
  siteId: PAID['userId'],
  tpOrderId,
  sequence: 1,
  changed: ['payment'],
  payment: status('PAID'),
  refund: status('NONE'),
  verification: status('NOT_VERIFIED'),
  notification: { ...PAID, tpOrderId },
  observedAt: '2026-01-01T00:00:00.000Z',
  ...changes,
});

/** Hands over messages as one batch; resolves with what came of each, and throws where not all of the rest failed. */
async function receive(...bodies: unknown[]): Promise<string[]> {
  const from = log.length;
  const records = bodies.map((body, index) => ({
    messageId: `message-${index}`,
    body: typeof body === 'string' ? body : JSON.stringify(body),
  }));
  const { batchItemFailures } = await handler(sqsEvent(records) as unknown as SQSEvent);
  const said = records.map(
    ({ messageId }) => log.slice(from).find((line) => line['messageId'] === messageId)?.['message'],
  );
  const failed = records.filter(
    (_, index) => !/^[a-z]+$/.test(String(said[index])) || said[index] === 'failed',
  );
  expect(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier)).toEqual(
    failed.map(({ messageId }) => messageId),
  );
  return said.map(String);
}

describe('the order subscriber', () => {
  test('makes the marked order of the README of the open one, with when and by what', async () => {
    const tpOrderId = String(OPEN['tpOrderId']);
    await documents.send(new PutCommand({ TableName: stack.table, Item: OPEN }));
    const orderId = PAID['orderId'] ?? '';
    expect(await receive(message(tpOrderId, { orderId, sequence: 1767225601 }))).toEqual(['marked']);
    expect(await orderOf(tpOrderId)).toEqual(MARKED);
    expect(MARKED).toMatchObject({
      ...{ ...OPEN, orderStatus: 'PAID', paidAt: Number(PAID['payTime']) },
      ...{ baiduOrderId: orderId, baiduSiteId: PAID['userId'] },
    });
  });

  test('does nothing the second time, nor when the order has moved on since', async () => {
    const tpOrderId = await openOrder();
    expect(await receive(message(tpOrderId))).toEqual(['marked']);
    expect(await receive(message(tpOrderId))).toEqual(['already']);
    const ship = { UpdateExpression: 'SET orderStatus = :s', ExpressionAttributeValues: { ':s': 'SHIPPED' } };
    await documents.send(new UpdateCommand({ TableName: stack.table, Key: { tpOrderId }, ...ship }));
    // After a crash at the wrong moment a message is repeated under a higher number.
    expect(await receive(message(tpOrderId, { sequence: 2 }))).toEqual(['noted']);
    expect(await orderOf(tpOrderId)).toMatchObject({ orderStatus: 'SHIPPED' });
  });

  test('marks once, when ten copies come at once', async () => {
    const tpOrderId = await openOrder();
    const outcomes = await receive(...Array.from({ length: 10 }, () => message(tpOrderId)));
    expect(outcomes.sort()).toEqual([...Array(9).fill('already'), 'marked']);
  });

  test.each([
    ['unpaid', { payment: status('UNPAID') }, 'noted'],
    ['unknown', { payment: status('UNKNOWN') }, 'noted'],
    ['refunded', { refund: status('REFUNDED') }, 'noted'],
    ['being refunded', { refund: status('PROCESSING') }, 'noted'],
    ['only asked for a refund', { eventType: 'refund-audit' }, 'ignored'],
  ])('leaves an order open that is %s', async (_name, changes, outcome) => {
    const tpOrderId = await openOrder();
    expect(await receive(message(tpOrderId, changes))).toEqual([outcome]);
    expect(await orderOf(tpOrderId)).toMatchObject({ orderStatus: 'OPEN' });
  });

  test('takes no payment for an order that is not there, and ignores what is no payment of one', async () => {
    const unpaid = message('stranger', { payment: status('UNPAID') });
    const refunded = message('stranger', { refund: status('REFUNDED') });
    expect(await receive(message('stranger'), unpaid, refunded)).toEqual([
      'UNKNOWN_ORDER',
      'ignored',
      'ignored',
    ]);
    expect(await orderOf('stranger')).toBeUndefined();
  });

  test.each(['11299', '1', '0', '', '-1', undefined])(
    'takes no %s fen for an order of 11300',
    async (money) => {
      const tpOrderId = await openOrder();
      const paid = message(tpOrderId, { notification: { ...PAID, tpOrderId, totalMoney: money } });
      expect(await receive(paid)).toEqual(['WRONG_AMOUNT']);
      expect(await orderOf(tpOrderId)).not.toHaveProperty('version');
    },
  );

  test('says that an order was paid twice, or was closed, until that is paid back', async () => {
    const paid = await openOrder();
    expect(await receive(message(paid))).toEqual(['marked']);
    expect(await receive(message(paid, { orderId: '7' }))).toEqual(['PAID_TWICE']);
    expect(await receive(message(paid, { orderId: '7', sequence: 2, refund: status('REFUNDED') }))).toEqual([
      'noted',
    ]);
    expect(await receive(message(paid, { orderId: '7' }))).toEqual(['already']);
    const closed = await openOrder({ orderStatus: 'CLOSED' });
    expect(await receive(message(closed))).toEqual(['PAID_TWICE']);
    expect(await orderOf(closed)).toMatchObject({ orderStatus: 'CLOSED' });
  });

  test('finds an order by Baidu’s id where a look-up of a redeemed one names no other', async () => {
    const tpOrderId = await openOrder();
    const { orderId } = message(tpOrderId);
    const nameless = { tpOrderId: undefined, notification: undefined };
    const redeemed = message(tpOrderId, {
      ...{ ...nameless, sequence: 2, verification: status('VERIFIED') },
    });
    expect(await receive(redeemed)).toEqual(['UNKNOWN_ORDER']);
    expect(await receive(message(tpOrderId))).toEqual(['marked']);
    expect(await receive(redeemed)).toEqual(['noted']);
    expect(await orderOf(tpOrderId)).toMatchObject({
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
    const tpOrderId = await openOrder();
    expect(await receive('nonsense', message(tpOrderId))).toEqual(['BAD_MESSAGE', 'marked']);
  });

  test('fails where DynamoDB does, and says so without a word of the message', async () => {
    vi.resetModules();
    vi.stubEnv('ORDERS_TABLE', 'absent');
    const { handler: astray } = await import('../../examples/order-subscriber/handler.ts');
    vi.stubEnv('ORDERS_TABLE', stack.table);
    const event = sqsEvent([{ messageId: 'one', body: JSON.stringify(message('x')) }]);
    expect(await astray(event as unknown as SQSEvent)).toEqual({
      batchItemFailures: [{ itemIdentifier: 'one' }],
    });
    expect(log).toEqual([
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
      const tpOrderId = await openOrder();
      const said: string[] = [];
      for (const change of [...some, ...some]) said.push(...(await receive(message(tpOrderId, change))));
      await expectLast(tpOrderId, changes.at(-1) ?? {}, said);
    }
  });

  test('and at once', async () => {
    const changes = [UNPAID, PAYED, REFUNDING, PAID_AGAIN, REFUNDED];
    for (let time = 0; time < 5; time++) {
      const tpOrderId = await openOrder();
      const said = await receive(...[...changes, ...changes].map((change) => message(tpOrderId, change)));
      await expectLast(tpOrderId, REFUNDED, said);
    }
  });

  async function expectLast(tpOrderId: string, last: Record<string, unknown>, said: readonly string[]) {
    const { orderId, sequence, payment, refund, verification } = message(tpOrderId, last);
    const order = await orderOf(tpOrderId);
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

describe('what is packaged', () => {
  /** What Lambda does with the queue: hands over what is there, deletes what did not fail. Resolves when it is empty. */
  async function work(): Promise<void> {
    const QueueUrl = stack.queueUrl;
    for (;;) {
      const { Messages = [] } = await aws.sqs.send(
        new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }),
      );
      if (Messages.length === 0) return;
      const records = Messages.map(({ MessageId = '', Body = '' }) => ({ messageId: MessageId, body: Body }));
      const { batchItemFailures } = await handler(sqsEvent(records) as unknown as SQSEvent);
      const failed = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
      for (const { MessageId = '', ReceiptHandle } of Messages) {
        if (!failed.has(MessageId)) await aws.sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
      }
    }
  }
  const waiting = async () => {
    const command = new GetQueueAttributesCommand({
      QueueUrl: stack.deadLettersUrl,
      AttributeNames: ['ApproximateNumberOfMessages'],
    });
    return Number((await aws.sqs.send(command)).Attributes?.['ApproximateNumberOfMessages']);
  };

  test('keeps what fits no order as a dead letter, and takes it up again when it is moved back', async () => {
    const publish = createTopic(aws.statusTopicArn);
    const tpOrderId = `order-${orders + 1}`;
    const paid = message(tpOrderId);
    await publish(paid, { payment: 'PAID', refund: 'NONE', verification: 'NOT_VERIFIED' });
    await publish({ eventType: 'refund-audit', appId: '10026' }, {});
    await work();
    expect(log.map((line) => line['message'])).toEqual(Array(20).fill('UNKNOWN_ORDER'));
    expect(await waiting()).toBe(1);
    expect(await openOrder()).toBe(tpOrderId);
    // What `aws sqs start-message-move-task` does, which the emulator does not know.
    for (const letter of await drain(aws.sqs, stack.deadLettersUrl)) {
      const MessageBody = JSON.stringify(letter);
      await aws.sqs.send(new SendMessageCommand({ QueueUrl: stack.queueUrl, MessageBody }));
    }
    await work();
    expect(await orderOf(tpOrderId)).toMatchObject({ orderStatus: 'PAID' });
    expect(await waiting()).toBe(0);
  });

  test('reads a queue of the topic, by batches in which one may fail', () => {
    expect(packaged.find('AWS::SNS::Subscription')).toEqual({
      TopicArn: 'arn:aws-cn:sns:cn-north-1:123456789012:StatusTopic',
      Protocol: 'sqs',
      Endpoint: arnOf('Messages'),
      RawMessageDelivery: true,
      FilterPolicy: { eventType: ['payment-status'] },
      RedrivePolicy: { deadLetterTargetArn: arnOf('DeadLetters') },
    });
    expect(packaged.find('AWS::Lambda::EventSourceMapping')).toMatchObject({
      EventSourceArn: arnOf('Messages'),
      FunctionResponseTypes: ['ReportBatchItemFailures'],
    });
    const { VisibilityTimeout } = packaged.find('AWS::SQS::Queue', 'Messages');
    const { Timeout } = packaged.find('AWS::Lambda::Function');
    expect(Number(VisibilityTimeout)).toBeGreaterThanOrEqual(6 * Number(Timeout));
  });

  test('lets SNS send to both queues, from this topic only', () => {
    const { Queues, PolicyDocument } = packaged.find('AWS::SQS::QueuePolicy') as {
      Queues: unknown;
      PolicyDocument: { Statement: Record<string, unknown>[] };
    };
    expect(Queues).toEqual([{ Ref: 'Messages' }, { Ref: 'DeadLetters' }]);
    expect(PolicyDocument.Statement).toEqual([
      {
        Effect: 'Allow',
        Principal: { Service: 'sns.amazonaws.com' },
        Action: 'sqs:SendMessage',
        Resource: [arnOf('Messages'), arnOf('DeadLetters')],
        Condition: {
          ArnEquals: { 'aws:SourceArn': 'arn:aws-cn:sns:cn-north-1:123456789012:StatusTopic' },
        },
      },
    ]);
  });

  test('sounds for each new dead letter, and for one that was forgotten', () => {
    const alarms = Object.values(packaged.resources).filter(({ Type }) => Type === 'AWS::CloudWatch::Alarm');
    expect(alarms.map(({ Properties }) => Properties['AlarmName'])).toEqual([
      'order-subscriber-dev-dead-letters-new',
      'order-subscriber-dev-dead-letters-waiting',
    ]);
    for (const { Properties } of alarms) {
      expect(JSON.stringify(Properties['Metrics'])).toContain('"Fn::GetAtt":["DeadLetters","QueueName"]');
      expect(Properties['AlarmActions']).toEqual({
        'Fn::If': ['HasAlarmTopic', [''], { Ref: 'AWS::NoValue' }],
      });
    }
    expect(alarms[0]?.Properties).toMatchObject({
      ...{ Threshold: 0, ComparisonOperator: 'GreaterThanThreshold', EvaluationPeriods: 1 },
      Metrics: [{ Expression: 'DIFF(FILL(waiting, 0))' }, { Id: 'waiting', ReturnData: false }],
    });
  });

  test('may do no more than it does, and finds its index', async () => {
    const { Policies } = packaged.find('AWS::IAM::Role') as {
      Policies: { PolicyDocument: { Statement: { Action: string[] | string }[] } }[];
    };
    const actions = Policies.flatMap(({ PolicyDocument }) => PolicyDocument.Statement).flatMap(
      ({ Action }) => Action,
    );
    expect(actions.filter((action) => action.startsWith('dynamodb:')).sort()).toEqual([
      ...['dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:UpdateItem'],
    ]);
    const { Table } = await aws.dynamodb.send(new DescribeTableCommand({ TableName: stack.table }));
    expect(Table?.GlobalSecondaryIndexes?.map(({ IndexName }) => IndexName)).toEqual(['baiduOrder']);
    expect(JSON.stringify(Policies)).toContain('/index/baiduOrder');
  });

  test('has the outputs that the README reads, and lets Lambda read the zip, whatever the umask', async () => {
    const { text } = readPage('examples/order-subscriber/README.md');
    const read = [...text.matchAll(/subscriber_output (\w+)/g)].map(([, name]) => name);
    expect(read).not.toEqual([]);
    for (const name of read) expect(packaged.outputs).toHaveProperty(String(name));
    const zip = await openPromise(path.join(packaged.folder, '.serverless/order-subscriber.zip'));
    const modes: Record<string, string> = {};
    for await (const { fileName, externalFileAttributes } of zip.eachEntry()) {
      modes[fileName] = ((externalFileAttributes >>> 16) & 0o777).toString(8);
    }
    expect(modes).toEqual({ 'handler.js': '644' });
  });
});

// The last one: it points the environment at other emulators.
test('the order subscriber understands what confirm publishes', async () => {
  const parts = await startSampleParts();
  const confirm = await coldStart('confirm', { ...parts.environment, LOG_LEVEL: 'SILENT' });
  await confirm(JSON.parse(await readFile(path.join(ROOT, 'events/confirm-sqs.json'), 'utf8')), contextOf());
  const [published] = await drain(parts.aws.sqs, parts.aws.subscriberQueueUrl);
  await parts.close();
  const Item = { tpOrderId: '18607895241', totalMoney: 1, orderStatus: 'OPEN' };
  await documents.send(new PutCommand({ TableName: stack.table, Item }));
  expect(await receive(published)).toEqual(['marked']);
  expect(await orderOf('18607895241')).toMatchObject({
    ...{ orderStatus: 'PAID', paidAt: 1542124311, baiduOrderId: '2645985458', baiduSiteId: '3269234686470' },
  });
});

const arnOf = (name: string) => ({ 'Fn::GetAtt': [name, 'Arn'] });
