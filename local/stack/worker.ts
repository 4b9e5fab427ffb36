import { ChangeMessageVisibilityBatchCommand, type Message, type SQSClient } from '@aws-sdk/client-sqs';
import { Consumer } from 'sqs-consumer';
import { run } from './subscriber.ts';

/** A message of a queue, and which of its deliveries this is, from 1. */
export interface QueueDelivery {
  readonly messageId: string;
  readonly body: string;
  readonly receiptHandle: string;
  readonly delivery: number;
}

/** What a thread is started with. */
export interface WorkerOptions {
  sqs: SQSClient;
  queueUrl: string;
  /** Works on a batch and resolves with the ids of the messages that failed; a rejection fails them all. */
  handler: (batch: readonly QueueDelivery[]) => Promise<ReadonlySet<string>>;
  /** How many messages a batch has at most. */
  batchSize?: number;
  /** How many batches are worked on at once. */
  concurrency?: number;
  /** When a message that failed is delivered again, in seconds; by default when the queue shows it again. */
  retrySeconds?: number | undefined;
  /** Told of a batch that failed as a whole. */
  onError?: ((error: Error) => void) | undefined;
}

/** Feeds a queue into a handler as Lambda's event source does: in batches, with partial answers. */
export function startWorker({ concurrency = 1, onError, ...options }: WorkerOptions): {
  stop(): Promise<void>;
} {
  const pollers = Array.from({ length: concurrency }, () => run(poller({ ...options, onError }), onError));
  return {
    stop: async () => {
      await Promise.all(pollers.map((each) => each.stop()));
    },
  };
}

function poller({ sqs, queueUrl, handler, batchSize = 10, retrySeconds, onError }: WorkerOptions) {
  return Consumer.create({
    ...{ sqs, queueUrl, batchSize, waitTimeSeconds: 2, pollingWaitTimeMs: 0 },
    messageSystemAttributeNames: ['ApproximateReceiveCount'],
    suppressFifoWarning: true,
    handleMessageBatch: async (messages: Message[]) => {
      const batch = messages.map(deliveryOf);
      const every = new Set(batch.map(({ messageId }) => messageId));
      const failed = await handler(batch).catch((error: Error) => {
        onError?.(error);
        return every;
      });
      const again = batch.filter(({ messageId }) => failed.has(messageId));
      if (again.length > 0 && retrySeconds !== undefined) {
        const Entries = again.map(({ messageId, receiptHandle }) => {
          return { Id: messageId, ReceiptHandle: receiptHandle, VisibilityTimeout: retrySeconds };
        });
        await sqs.send(new ChangeMessageVisibilityBatchCommand({ QueueUrl: queueUrl, Entries }));
      }
      return messages.filter(({ MessageId = '' }) => !failed.has(MessageId));
    },
  });
}

function deliveryOf({ MessageId, Body, ReceiptHandle, Attributes }: Message): QueueDelivery {
  return {
    messageId: MessageId ?? '',
    body: Body ?? '',
    receiptHandle: ReceiptHandle ?? '',
    delivery: Number(Attributes?.ApproximateReceiveCount ?? 1),
  };
}
