import { CreateQueueCommand, GetQueueAttributesCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { expect, test as plain } from 'vitest';
import { AWS_ENVIRONMENT, type LocalAws, startAws } from '../../local/stack/aws.ts';
import { type Fate, type Moment, startWireTap } from '../support/wire-tap.ts';
import {
  type Copy,
  copyReader,
  MESSAGE,
  type Reader,
  type ReaderOptions,
  startReader,
} from './queue-reader.ts';

/** The sample order that the message of the README is about, and who has paid it. */
export const SAMPLE = { tpOrderId: '3028903626', orderId: '1920891312' };
export const USER_ID = '3747777038';

/** The message of the README, changed. */
export const message = (changes: Record<string, unknown> = {}) => ({ ...MESSAGE, ...changes });

/** A queue of the merchant's, with a tap on the wire to it. */
export interface Queue {
  readonly name: string;
  /** What the reader is started with. */
  readonly environment: Readonly<Record<string, string>>;
  /** The moments on the wire so far. */
  readonly seen: readonly Moment[];
  /** Decides over every call from now on. */
  decide(next: (moment: Moment) => Fate): void;
  send(body: unknown): Promise<void>;
  /** How many messages are in it, those that are hidden for a while included. */
  count(): Promise<number>;
}

export interface QueueOptions {
  at?: LocalAws;
  visibilitySeconds?: number;
}

/** A merchant’s side, for one test; all of it ends with the test. */
export interface Shop {
  openQueue(options?: QueueOptions): Promise<Queue>;
  /** Starts a reader, which has written nothing of a user or of a message when the test is over. */
  read(queue: Pick<Queue, 'environment'>, options?: ReaderOptions): Reader;
  /** A copy of the program whose orders outlive it: by default the sample order. */
  copy(prices?: Record<string, number>): Promise<Copy>;
}

type Finished = (end: () => Promise<unknown>) => void;

/** A test with a shop of its own, so that several can run at once. */
export const test = plain.extend<{ shop: Shop }>({
  shop: async ({ onTestFinished }, use) => {
    const finished: Finished = (end) => onTestFinished(async () => void (await end()));
    await use({
      openQueue: (options) => openQueue(finished, options),
      read: (queue, options) => read(finished, queue, options),
      copy: async (prices = { [SAMPLE.tpOrderId]: 11300 }) => {
        const copy = await copyReader(prices);
        finished(copy.remove);
        return copy;
      },
    });
  },
});

let queues = 0;

async function openQueue(finished: Finished, options: QueueOptions = {}): Promise<Queue> {
  const at = options.at ?? (await startAws());
  const name = `paid-orders-${++queues}`;
  const Attributes = { VisibilityTimeout: String(options.visibilitySeconds ?? 30) };
  await at.sqs.send(new CreateQueueCommand({ QueueName: name, Attributes }));
  const QueueUrl = new URL(`/000000000000/${name}`, at.paymentQueueUrl).href;
  const seen: Moment[] = [];
  let decide: (moment: Moment) => Fate = () => 'pass';
  const tap = await startWireTap(at.paymentQueueUrl, (moment) => {
    seen.push(moment);
    return decide(moment);
  });
  finished(async () => {
    await tap.close();
    if (!options.at) await at.close();
  });
  return {
    ...{ name, seen },
    environment: { ...AWS_ENVIRONMENT, QUEUE_URL: tap.url + new URL(QueueUrl).pathname },
    decide: (next) => {
      decide = next;
    },
    send: async (body) => {
      const MessageBody = typeof body === 'string' ? body : JSON.stringify(body);
      await at.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }));
    },
    count: async () => {
      const command = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] });
      const { Attributes: now = {} } = await at.sqs.send(command);
      const hidden = Number(now['ApproximateNumberOfMessagesNotVisible']);
      return Number(now['ApproximateNumberOfMessages']) + hidden;
    },
  };
}

function read(finished: Finished, queue: Pick<Queue, 'environment'>, options?: ReaderOptions): Reader {
  const reader = startReader(queue.environment, options);
  finished(async () => {
    reader.child.kill('SIGKILL');
    await reader.ended;
    expect(reader.screen()).not.toMatch(new RegExp(`${USER_ID}|支付成功|未退费|totalMoney`));
  });
  return reader;
}
