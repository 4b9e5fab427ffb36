import { ConditionalCheckFailedException, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, GetCommand, QueryCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { Changes, Order } from './decide.ts';

/** The index that finds an order by Baidu's id. */
const BY_BAIDU_ORDER = 'baiduOrder';

/** The merchant's orders. */
export interface Orders {
  /** Finds an order by the merchant's id or, where the message names none, by Baidu's. */
  find(ids: { readonly tpOrderId: string | undefined; readonly orderId: string }): Promise<Order | undefined>;
  /** Writes the changes, in one conditional write, if the order is still as it was read; returns whether it was. */
  keep(order: Order, changes: Changes): Promise<boolean>;
}

/**
 * The merchant's orders in a DynamoDB table with the key `tpOrderId` (S), `totalMoney` (N, in fen) and `orderStatus`,
 * which is `OPEN` until the order is paid; the index `baiduOrder` has the key `baiduOrderId`.
 */
export function createOrders(TableName: string, client = new DynamoDBClient()): Orders {
  const documents = DynamoDBDocumentClient.from(client);

  async function ownId(orderId: string): Promise<string | undefined> {
    const { Items: [order] = [] } = await documents.send(
      new QueryCommand({
        ...{ TableName, IndexName: BY_BAIDU_ORDER, KeyConditionExpression: 'baiduOrderId = :orderId' },
        ExpressionAttributeValues: { ':orderId': orderId },
      }),
    );
    return order?.['tpOrderId'];
  }

  return {
    find: async ({ tpOrderId, orderId }) => {
      const id = tpOrderId ?? (await ownId(orderId));
      if (id === undefined) return undefined;
      const get = new GetCommand({ TableName, Key: { tpOrderId: id }, ConsistentRead: true });
      return (await documents.send(get)).Item as Order | undefined;
    },
    keep: async ({ tpOrderId, orderStatus, version }, changes) => {
      const written = Object.entries({ ...changes, version: (version ?? 0) + 1 }).filter(
        ([, value]) => value !== undefined,
      );
      const unwritten = version === undefined ? 'attribute_not_exists(version)' : 'version = :asRead';
      try {
        await documents.send(
          new UpdateCommand({
            ...{ TableName, Key: { tpOrderId } },
            ConditionExpression: `orderStatus = :status AND ${unwritten}`,
            UpdateExpression: `SET ${written.map(([name]) => `${name} = :${name}`).join(', ')}`,
            ExpressionAttributeValues: {
              ...Object.fromEntries(written.map(([name, value]) => [`:${name}`, value])),
              ':status': orderStatus,
              ...(version !== undefined && { ':asRead': version }),
            },
          }),
        );
        return true;
      } catch (error) {
        if (error instanceof ConditionalCheckFailedException) return false;
        throw error;
      }
    },
  };
}
