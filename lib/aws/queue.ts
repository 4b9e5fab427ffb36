import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { ServiceError } from '../baidu/errors.ts';
import { within } from '../baidu/http/deadline.ts';
import { asciiJson } from '../baidu/json.ts';
import { type AwsLimits, awsClientLimits, tooLateOf } from './limits.ts';

/** More than this, in bytes, does not fit into the topic's message later on. */
const MAX_MESSAGE_BYTES = 250_000;

/** Limits of one message on its way into the queue. */
export interface SendOptions {
  /** How long all tries together may take, in milliseconds. */
  budgetMs: number;
  /** How long the queue holds the message back, in seconds. */
  delaySeconds?: number;
}

/** Stores a message, as ASCII JSON; when it returns the message is stored durably. */
export type SendMessage = (message: unknown, options: SendOptions) => Promise<void>;

/**
 * Sends to one SQS queue, with tries of 400 ms each.
 *
 * @param agent keeps the connections; the SDK's own by default
 * @returns a function that throws `QUEUE_UNAVAILABLE` when every try is spent, `NOTIFICATION_TOO_LARGE` over 250 KB
 */
export function createQueue(queueUrl: string, { agent }: Pick<AwsLimits, 'agent'> = {}): SendMessage {
  const client = new SQSClient(awsClientLimits({ attemptTimeoutMs: 400, maxAttempts: 4, agent }));
  // Lambda counts by the header that this adds how often a chain of messages has come by, and ends it at about 16.
  client.middlewareStack.remove('recursionDetectionMiddleware');
  return async (message, { budgetMs, delaySeconds }) => {
    const body = asciiJson(message);
    if (body.length > MAX_MESSAGE_BYTES) {
      throw new ServiceError('NOTIFICATION_TOO_LARGE', 'The notification is larger than the queue takes.');
    }
    const command = new SendMessageCommand({
      QueueUrl: queueUrl,
      MessageBody: body,
      ...(delaySeconds !== undefined && { DelaySeconds: delaySeconds }),
    });
    try {
      await within(
        budgetMs,
        (abortSignal) => client.send(command, { abortSignal }),
        () => tooLateOf('SQS'),
      );
    } catch (error) {
      throw new ServiceError('QUEUE_UNAVAILABLE', 'The queue did not take the message.', { cause: error });
    }
  };
}
