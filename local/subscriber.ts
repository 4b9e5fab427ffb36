import type { SQSClient } from '@aws-sdk/client-sqs';
import { Consumer } from 'sqs-consumer';

export interface SubscriberOptions {
  sqs: SQSClient;
  queueUrl: string;
  onMessage: (body: string) => void;
  onError?: (error: Error) => void;
}

/** A subscriber of the status topic by way of its own queue, as a merchant's order system would be. */
export function startSubscriber({ sqs, queueUrl, onMessage, onError }: SubscriberOptions): {
  stop(): Promise<void>;
} {
  const consumer = Consumer.create({
    ...{ sqs, queueUrl, batchSize: 10, waitTimeSeconds: 1, pollingWaitTimeMs: 0 },
    suppressFifoWarning: true,
    handleMessage: async (message) => {
      onMessage(message.Body ?? '');
      return message;
    },
  });
  return run(consumer, onError);
}

/** Runs a consumer until it is told to stop. */
export function run(consumer: Consumer, onError?: (error: Error) => void): { stop(): Promise<void> } {
  let stopping = false;
  // Stopping breaks off the poll that is under way, which is no failure.
  consumer.on('error', (error) => stopping || onError?.(error));
  consumer.on('processing_error', (error) => onError?.(error));
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
