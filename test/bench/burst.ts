import {
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
} from '@aws-sdk/client-sqs';
import { type LocalAws, startAws } from '../../local/stack/aws.ts';
import { requireSuccess } from './cold.ts';
import { startQueueWorkers } from './queue-worker.ts';
import type { Sandbox } from './sandbox.ts';
import type { Stage } from './stage.ts';

/** What became of a burst of notifications. */
export interface Burst {
  readonly notifications: number;
  /** Until the last notification was answered, in seconds. */
  readonly storedSeconds: number;
  /** From the first notification until the last status was published, in seconds. */
  readonly drainedSeconds: number;
  /** What Baidu's limit allows at best, in seconds. */
  readonly idealSeconds: number;
  readonly published: number;
  readonly publishedTwice: number;
  /** Messages with a lower number than one of the same order before. */
  readonly outOfOrder: number;
  readonly deadLetters: number;
  readonly leftInQueue: number;
  readonly refusedQueries: number;
  readonly mostReceives: number;
}

export interface BurstOptions {
  notifications: number;
  queriesPerSecond: number;
  /** Sandboxes of confirm at once, the `confirmConcurrency` of `serverless.yml`. */
  confirmConcurrency?: number;
  /** Sandboxes of notify at once. */
  notifyConcurrency?: number;
}

const FIRST_ORDER = 1_000_000_000;

/** Sends a burst of notifications through notify, the queue and confirm to a subscriber, with Baidu's limit in force. */
export async function runBurst(
  stage: Stage,
  { notifications, queriesPerSecond, confirmConcurrency = 5, notifyConcurrency = 4 }: BurstOptions,
): Promise<Burst> {
  const aws = await startAws();
  const environment = {
    ...aws.environment,
    PAYMENT_QUEUE_URL: aws.paymentQueueUrl,
    PAYMENT_TOPIC_ARN: aws.statusTopicArn,
    LEDGER_TABLE: aws.ledgerTable,
  };
  const start = (name: string, count: number) =>
    Promise.all(Array.from({ length: count }, () => stage.start(name, environment)));
  const [notifiers, confirmers] = await Promise.all([
    start('notify', notifyConcurrency),
    start('confirm', confirmConcurrency),
  ]);
  Object.assign(stage.baidu, { queriesPerSecond, latencyMs: 30, count: { answered: 0, refused: 0 } });
  const startedAt = performance.now();
  const seconds = () => (performance.now() - startedAt) / 1000;
  const workers = startQueueWorkers(aws.sqs, aws.paymentQueueUrl, confirmers);
  try {
    const subscriber = subscribe(aws, notifications);
    await notifyAll(stage, notifiers, notifications);
    const storedSeconds = seconds();
    const { timesOf, outOfOrder, lastAt } = await subscriber;
    const drainedSeconds = (lastAt - startedAt) / 1000;
    await workers.stop();
    return {
      ...{ notifications, storedSeconds, drainedSeconds },
      idealSeconds: notifications / queriesPerSecond,
      published: timesOf.size,
      outOfOrder,
      publishedTwice: [...timesOf.values()].filter((times) => times > 1).length,
      deadLetters: await countMessages(aws, aws.deadLetterQueueUrl),
      leftInQueue: await countMessages(aws, aws.paymentQueueUrl),
      refusedQueries: stage.baidu.count.refused,
      mostReceives: workers.mostReceives(),
    };
  } finally {
    await workers.stop();
    await Promise.all([...notifiers, ...confirmers].map((sandbox) => sandbox.stop()));
    await aws.close();
    stage.baidu.queriesPerSecond = Number.POSITIVE_INFINITY;
  }
}

async function notifyAll(stage: Stage, notifiers: readonly Sandbox[], count: number): Promise<void> {
  let next = 0;
  const send = async (sandbox: Sandbox) => {
    while (next < count) {
      const event = stage.notification(String(FIRST_ORDER + next++));
      requireSuccess('notify', (await sandbox.invoke(event)).result);
    }
  };
  await Promise.all(notifiers.map(send));
}

interface Publications {
  readonly timesOf: ReadonlyMap<string, number>;
  readonly outOfOrder: number;
  readonly lastAt: number;
}

/** Takes what is published until every order was, and then for as long as something still comes. */
async function subscribe(aws: LocalAws, count: number): Promise<Publications> {
  const QueueUrl = aws.subscriberQueueUrl;
  const timesOf = new Map<string, number>();
  const numbers = new Map<string, number>();
  let outOfOrder = 0;
  let lastAt = 0;
  for (let silences = 0; silences < (timesOf.size < count ? 60 : 1); silences++) {
    const { Messages = [] } = await aws.sqs.send(
      new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 2 }),
    );
    if (Messages.length === 0) continue;
    silences = -1;
    lastAt = performance.now();
    for (const { Body = '' } of Messages) {
      const { orderId, sequence } = JSON.parse(Body);
      timesOf.set(orderId, (timesOf.get(orderId) ?? 0) + 1);
      if (sequence < (numbers.get(orderId) ?? 0)) outOfOrder++;
      numbers.set(orderId, sequence);
    }
    const Entries = Messages.map(({ MessageId, ReceiptHandle }) => ({ Id: MessageId, ReceiptHandle }));
    await aws.sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
  }
  return { timesOf, outOfOrder, lastAt };
}

async function countMessages(aws: LocalAws, queueUrl: string): Promise<number> {
  const { Attributes = {} } = await aws.sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: ['All'] }),
  );
  const { ApproximateNumberOfMessages, ApproximateNumberOfMessagesNotVisible } = Attributes;
  const counts = [ApproximateNumberOfMessages, ApproximateNumberOfMessagesNotVisible];
  return [...counts, Attributes.ApproximateNumberOfMessagesDelayed].reduce(
    (sum, count) => sum + Number(count ?? 0),
    0,
  );
}
