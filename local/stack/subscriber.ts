import type { Message, SQSClient } from '@aws-sdk/client-sqs';
import { Consumer } from 'sqs-consumer';

/** A queue, and what is told of its messages. */
export interface SubscriberOptions {
  sqs: SQSClient;
  queueUrl: string;
  /** Takes the body of a message, and its attributes as text. */
  onMessage: (body: string, attributes: Readonly<Record<string, string>>) => Promise<void> | void;
  onError?: ((error: Error) => void) | undefined;
}

/** Takes every message of a queue, as a merchant's order system would. */
export function startSubscriber({ sqs, queueUrl, onMessage, onError }: SubscriberOptions): {
  stop(): Promise<void>;
} {
  const consumer = Consumer.create({
    ...{ sqs, queueUrl, batchSize: 10, waitTimeSeconds: 2, pollingWaitTimeMs: 0 },
    messageAttributeNames: ['All'],
    suppressFifoWarning: true,
    handleMessage: async (message) => {
      await onMessage(message.Body ?? '', attributesOf(message));
      return message;
    },
  });
  return run(consumer, onError);
}

function attributesOf({ MessageAttributes = {} }: Message): Record<string, string> {
  const texts = Object.entries(MessageAttributes).map(([name, { StringValue = '' }]) => [name, StringValue]);
  return Object.fromEntries(texts);
}

/** Runs a consumer until it is told to stop. */
export function run(consumer: Consumer, onError?: (error: Error) => void): { stop(): Promise<void> } {
  let stopping = false;
  // Stopping breaks off what is under way, which is no failure.
  const failed = (error: Error) => stopping || onError?.(error);
  consumer.on('error', failed);
  consumer.on('processing_error', failed);
  consumer.start();
  return {
    stop: () =>
      new Promise((resolve) => {
        stopping = true;
        consumer.once('stopped', () => resolve());
        consumer.stop({ abort: true });
      }),
  };
}
