import {
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { AWS_ENVIRONMENT, type LocalAws, startAws } from '../../local/stack/aws.ts';
import { notifyEvent, sqsEvent } from '../../local/stack/events.ts';
import { startWorker } from '../../local/stack/worker.ts';
import { commandsOf } from '../docs/commands.ts';
import { readPage } from '../docs/markdown.ts';
import { paying } from '../support/confirming.ts';
import { PAID, signedForm } from '../support/notification.ts';
import { drain } from '../support/queue.ts';
import { startShell } from '../support/shell.ts';
import { platformKey } from '../support/world.ts';
import { startWorld } from '../support/worlds.ts';
import { type Engine, startEngine } from './engine.ts';

let elasticmq: Engine;
let local: LocalAws;
let other: SQSClient;
beforeAll(async () => {
  local = await startAws();
  const properties = (port: number) => ({
    'rest-sqs.bind-hostname': '127.0.0.1',
    'rest-sqs.bind-port': port,
    'node-address.host': '127.0.0.1',
    'node-address.port': port,
    'rest-stats.enabled': false,
    'aws.region': AWS_ENVIRONMENT.AWS_REGION,
  });
  elasticmq = await startEngine('java', (port) => [
    ...Object.entries(properties(port)).map(([name, value]) => `-D${name}=${value}`),
    ...['-cp', inject('tools').elasticmq, 'org.elasticmq.server.Main'],
  ]);
  other = new SQSClient({
    ...{ region: AWS_ENVIRONMENT.AWS_REGION, endpoint: elasticmq.url },
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
});
afterAll(async () => {
  other.destroy();
  await Promise.all([elasticmq.close(), local.close()]);
});

let count = 0;

/** Makes a queue with a dead-letter queue of its own, as `resources/queues.yml` does. */
async function makeQueue(sqs: SQSClient, visibilitySeconds: number) {
  const { endpoint } = sqs.config;
  const { protocol = 'http:', hostname = '', port } = (await endpoint?.()) ?? {};
  const create = async (QueueName: string, Attributes: Record<string, string>) => {
    const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName, Attributes }));
    return `${protocol}//${hostname}:${port}${new URL(QueueUrl).pathname}`;
  };
  const number = ++count;
  const deadLetterQueueUrl = await create(`dead-${number}`, {});
  const queueUrl = await create(`payments-${number}`, {
    VisibilityTimeout: String(visibilitySeconds),
    RedrivePolicy: JSON.stringify({
      deadLetterTargetArn: await arnOf(sqs, deadLetterQueueUrl),
      maxReceiveCount: 5,
    }),
  });
  return { queueUrl, deadLetterQueueUrl };
}

async function arnOf(sqs: SQSClient, QueueUrl: string): Promise<string> {
  const asked = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] });
  return (await sqs.send(asked)).Attributes?.['QueueArn'] ?? '';
}

describe.each([
  ['fauxqs', () => local.sqs],
  ['ElasticMQ', () => other],
] as const)('a queue of %s', (_name, of) => {
  const receive = async (QueueUrl: string, WaitTimeSeconds = 0) => {
    const { Messages = [] } = await of().send(
      new ReceiveMessageCommand({
        ...{ QueueUrl, WaitTimeSeconds, MaxNumberOfMessages: 10 },
        MessageSystemAttributeNames: ['ApproximateReceiveCount'],
      }),
    );
    return Messages;
  };
  const send = (QueueUrl: string, MessageBody: string, DelaySeconds?: number) =>
    of().send(new SendMessageCommand({ QueueUrl, MessageBody, ...(DelaySeconds && { DelaySeconds }) }));

  test('hides what it has handed out, until its time is over or it is given back, and counts', async () => {
    const { queueUrl } = await makeQueue(of(), 2);
    await send(queueUrl, 'a');
    const [first] = await receive(queueUrl);
    expect(first?.Attributes).toMatchObject({ ApproximateReceiveCount: '1' });
    expect(await receive(queueUrl)).toEqual([]);
    const [second] = await receive(queueUrl, 10);
    expect(second?.Attributes).toMatchObject({ ApproximateReceiveCount: '2' });
    const { ReceiptHandle } = second ?? {};
    await of().send(
      new ChangeMessageVisibilityCommand({ QueueUrl: queueUrl, ReceiptHandle, VisibilityTimeout: 0 }),
    );
    const [third] = await receive(queueUrl);
    expect(third?.Attributes).toMatchObject({ ApproximateReceiveCount: '3' });
    const done = new DeleteMessageCommand({ QueueUrl: queueUrl, ReceiptHandle: third?.ReceiptHandle });
    await of().send(done);
    expect(await receive(queueUrl, 3)).toEqual([]);
  });

  test('holds back what was sent with a delay', async () => {
    const { queueUrl } = await makeQueue(of(), 30);
    await send(queueUrl, 'later', 2);
    expect(await receive(queueUrl)).toEqual([]);
    expect((await receive(queueUrl, 10)).map(({ Body }) => Body)).toEqual(['later']);
  });

  test('hands out a message five times, and then lays it among the dead letters', async () => {
    const { queueUrl, deadLetterQueueUrl } = await makeQueue(of(), 0);
    await send(queueUrl, 'a');
    for (let delivery = 1; delivery <= 5; delivery++) expect(await receive(queueUrl)).toHaveLength(1);
    expect(await receive(deadLetterQueueUrl)).toEqual([]);
    expect(await receive(queueUrl)).toEqual([]);
    expect((await receive(deadLetterQueueUrl)).map(({ Body }) => Body)).toEqual(['a']);
  });

  test('takes and gives batches of ten, and no more', async () => {
    const { queueUrl: QueueUrl } = await makeQueue(of(), 30);
    const entries = (length: number) =>
      Array.from({ length }, (_, index) => ({ Id: String(index), MessageBody: `m${index}` }));
    await of().send(new SendMessageBatchCommand({ QueueUrl, Entries: entries(10) }));
    const tooMany = new SendMessageBatchCommand({ QueueUrl, Entries: entries(11) });
    await expect(of().send(tooMany)).rejects.toThrow();
    await send(QueueUrl, 'm10');
    const all = [...(await receive(QueueUrl)), ...(await receive(QueueUrl))];
    expect(new Set(all.map(({ Body }) => Body)).size).toBe(11);
    const tooHungry = new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 11 });
    await expect(of().send(tooHungry)).rejects.toThrow();
  });

  test('takes the largest message that notify sends, as it is, and refuses one over 1 MiB', async () => {
    const { queueUrl } = await makeQueue(of(), 30);
    const body = JSON.stringify({ text: '\\u4e2d"'.repeat(31_000) });
    expect(body.length).toBeGreaterThan(250_000);
    await send(queueUrl, body);
    expect((await receive(queueUrl))[0]?.Body).toBe(body);
    await expect(send(queueUrl, 'x'.repeat(1_048_577))).rejects.toThrow();
  });
});

test('ElasticMQ moves dead letters back by the commands that alarms.md prints', async () => {
  const { queueUrl, deadLetterQueueUrl } = await makeQueue(other, 30);
  for (const MessageBody of ['1', '2']) {
    await other.send(new SendMessageCommand({ QueueUrl: deadLetterQueueUrl, MessageBody }));
  }
  const { AWS_REGION: AWS_DEFAULT_REGION, ...credentials } = AWS_ENVIRONMENT;
  const environment = { ...credentials, AWS_DEFAULT_REGION, PATH: process.env['PATH'] ?? '' };
  const shell = startShell({ folder: '/', environment });
  try {
    await shell.run(`aws() { '${inject('tools').python}/aws' --endpoint-url '${elasticmq.url}' "$@"; }`);
    await shell.run(`output() {
      case $1 in PaymentQueueArn) echo '${await arnOf(other, queueUrl)}' ;; *) echo '${await arnOf(other, deadLetterQueueUrl)}' ;; esac
    }`);
    const commands = commandsOf(readPage('docs/operations/alarms.md'));
    const moving = commands.filter((command) => command.includes('-message-move-task'));
    expect(moving).toHaveLength(2);
    for (const command of moving) {
      const { code, screen } = await shell.run(command);
      expect(code, screen).toBe(0);
      expect(screen).toMatch(/"TaskHandle"|"Results"/);
    }
  } finally {
    await shell.close();
  }
  const moved = new Set<unknown>();
  while (moved.size < 2) for (const body of await drain(other, queueUrl)) moved.add(body);
  expect(moved).toEqual(new Set([1, 2]));
});

test('the way from the webhook to the topic, over ElasticMQ: told once, and what stays unpaid ends as a dead letter', async () => {
  const { queueUrl, deadLetterQueueUrl } = await makeQueue(other, 1);
  const world = await startWorld();
  const env = { AWS_ENDPOINT_URL_SQS: elasticmq.url, PAYMENT_QUEUE_URL: queueUrl };
  const [notify, confirm] = [world.sandbox('notify', env), world.sandbox('confirm', env, 10_000)];
  world.baidu.always((request, response) => {
    const orderId = new URLSearchParams(request.url?.split('?')[1]).get('orderId');
    paying(orderId === '2' ? -1 : 1)(request, response);
  });
  const worker = startWorker({
    ...{ sqs: other, queueUrl, retrySeconds: 0 },
    handler: async (messages) => {
      const { batchItemFailures } = await confirm.invoke(sqsEvent(messages));
      return new Set(batchItemFailures.map((each: { itemIdentifier: string }) => each.itemIdentifier));
    },
  });
  try {
    for (const orderId of ['1', '2', '1']) {
      const event = notifyEvent(signedForm({ ...PAID, orderId, tpOrderId: `own-${orderId}` }, platformKey));
      expect(await notify.invoke(event)).toMatchObject({ statusCode: 200 });
    }
    const lost: Record<string, unknown>[] = [];
    // ElasticMQ lays a message among the dead letters without waking who waits there.
    while (lost.length === 0) lost.push(...(await drain(other, deadLetterQueueUrl)));
    expect(lost).toMatchObject([{ orderId: '2' }]);
    const told = await drain(world.aws.sqs, world.aws.subscriberQueueUrl);
    expect(told.filter(({ orderId }) => orderId === '1')).toMatchObject([
      { payment: { status: 'PAID' }, tpOrderId: 'own-1' },
    ]);
    expect(told.filter(({ orderId }) => orderId === '2')).toEqual([]);
  } finally {
    await worker.stop();
    await Promise.all([notify.end(), confirm.end()]);
    await world.close();
  }
});
