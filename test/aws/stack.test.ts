import { CreateStackCommand, DeleteStackCommand, UpdateStackCommand } from '@aws-sdk/client-cloudformation';
import { CreateSecretCommand } from '@aws-sdk/client-secrets-manager';
import { ListTopicsCommand, SubscribeCommand } from '@aws-sdk/client-sns';
import { CreateQueueCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { AWS_ENVIRONMENT } from '../../local/stack/aws.ts';
import { notifyEvent, sqsEvent } from '../../local/stack/events.ts';
import { startWorker } from '../../local/stack/worker.ts';
import { startBaidu } from '../support/baidu.ts';
import { paying } from '../support/confirming.ts';
import { PAID, signedForm } from '../support/notification.ts';
import { drain } from '../support/queue.ts';
import { type Sandbox, startSandbox } from '../support/sandbox.ts';
import { platformKey, SECRET } from '../support/world.ts';
import { packageTemplate } from '../template/package.ts';
import { Deployed, SERVICE } from './deployed.ts';
import type { Engine } from './engine.ts';
import { partForMoto, startMoto } from './moto.ts';

const CAPABILITIES = ['CAPABILITY_IAM' as const, 'CAPABILITY_NAMED_IAM' as const];

let moto: Engine;
let deployed: Deployed;
beforeAll(async () => {
  moto = await startMoto(inject('tools').python);
  deployed = new Deployed(moto.url);
  const TemplateBody = await templateFor({});
  await deployed.stacks.send(
    new CreateStackCommand({ StackName: SERVICE, TemplateBody, Capabilities: CAPABILITIES }),
  );
});
afterAll(() => moto.close());

async function templateFor(params: Record<string, string>): Promise<string> {
  return JSON.stringify(partForMoto((await packageTemplate({ params })).template));
}

async function outputs(): Promise<Record<string, string>> {
  const { status, outputs: all } = await deployed.describe();
  expect(status).toMatch(/^(CREATE|UPDATE)_COMPLETE$/);
  return all;
}

test('the template makes the queues and the table that it promises, and its outputs name them', async () => {
  const { PaymentQueueUrl, PaymentQueueArn, DeadLetterQueueUrl, DeadLetterQueueArn, StatusTopicArn } =
    await outputs();
  const queue = await deployed.attributesOf(PaymentQueueUrl);
  expect(queue).toMatchObject({ QueueArn: PaymentQueueArn, VisibilityTimeout: '180' });
  expect(JSON.parse(queue['RedrivePolicy'] ?? '{}')).toMatchObject({
    deadLetterTargetArn: DeadLetterQueueArn,
    maxReceiveCount: 5,
  });
  expect(await deployed.attributesOf(DeadLetterQueueUrl)).toMatchObject({
    MessageRetentionPeriod: '1209600',
  });
  const {
    LEDGER_TABLE: TableName,
    PAYMENT_TOPIC_ARN,
    PAYMENT_QUEUE_URL,
  } = await deployed.variablesOf('confirm');
  expect([PAYMENT_TOPIC_ARN, PAYMENT_QUEUE_URL]).toEqual([StatusTopicArn, PaymentQueueUrl]);
  expect(StatusTopicArn).toMatch(/^arn:aws-cn:sns:cn-north-1:/);
  const table = await deployed.table(TableName);
  expect(table?.GlobalSecondaryIndexes?.map(({ IndexName }) => IndexName)).toEqual(['merchantOrder']);
});

test('the functions work with the variables that they are deployed with, and filter policies choose messages', async () => {
  const { StatusTopicArn = '', PaymentQueueUrl = '' } = await outputs();
  const baidu = await startBaidu();
  const secret = {
    Name: (await deployed.variablesOf('notify'))['BAIDU_SECRET_ID'],
    SecretString: JSON.stringify(SECRET),
  };
  await deployed.secrets.send(new CreateSecretCommand(secret));
  const [all, refunded] = [await subscribe(StatusTopicArn, {}), await subscribe(StatusTopicArn, REFUNDED)];
  const [notify, confirm] = [await start('notify', baidu.url), await start('confirm', baidu.url)];
  const worker = startWorker({
    ...{ sqs: deployed.sqs, queueUrl: PaymentQueueUrl },
    handler: async (messages) => {
      const { batchItemFailures } = await confirm.invoke(sqsEvent(messages));
      return new Set(batchItemFailures.map((each: { itemIdentifier: string }) => each.itemIdentifier));
    },
  });
  try {
    baidu.always(paying(1));
    const event = notifyEvent(signedForm({ ...PAID, orderId: '1' }, platformKey));
    expect(await notify.invoke(event), notify.output.join('\n')).toMatchObject({ statusCode: 200 });
    const told: Record<string, unknown>[] = [];
    while (told.length === 0) told.push(...(await drain(deployed.sqs, all)));
    expect(told, confirm.output.join('\n')).toMatchObject([
      { orderId: '1', payment: { status: 'PAID' }, tpOrderId: PAID['tpOrderId'] },
    ]);
    expect(await drain(deployed.sqs, refunded)).toEqual([]);
  } finally {
    await worker.stop();
    await Promise.all([notify.end(), confirm.end(), baidu.close()]);
  }
});

const REFUNDED = { FilterPolicy: JSON.stringify({ refund: ['REFUNDED'] }) };

/** A queue of its own at the topic. */
async function subscribe(TopicArn: string, attributes: Record<string, string>): Promise<string> {
  const QueueName = `subscriber-${Object.keys(attributes).length}`;
  const { QueueUrl = '' } = await deployed.sqs.send(new CreateQueueCommand({ QueueName }));
  const { QueueArn: Endpoint } = await deployed.attributesOf(QueueUrl);
  const Attributes = { RawMessageDelivery: 'true', ...attributes };
  await deployed.sns.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint, Attributes }));
  return QueueUrl;
}

/** A function as it is deployed, whose AWS is moto. */
async function start(name: 'notify' | 'confirm', baiduUrl: string): Promise<Sandbox> {
  const variables = await deployed.variablesOf(name);
  // The client asks whom the queue's URL names.
  const PAYMENT_QUEUE_URL = moto.url + new URL(variables['PAYMENT_QUEUE_URL'] ?? '').pathname;
  const services = ['SQS', 'SNS', 'DYNAMODB', 'SECRETS_MANAGER'];
  const endpoints = services.map((service) => [`AWS_ENDPOINT_URL_${service}`, moto.url]);
  const env = { ...AWS_ENVIRONMENT, ...variables, ...Object.fromEntries(endpoints) };
  return startSandbox(
    inject('bundles')[name],
    { ...env, PAYMENT_QUEUE_URL, BAIDU_QUERY_URL: baiduUrl },
    { timeoutMs: 10_000 },
  );
}

test('an update changes the functions and leaves table, queues and topics where they are', async () => {
  const before = await outputs();
  const { LEDGER_TABLE } = await deployed.variablesOf('confirm');
  const TemplateBody = await templateFor({ ledgerDays: '30' });
  await deployed.stacks.send(
    new UpdateStackCommand({ StackName: SERVICE, TemplateBody, Capabilities: CAPABILITIES }),
  );
  expect(await outputs()).toEqual(before);
  expect(await deployed.variablesOf('confirm')).toMatchObject({ LEDGER_DAYS: '30', LEDGER_TABLE });
});

test('a deleted stack leaves the ledger and the queues, and nothing else', async () => {
  const { PaymentQueueUrl, DeadLetterQueueUrl } = await outputs();
  const { LEDGER_TABLE: TableName } = await deployed.variablesOf('confirm');
  await deployed.stacks.send(new DeleteStackCommand({ StackName: SERVICE }));
  for (const url of [PaymentQueueUrl, DeadLetterQueueUrl]) {
    expect(await deployed.attributesOf(url)).toHaveProperty('QueueArn');
  }
  const table = await deployed.table(TableName);
  expect(table?.TableStatus).toBe('ACTIVE');
  await expect(deployed.variablesOf('confirm')).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  expect((await deployed.sns.send(new ListTopicsCommand({}))).Topics ?? []).toEqual([]);
});
