import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { ServiceError } from '../baidu/errors.ts';
import { within } from '../baidu/http/deadline.ts';
import { asciiJson } from '../baidu/json.ts';
import { awsClientLimits, tooLateOf } from './limits.ts';

/** What is told: a message of the status topic, of which every member becomes JSON. */
export interface TopicMessage {
  readonly eventType: string;
  readonly appId: string;
}

/** Tells everyone, in so many milliseconds; when it returns, SNS has the message. */
export type PublishMessage = (
  message: TopicMessage,
  attributes: Readonly<Record<string, string>>,
  budgetMs?: number,
) => Promise<void>;

/** How long one attempt may take, and all of them with the last byte of the answer, in milliseconds. */
const ATTEMPT_MS = 2000;
const TOTAL_MS = 7000;

/**
 * Publishes to one SNS topic: ASCII JSON, with `eventType`, `appId` and what else is named as attributes for filter
 * policies.
 *
 * @returns a function that throws `TOPIC_UNAVAILABLE` when SNS did not take the message, or may not have
 */
export function createTopic(topicArn: string): PublishMessage {
  const client = new SNSClient(awsClientLimits({ attemptTimeoutMs: ATTEMPT_MS, maxAttempts: 3 }));
  return async (message, attributes, budgetMs = TOTAL_MS) => {
    const named = Object.entries({ eventType: message.eventType, appId: message.appId, ...attributes });
    const command = new PublishCommand({
      TopicArn: topicArn,
      Message: asciiJson(message),
      MessageAttributes: Object.fromEntries(
        named.map(([name, value]) => [name, { DataType: 'String', StringValue: value }]),
      ),
    });
    try {
      await within(
        Math.min(budgetMs, TOTAL_MS),
        (abortSignal) => client.send(command, { abortSignal }),
        () => tooLateOf('SNS'),
      );
    } catch (error) {
      throw new ServiceError('TOPIC_UNAVAILABLE', 'The topic did not take the message.', { cause: error });
    }
  };
}
