import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { learn } from '../../lib/ledger/decisions.ts';
import type { LocalAws } from '../../local/stack/aws.ts';

/** Puts a genuine notification into the ledger, as confirm does before it asks Baidu. */
export async function writeDown(
  { dynamodb, ledgerTable }: LocalAws,
  orderId: string,
  notification: Readonly<Record<string, string>>,
): Promise<void> {
  const facts = { siteId: notification['userId'], tpOrderId: 'T-1', notification };
  const { set, keep } = learn({ appId: '10026', orderId }, facts, 1, 9e9);
  const Item = Object.fromEntries(
    Object.entries({ id: `10026#${orderId}`, ...set, ...keep }).map(([name, value]) => [
      name,
      typeof value === 'number' ? { N: String(value) } : { S: value },
    ]),
  );
  await dynamodb.send(new PutItemCommand({ TableName: ledgerTable, Item }));
}
