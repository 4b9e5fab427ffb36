import { ServiceError } from './baidu/errors.ts';
import type { LedgerStore } from './ledger/store.ts';

/**
 * Opens the ledger at the first question that needs it: what it takes to speak to DynamoDB is not evaluated before.
 *
 * @param tableName `undefined` where there is no ledger
 */
export function openLedgerLate(tableName: string | undefined): () => Promise<LedgerStore> {
  let opening: Promise<LedgerStore> | undefined;
  return async () => {
    if (tableName === undefined) throw new ServiceError('LEDGER_UNAVAILABLE', 'LEDGER_TABLE is not set.');
    opening ??= import('./aws/dynamodb.ts').then(({ openLedger }) => openLedger(tableName));
    return opening;
  };
}
