import { writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { DescribeTableCommand } from '@aws-sdk/client-dynamodb';
import {
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
} from '@aws-sdk/client-sqs';
import type { SQSEvent } from 'aws-lambda';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openPromise } from 'yauzl';
import { createTopic } from '../../lib/aws/topic.ts';
import { sqsEvent } from '../../local/stack/events.ts';
import { CloudWatch } from '../alarms/cloudwatch.ts';
import { readPage } from '../docs/markdown.ts';
import { drain } from '../support/queue.ts';
import { message, openShop, type Shop } from './subscriber-shop.ts';
import { makeQueues, type Package, packageSubscriber, type Queues } from './subscriber-stack.ts';

let packaged: Package;
let shop: Shop;
let queues: Queues;
beforeAll(async () => {
  packaged = await packageSubscriber();
  const { PointInTimeRecoverySpecification: _, ...table } = packaged.find('AWS::DynamoDB::Table');
  shop = await openShop(table, async () => createRequire(import.meta.url)(await unzip(packaged)));
  queues = await makeQueues(packaged, shop.aws);
}, 120_000);
afterAll(async () => {
  await shop?.close();
  await packaged?.remove();
});

describe('the order subscriber, as it is packaged,', () => {
  /** What Lambda does with the queue: hands over what is there, deletes what did not fail. Resolves when it is empty. */
  async function work(): Promise<void> {
    const QueueUrl = queues.messagesUrl;
    for (;;) {
      const { Messages = [] } = await shop.aws.sqs.send(
        new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }),
      );
      if (Messages.length === 0) return;
      const records = Messages.map(({ MessageId = '', Body = '' }) => ({ messageId: MessageId, body: Body }));
      const { batchItemFailures } = await shop.handler(sqsEvent(records) as unknown as SQSEvent);
      const failed = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
      for (const { MessageId = '', ReceiptHandle } of Messages) {
        if (!failed.has(MessageId))
          await shop.aws.sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
      }
    }
  }
  const waiting = async () => {
    const command = new GetQueueAttributesCommand({
      QueueUrl: queues.deadLettersUrl,
      AttributeNames: ['ApproximateNumberOfMessages'],
    });
    return Number((await shop.aws.sqs.send(command)).Attributes?.['ApproximateNumberOfMessages']);
  };

  test('keeps what fits no order as a dead letter, and takes it up again when it is moved back', async () => {
    const publish = createTopic(shop.aws.statusTopicArn);
    const tpOrderId = '3028903626';
    const paid = message(tpOrderId);
    await publish(paid, { payment: 'PAID', refund: 'NONE', verification: 'NOT_VERIFIED' });
    await publish({ eventType: 'refund-audit', appId: '10026' }, {});
    await work();
    expect(shop.log.map((line) => line['message'])).toEqual(Array(20).fill('UNKNOWN_ORDER'));
    expect(await waiting()).toBe(1);
    await shop.putOrder({ tpOrderId });
    // What `aws sqs start-message-move-task` does, which the emulator does not know.
    for (const letter of await drain(shop.aws.sqs, queues.deadLettersUrl)) {
      const MessageBody = JSON.stringify(letter);
      await shop.aws.sqs.send(new SendMessageCommand({ QueueUrl: queues.messagesUrl, MessageBody }));
    }
    await work();
    expect(await shop.orderOf(tpOrderId)).toMatchObject({ orderStatus: 'PAID' });
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
      ...{ Threshold: 0, ComparisonOperator: 'GreaterThanThreshold', DatapointsToAlarm: 1 },
      Metrics: [
        { Expression: 'DIFF(SUM([FILL(visible, 0), FILL(hidden, 0)]))' },
        { Id: 'visible', ReturnData: false },
        { Id: 'hidden', ReturnData: false },
      ],
    });
  });

  test('sounds for a second dead letter while the first waits, and not for one that is looked at', () => {
    // As the metrics of the queue are, each minute: how many letters show, and how many somebody looks at.
    const minutes = [
      ...Array(10).fill([0, 0]),
      ...Array(8).fill([1, 0]),
      [0, 1],
      [1, 0],
      ...Array(8).fill([2, 0]),
    ];
    const cloudWatch = new CloudWatch({ Resources: packaged.resources, Outputs: {} });
    const sounding = minutes.flatMap(([visible, hidden], minute) => {
      cloudWatch.minute = minute;
      const queue = { QueueName: 'DeadLetters' };
      cloudWatch.put('AWS/SQS', 'ApproximateNumberOfMessagesVisible', queue, visible);
      cloudWatch.put('AWS/SQS', 'ApproximateNumberOfMessagesNotVisible', queue, hidden);
      return cloudWatch.sounds('DeadLettersNew') ? [minute] : [];
    });
    expect(sounding).toEqual([10, 11, 20, 21]);
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
    const { Table } = await shop.aws.dynamodb.send(new DescribeTableCommand({ TableName: shop.table }));
    expect(Table?.GlobalSecondaryIndexes?.map(({ IndexName }) => IndexName)).toEqual(['baiduOrder']);
    expect(JSON.stringify(Policies)).toContain('/index/baiduOrder');
  });

  test('has the outputs that the README reads, and lets Lambda read the zip, whatever the umask', async () => {
    const { text } = readPage('examples/order-subscriber/README.md');
    const read = [...text.matchAll(/subscriber_output (\w+)/g)].map(([, name]) => name);
    expect(read).not.toEqual([]);
    for (const name of read) expect(packaged.outputs).toHaveProperty(String(name));
    const modes: Record<string, string> = {};
    const zip = await openPromise(zipOf(packaged));
    for await (const { fileName, externalFileAttributes } of zip.eachEntry()) {
      modes[fileName] = ((externalFileAttributes >>> 16) & 0o777).toString(8);
    }
    expect(modes).toEqual({ 'handler.js': '644' });
  });
});

const zipOf = ({ folder }: Package) => path.join(folder, '.serverless/order-subscriber.zip');

/** Takes the function out of its zip, as Lambda does. */
async function unzip(of: Package): Promise<string> {
  const file = path.join(of.folder, 'handler.cjs');
  const zip = await openPromise(zipOf(of));
  for await (const entry of zip.eachEntry()) await writeFile(file, await zip.openReadStreamPromise(entry));
  return file;
}

const arnOf = (name: string) => ({ 'Fn::GetAtt': [name, 'Arn'] });
