import {
  ConditionalCheckFailedException,
  DynamoDBClient,
  GetItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { OrderError } from './error.ts';
import type { Payment } from './message.ts';

/**
 * Marks an order paid, once: `marked` now, or `already` by an earlier message about the same payment.
 *
 * @throws OrderError `UNKNOWN_ORDER`, `WRONG_AMOUNT`, or `PAID_TWICE` where another payment has paid this order
 */
export type MarkPaid = (payment: Payment) => Promise<'marked' | 'already'>;

/**
 * The merchant's orders: a DynamoDB table with the key `tpOrderId` (S), `totalMoney` (N, in fen) and `orderStatus`,
 * which is `OPEN` until the order is paid.
 */
export function createOrders(tableName: string, client: DynamoDBClient = new DynamoDBClient()): MarkPaid {
  return async (payment) => {
    try {
      await client.send(update(tableName, payment));
      return 'marked';
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      return await explain(payment);
    }
  };

  /** Why the condition did not hold. */
  async function explain({ tpOrderId, totalMoney, orderId }: Payment): Promise<'already'> {
    const { Item: order } = await client.send(
      new GetItemCommand({
        TableName: tableName,
        Key: { tpOrderId: { S: tpOrderId } },
        ConsistentRead: true,
      }),
    );
    if (!order) throw new OrderError('UNKNOWN_ORDER', `There is no order ${tpOrderId}.`);
    const price = order['totalMoney']?.N;
    if (price !== totalMoney) {
      throw new OrderError('WRONG_AMOUNT', `Order ${tpOrderId} costs ${price} fen; ${totalMoney} were paid.`);
    }
    if (order['baiduOrderId']?.S === orderId) return 'already';
    throw new OrderError(
      'PAID_TWICE',
      `Order ${tpOrderId} is ${order['orderStatus']?.S}; Baidu's order ${orderId} has paid it, too.`,
    );
  }
}

/** One write that happens only if the order is there, open, and costs what was paid. */
function update(tableName: string, { tpOrderId, totalMoney, orderId, siteId, payTime }: Payment) {
  return new UpdateItemCommand({
    TableName: tableName,
    Key: { tpOrderId: { S: tpOrderId } },
    ConditionExpression: 'orderStatus = :open AND totalMoney = :money',
    UpdateExpression:
      'SET orderStatus = :paid, paidAt = :payTime, baiduOrderId = :orderId, baiduSiteId = :siteId',
    ExpressionAttributeValues: {
      ':open': { S: 'OPEN' },
      ':paid': { S: 'PAID' },
      ':money': { N: totalMoney },
      ':payTime': { N: payTime },
      ':orderId': { S: orderId },
      ':siteId': { S: siteId },
    },
  });
}
