import { DeleteMessageCommand, ReceiveMessageCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { describe, expect, test } from 'vitest';
import type { FunctionName } from '../../local/deploy/bundles.ts';
import { notifyEvent, sqsEvent } from '../../local/stack/events.ts';
import { PAID, signedForm } from '../support/notification.ts';
import { drain } from '../support/queue.ts';
import type { Moment } from '../support/wire-tap.ts';
import { platformKey, type World } from '../support/world.ts';
import { startWorld } from '../support/worlds.ts';

const CONFIRM_MOMENTS: Moment[] = [
  'GetSecretValue asked',
  'GetSecretValue answered',
  'query asked',
  'query answered',
  'GetItem asked',
  'GetItem answered',
  'UpdateItem asked',
  'UpdateItem answered',
  'Publish asked',
  'Publish answered',
];

describe.concurrent('confirm killed in the middle of a batch loses nothing', () => {
  test.each(CONFIRM_MOMENTS)('at “%s”', { timeout: 60_000 }, async (moment) => {
    const world = await startWorld();
    const { aws, seen } = world;
    const orders = ['1', '2', '3'];
    for (const orderId of orders) {
      const MessageBody = JSON.stringify({ orderId, siteId: '1' });
      await aws.sqs.send(new SendMessageCommand({ QueueUrl: aws.paymentQueueUrl, MessageBody }));
    }
    const published: string[] = [];
    let kills = 0;
    for (let round = 0; round < 20 && new Set(published).size < orders.length; round++) {
      const killed = await workOnce(world, kills === 0 ? moment : undefined);
      if (killed) kills++;
      published.push(...(await drain(aws.sqs, aws.subscriberQueueUrl)).map(({ orderId }) => String(orderId)));
    }
    const lost = await drain(aws.sqs, aws.deadLetterQueueUrl);
    await world.close();
    expect(kills).toBe(1);
    expect(seen).toContain(moment);
    expect([...new Set(published)].sort()).toEqual(orders);
    expect(lost).toEqual([]);
    // A crash may repeat what had gone out and was not on record yet; before that it has nothing to repeat.
    const repeats = published.length - orders.length;
    if (!/^(Publish|UpdateItem)/.test(moment)) expect(repeats).toBe(0);
    expect(repeats).toBeLessThanOrEqual(orders.length);
  });
});

const NOTIFY_MOMENTS: Moment[] = [
  'GetSecretValue asked',
  'GetSecretValue answered',
  'SendMessage asked',
  'SendMessage answered',
];

describe.concurrent('notify killed on its way answers nothing that it did not store', () => {
  test.each(NOTIFY_MOMENTS)('at “%s”', { timeout: 60_000 }, async (moment) => {
    const world = await startWorld();
    const event = notifyEvent(signedForm(PAID, platformKey));
    expect(await invokeAndKill(world, 'notify', event, moment)).toBeUndefined();
    expect(world.seen).toContain(moment);
    const storedBefore = await drain(world.aws.sqs, world.aws.paymentQueueUrl);
    expect(storedBefore).toHaveLength(moment === 'SendMessage answered' ? 1 : 0);
    // Baidu, left without an answer, calls again.
    expect(await invokeAndKill(world, 'notify', event)).toMatchObject({ statusCode: 200 });
    expect(await drain(world.aws.sqs, world.aws.paymentQueueUrl)).toHaveLength(1);
    await world.close();
  });
});

/** One batch through confirm as Lambda's event source would do it; whether the process was killed. */
async function workOnce(world: World, killAt?: Moment): Promise<boolean> {
  const { sqs, paymentQueueUrl: QueueUrl } = world.aws;
  const { Messages = [] } = await sqs.send(
    new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 2 }),
  );
  if (Messages.length === 0) return false;
  const batch = Messages.map(({ MessageId = '', Body = '' }) => ({ messageId: MessageId, body: Body }));
  const result = await invokeAndKill(world, 'confirm', sqsEvent(batch), killAt);
  if (!result) return true;
  const failures: { itemIdentifier: string }[] = result.batchItemFailures;
  const failed = new Set(failures.map(({ itemIdentifier }) => itemIdentifier));
  for (const { MessageId = '', ReceiptHandle } of Messages) {
    if (!failed.has(MessageId)) await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
  }
  return false;
}

/** One invocation in a new sandbox, which dies at the moment: what it returned, or `undefined` where it died. */
async function invokeAndKill(world: World, name: FunctionName, event: unknown, killAt?: Moment) {
  const sandbox = world.sandbox(name);
  let alive = true;
  world.decide((moment) => {
    if (moment !== killAt || !alive) return 'pass';
    alive = false;
    sandbox.child.kill('SIGKILL');
    return 'cut';
  });
  const result = await sandbox.invoke(event);
  await sandbox.end();
  return result;
}
