import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { createLedgerStore, type LedgerStore } from '../ledger/store.ts';
import { awsClientLimits } from './limits.ts';

export { createOrderMatcher } from './merchant-orders.ts';

/** The ledger in a table of DynamoDB. The store counts its attempts itself, so that the client makes one. */
export function openLedger(tableName: string): LedgerStore {
  return createLedgerStore(
    new DynamoDBClient(awsClientLimits({ attemptTimeoutMs: 1000, maxAttempts: 1 })),
    tableName,
  );
}
