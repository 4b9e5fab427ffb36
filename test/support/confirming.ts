import { sqsEvent } from '../../local/stack/events.ts';
import { answerBody, type Behaviour, says } from './baidu.ts';
import { PAID, signed } from './notification.ts';
import { drain } from './queue.ts';
import { platformKey, type World } from './world.ts';
import { startWorld } from './worlds.ts';

const siteId = PAID['userId'] ?? '';

/** A message that has an order looked up. */
export const lookup = (orderId: string) => JSON.stringify({ orderId, siteId });

/** A message of notify’s: the order was paid. */
export const notified = (orderId: string) => {
  const notification = signed({ ...PAID, orderId, tpOrderId: `own-${orderId}` }, platformKey);
  return JSON.stringify({ appId: '10026', orderId, siteId, notification });
};

/** Messages as SQS hands them to confirm, each named by its place. */
export const batch = (...bodies: string[]) =>
  sqsEvent(bodies.map((body, index) => ({ messageId: String(index), body })));

/** What confirm returns where no message failed. */
export const DONE = { batchItemFailures: [] };

/** What Baidu answers of a payment, at a time of its own clock. */
export const paying = (statusNum: number, timestamp = 100): Behaviour => {
  const status = {
    payStatus: { statusNum },
    refundStatus: { statusNum: -1 },
    verification: { statusNum: -1 },
  };
  return says(answerBody({ data: { data: status }, timestamp }));
};

/** A message of the status topic, as far as these tests look. */
export interface Told {
  readonly orderId: string;
  readonly sequence: number;
  readonly payment: { readonly status: string };
}

/** Takes what was published out of the subscriber’s queue. */
export const published = async ({ aws }: World) =>
  (await drain(aws.sqs, aws.subscriberQueueUrl)) as unknown as Told[];

/** By the number of the message. */
export const bySequence = (told: readonly Told[]) => told.toSorted((a, b) => a.sequence - b.sequence);

/** Runs a test in a world of its own. */
export const inWorld =
  (run: (world: World) => Promise<void>, options?: Parameters<typeof startWorld>[0]) => async () => {
    const world = await startWorld(options);
    try {
      await run(world);
    } finally {
      await world.close();
    }
  };
