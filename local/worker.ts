import type { Message, SQSClient } from '@aws-sdk/client-sqs';
import { Consumer } from 'sqs-consumer';
import { sqsEvent } from './events.ts';
import { run } from './subscriber.ts';

/** A Lambda's handler, as far as it is fed from a queue. */
export type QueueHandler = (
  event: ReturnType<typeof sqsEvent>,
  context: { awsRequestId: string; getRemainingTimeInMillis: () => number },
) => Promise<{ batchItemFailures: { itemIdentifier: string }[] }>;

export interface WorkerOptions {
  sqs: SQSClient;
  queueUrl: string;
  handler: QueueHandler;
  /** How long an invocation may take, in milliseconds. */
  timeoutMs?: number;
  /** Told of a batch that failed as a whole. */
  onError?: (error: Error) => void;
}

/** Feeds a queue into a handler as Lambda's event source does: batches of up to ten, partial answers. */
export function startWorker({ sqs, queueUrl, handler, timeoutMs = 30_000, onError }: WorkerOptions): {
  stop(): Promise<void>;
} {
  let invocations = 0;
  const consumer = Consumer.create({
    ...{ sqs, queueUrl, batchSize: 10, waitTimeSeconds: 1, pollingWaitTimeMs: 0 },
    suppressFifoWarning: true,
    handleMessageBatch: async (messages: Message[]) => {
      const deadline = Date.now() + timeoutMs;
      const event = sqsEvent(
        messages.map(({ MessageId: messageId = '', Body: body = '', ReceiptHandle: receiptHandle = '' }) => {
          return { messageId, body, receiptHandle };
        }),
      );
      const context = {
        awsRequestId: `worker-${++invocations}`,
        getRemainingTimeInMillis: () => deadline - Date.now(),
      };
      const { batchItemFailures } = await handler(event, context);
      const failed = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
      return messages.filter(({ MessageId }) => !failed.has(MessageId ?? ''));
    },
  });
  return run(consumer, onError);
}
