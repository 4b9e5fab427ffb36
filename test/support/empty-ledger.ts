import { DeleteItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import type { LocalAws } from '../../local/stack/aws.ts';

/** Leaves nothing in the ledger of what was told before. */
export async function emptyLedger({ dynamodb, ledgerTable }: LocalAws): Promise<void> {
  const { Items = [] } = await dynamodb.send(new ScanCommand({ TableName: ledgerTable }));
  for (const { id } of Items) {
    if (id) await dynamodb.send(new DeleteItemCommand({ TableName: ledgerTable, Key: { id } }));
  }
}
