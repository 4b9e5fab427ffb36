import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { ServiceError } from '../baidu/errors.ts';
import { asciiJson } from '../baidu/json.ts';
import type { OrderStatus } from '../baidu/order-status.ts';
import { awsClientLimits } from './limits.ts';

/** Tells everyone what Baidu says of an order. */
export type PublishStatus = (
  status: OrderStatus,
  lookup: { readonly notification: Readonly<Record<string, string>> | undefined },
) => Promise<void>;

/**
 * Publishes to one SNS topic: ASCII JSON, with the names of the three statuses as attributes for filter policies.
 *
 * @param now the clock: when the status was seen
 * @returns a function that throws `TOPIC_UNAVAILABLE` when SNS did not take the message
 */
export function createTopic(topicArn: string, now: () => Date = () => new Date()): PublishStatus {
  const client = new SNSClient(awsClientLimits({ attemptTimeoutMs: 2000, maxAttempts: 3 }));
  return async ({ orderId, siteId, payment, refund, verification }, { notification }) => {
    const tpOrderId = notification?.['tpOrderId'];
    const message = {
      eventType: 'payment-status',
      ...{ orderId, siteId, tpOrderId, payment, refund, verification, notification },
      observedAt: now().toISOString(),
    };
    const command = new PublishCommand({
      TopicArn: topicArn,
      Message: asciiJson(message),
      MessageAttributes: {
        payment: { DataType: 'String', StringValue: payment.status },
        refund: { DataType: 'String', StringValue: refund.status },
        verification: { DataType: 'String', StringValue: verification.status },
      },
    });
    await client.send(command).catch((error: unknown) => {
      throw new ServiceError('TOPIC_UNAVAILABLE', 'The topic did not take the message.', { cause: error });
    });
  };
}
