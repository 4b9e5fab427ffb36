import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { ServiceError } from '../baidu/errors.ts';
import { within } from '../baidu/http/deadline.ts';
import type { Notification } from '../baidu/webhook/notification.ts';
import { awsClientLimits, tooLateOf } from './limits.ts';

/** Tells whether the merchant has the order that was paid, at that price, within `budgetMs` milliseconds. */
export type MatchOrder = (notification: Notification, budgetMs: number) => Promise<boolean>;

/**
 * Compares notifications with the merchant's orders: a DynamoDB table with the key `tpOrderId` (S) and `totalMoney`
 * (N or S, in fen).
 *
 * @returns a function that throws `ORDERS_UNAVAILABLE` when the table cannot be asked or holds an order without price
 */
export function createOrderMatcher(tableName: string): MatchOrder {
  const client = new DynamoDBClient(awsClientLimits({ attemptTimeoutMs: 300, maxAttempts: 3 }));
  return async ({ tpOrderId, totalMoney }, budgetMs) => {
    const price = await within(budgetMs, readPrice, () => tooLateOf('DynamoDB')).catch((error: unknown) => {
      throw new ServiceError('ORDERS_UNAVAILABLE', 'The orders table did not answer.', { cause: error });
    });
    if (price === undefined) return false;
    if (!/^\d+$/.test(price)) {
      throw new ServiceError(
        'ORDERS_UNAVAILABLE',
        'The orders table holds the order without a whole totalMoney.',
      );
    }
    return BigInt(price) === BigInt(totalMoney);

    async function readPrice(abortSignal: AbortSignal): Promise<string | undefined> {
      const command = new GetItemCommand({
        TableName: tableName,
        Key: { tpOrderId: { S: tpOrderId } },
        ConsistentRead: true,
        ProjectionExpression: 'totalMoney',
      });
      const { Item } = await client.send(command, { abortSignal });
      return Item && (Item['totalMoney']?.N ?? Item['totalMoney']?.S ?? '');
    }
  };
}
