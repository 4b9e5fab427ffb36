import { DeleteMessageBatchCommand, ReceiveMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { sqsEvent } from '../../local/stack/events.ts';
import type { Sandbox } from './sandbox.ts';

/** Feeds a queue into sandboxes. */
export interface QueueWorkers {
  /** How often the message that came most often was received. */
  mostReceives(): number;
  stop(): Promise<void>;
}

/** One poller a sandbox, as Lambda's event source with a cap on its concurrency: batches of ten, partial answers. */
export function startQueueWorkers(
  sqs: SQSClient,
  queueUrl: string,
  sandboxes: readonly Sandbox[],
): QueueWorkers {
  const abort = new AbortController();
  let mostReceives = 0;

  async function poll(sandbox: Sandbox): Promise<void> {
    while (!abort.signal.aborted) {
      const { Messages = [] } = await sqs.send(
        new ReceiveMessageCommand({
          ...{ QueueUrl: queueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 1 },
          MessageSystemAttributeNames: ['ApproximateReceiveCount'],
        }),
        { abortSignal: abort.signal },
      );
      if (Messages.length === 0) continue;
      const receives = Messages.map(({ Attributes }) => Number(Attributes?.ApproximateReceiveCount));
      mostReceives = Math.max(mostReceives, ...receives);
      const records = Messages.map(({ MessageId = '', Body = '' }) => ({ messageId: MessageId, body: Body }));
      const failed = failuresIn((await sandbox.invoke(sqsEvent(records))).result);
      const done = Messages.filter(({ MessageId = '' }) => !failed.has(MessageId));
      const Entries = done.map(({ MessageId, ReceiptHandle }) => ({ Id: MessageId, ReceiptHandle }));
      if (done.length > 0) await sqs.send(new DeleteMessageBatchCommand({ QueueUrl: queueUrl, Entries }));
    }
  }

  const polls = Promise.allSettled(sandboxes.map(poll));
  return {
    mostReceives: () => mostReceives,
    stop: async () => {
      abort.abort();
      await polls;
    },
  };
}

function failuresIn(result: unknown): Set<string> {
  const { batchItemFailures = [] } = result as { batchItemFailures?: { itemIdentifier: string }[] };
  return new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
}
