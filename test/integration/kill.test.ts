import { isDeepStrictEqual } from 'node:util';
import {
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
} from '@aws-sdk/client-sqs';
import { describe, expect, test } from 'vitest';
import type { FunctionName } from '../../local/deploy/bundles.ts';
import { notifyEvent, sqsEvent } from '../../local/stack/events.ts';
import { PAID, signed, signedForm } from '../support/notification.ts';
import { drain } from '../support/queue.ts';
import type { Sandbox } from '../support/sandbox.ts';
import type { Moment } from '../support/wire-tap.ts';
import { platformKey, type World } from '../support/world.ts';
import { startWorld } from '../support/worlds.ts';

/** Each call of confirm. The same call of DynamoDB's comes thrice: it learns, it claims, it settles. */
const CONFIRM_MOMENTS: { name: string; moment: Moment; after?: Moment }[] = [
  { name: 'it asks for the secret', moment: 'GetSecretValue asked' },
  { name: 'it has the secret', moment: 'GetSecretValue answered' },
  { name: 'it reads the ledger', moment: 'GetItem asked' },
  { name: 'it has read the ledger', moment: 'GetItem answered' },
  { name: 'it writes down what was signed', moment: 'UpdateItem asked' },
  { name: 'it has written down what was signed', moment: 'UpdateItem answered' },
  { name: 'it asks Baidu', moment: 'query asked' },
  { name: 'it has Baidu’s answer', moment: 'query answered' },
  { name: 'it claims', moment: 'UpdateItem asked', after: 'query answered' },
  { name: 'it has claimed', moment: 'UpdateItem answered', after: 'query answered' },
  { name: 'it publishes', moment: 'Publish asked' },
  { name: 'it has published', moment: 'Publish answered' },
  { name: 'it writes down what it told', moment: 'UpdateItem asked', after: 'Publish answered' },
  { name: 'it has written down what it told', moment: 'UpdateItem answered', after: 'Publish answered' },
];

describe.concurrent('confirm killed in the middle of a batch loses nothing', () => {
  test.each(CONFIRM_MOMENTS)('as $name', { timeout: 60_000 }, async ({ moment, after }) => {
    // Somebody else's claim is waited for during an invocation and a half: three of a message's five tries.
    const world = await startWorld({ visibilitySeconds: 2 });
    const { aws, seen } = world;
    const orders = ['1', '2', '3'];
    for (const orderId of orders) {
      const fields = { ...PAID, orderId, tpOrderId: `own-${orderId}` };
      const notification = orderId === '3' ? undefined : signed(fields, platformKey);
      await store(world, { orderId, siteId: PAID['userId'], notification });
    }
    const published: { orderId: string; sequence: number; tpOrderId?: string }[] = [];
    const told = () => [...new Set(published.map(({ orderId }) => orderId))].sort();
    // What went out and is not on record goes out again.
    const repeated = moment === 'UpdateItem asked' && after === 'Publish answered' ? 1 : 0;
    const isDone = () => told().length === orders.length && published.length >= orders.length + repeated;
    let kills = 0;
    for (let round = 0; round < 20 && (kills === 0 || !isDone()); round++) {
      const due = () => after === undefined || seen.includes(after);
      const killed = await workOnce(world, kills === 0 ? (now) => now === moment && due() : () => false);
      if (killed) kills++;
      for (const { orderId, sequence, tpOrderId } of await drain(aws.sqs, aws.subscriberQueueUrl)) {
        published.push({
          orderId: String(orderId),
          sequence: Number(sequence),
          tpOrderId: String(tpOrderId),
        });
      }
    }
    const lost = await drain(aws.sqs, aws.deadLetterQueueUrl);
    await close(world);
    expect(kills).toBe(1);
    expect(told()).toEqual(orders);
    expect(isDone()).toBe(true);
    expect(lost).toEqual([]);
    for (const { orderId, tpOrderId } of published) {
      expect(tpOrderId).toBe(orderId === '3' ? 'undefined' : `own-${orderId}`);
    }
    // A crash may repeat what had gone out and was not on record yet, under a higher number; before that it has nothing.
    const numbers = published.map(({ orderId, sequence }) => `${orderId} ${sequence}`);
    expect(new Set(numbers).size).toBe(numbers.length);
    const repeats = published.length - orders.length;
    if (!moment.startsWith('Publish') && after === undefined) expect(repeats).toBe(0);
    expect(repeats).toBeLessThanOrEqual(orders.length);
  });
});

/** Baidu’s query shows neither refund, so the order is asked for again. */
const REFUND_MOMENTS: typeof CONFIRM_MOMENTS = [
  ...CONFIRM_MOMENTS,
  { name: 'it has the order asked for again', moment: 'SendMessage asked' },
  { name: 'the order will be asked for again', moment: 'SendMessage answered' },
];

describe.concurrent('confirm killed in the middle of refunds loses none', () => {
  test.each(REFUND_MOMENTS)('as $name', { timeout: 60_000 }, async ({ moment, after }) => {
    const world = await startWorld({ visibilitySeconds: 2 });
    const { aws, seen } = world;
    const { userId = '', tpOrderId = '' } = PAID;
    for (const refundBatchId of ['b1', 'b2']) {
      const fields = { orderId: '1', refundBatchId, refundStatus: '1', userId, tpOrderId };
      await store(world, { orderId: '1', siteId: userId, refundNotification: signed(fields, platformKey) });
    }
    const asked = signed({ orderId: '2', refundBatchId: 'b3', userId, tpOrderId }, platformKey);
    const answer = { auditStatus: 3, refundPayMoney: 0 };
    await store(world, { orderId: '2', siteId: userId, refundAudit: asked, answer });
    const published: Record<string, unknown>[] = [];
    const ofRefunds = () => published.filter(({ eventType }) => eventType === 'payment-status');
    const audits = () => published.filter(({ eventType }) => eventType === 'refund-audit');
    /** The refunds that the message with the highest number lists. */
    const last = () =>
      ofRefunds().toSorted((a, b) => Number(b['sequence']) - Number(a['sequence']))[0]?.['refunds'];
    const both = ['b1', 'b2'].map((refundBatchId) => ({ refundBatchId, status: 'SUCCEEDED', code: 1 }));
    const isDone = () => isDeepStrictEqual(last(), both) && audits().length > 0;
    let kills = 0;
    let isEmpty = false;
    for (let round = 0; round < 20 && !(kills > 0 && isEmpty && isDone()); round++) {
      const due = () => after === undefined || seen.includes(after);
      const killed = await workOnce(world, kills === 0 ? (now) => now === moment && due() : () => false);
      if (killed) kills++;
      published.push(...(await drain(aws.sqs, aws.subscriberQueueUrl)));
      isEmpty = (await waiting(world)) === 0;
    }
    const lost = await drain(aws.sqs, aws.deadLetterQueueUrl);
    await close(world);
    expect(kills).toBe(1);
    expect(last()).toEqual(both);
    expect(audits().length).toBeGreaterThan(0);
    expect(lost).toEqual([]);
    // What is told again is told under a higher number; SNS may deliver one message twice.
    const different = new Set(ofRefunds().map((message) => JSON.stringify(message)));
    expect(new Set(ofRefunds().map(({ sequence }) => sequence)).size).toBe(different.size);
  });
});

const NOTIFY_MOMENTS: Moment[] = [
  'GetSecretValue asked',
  'GetSecretValue answered',
  'SendMessage asked',
  'SendMessage answered',
];

const BATCH = { orderId: '1', userId: '2', refundBatchId: 'b1' };
const CALLS = [
  ['payment', '/baidu/payment-notify', PAID],
  ['refund', '/baidu/refund-notify', { ...BATCH, refundStatus: '1' }],
  ['audit', '/baidu/refund-audit', { ...BATCH, applyRefundMoney: '1' }],
] as const;

describe.concurrent('notify killed on its way answers nothing that it did not store', () => {
  const cases = CALLS.flatMap(([call, path, fields]) =>
    NOTIFY_MOMENTS.map((moment) => ({ call, path, fields, moment })),
  );
  test.each(cases)('at “$moment” ($call)', { timeout: 60_000 }, async ({ path, fields, moment }) => {
    const world = await startWorld();
    const event = notifyEvent(signedForm(fields, platformKey), { path });
    expect(await invokeAndKill(world, 'notify', event, (now) => now === moment)).toBeUndefined();
    expect(world.seen).toContain(moment);
    const storedBefore = await drain(world.aws.sqs, world.aws.paymentQueueUrl);
    expect(storedBefore).toHaveLength(moment === 'SendMessage answered' ? 1 : 0);
    // Baidu, left without an answer, calls again.
    expect(await invokeAndKill(world, 'notify', event)).toMatchObject({ statusCode: 200 });
    expect(await drain(world.aws.sqs, world.aws.paymentQueueUrl)).toHaveLength(1);
    await close(world);
  });
});

/** Puts a message into the payment queue. */
async function store({ aws }: World, body: unknown): Promise<void> {
  const command = new SendMessageCommand({
    QueueUrl: aws.paymentQueueUrl,
    MessageBody: JSON.stringify(body),
  });
  await aws.sqs.send(command);
}

/** How many messages of the payment queue are not done with, those under way among them, and delayed ones not. */
async function waiting({ aws }: World): Promise<number> {
  const { Attributes = {} } = await aws.sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: aws.paymentQueueUrl, AttributeNames: ['All'] }),
  );
  const { ApproximateNumberOfMessages: there, ApproximateNumberOfMessagesNotVisible: hidden } = Attributes;
  return Number(there) + Number(hidden);
}

/** One batch through confirm as Lambda's event source would do it; whether the process was killed. */
async function workOnce(world: World, killAt: (moment: Moment) => boolean): Promise<boolean> {
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

/** A sandbox of a world's that has not died. */
const alive = new WeakMap<World, Sandbox>();

/** One invocation in a sandbox that dies at the moment: what it returned, or `undefined` where it died. */
async function invokeAndKill(
  world: World,
  name: FunctionName,
  event: unknown,
  killAt: (moment: Moment) => boolean = () => false,
) {
  const sandbox = alive.get(world) ?? world.sandbox(name, {}, 6000);
  alive.set(world, sandbox);
  const kill = () => {
    alive.delete(world);
    sandbox.child.kill('SIGKILL');
    return 'cut' as const;
  };
  world.decide((moment) => (alive.has(world) && killAt(moment) ? kill() : 'pass'));
  const result = await sandbox.invoke(event);
  if (!alive.has(world)) await sandbox.end();
  return result;
}

async function close(world: World): Promise<void> {
  await alive.get(world)?.end();
  await world.close();
}
