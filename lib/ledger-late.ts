import { openLedger } from './aws/dynamodb.ts';
import { ServiceError } from './baidu/errors.ts';
import type { LedgerStore } from './ledger/store.ts';

/**
 * Opens the ledger at the first question that needs it. In a bundle, what it takes to speak to DynamoDB is not evaluated
 * before (esbuild.config.cjs).
 *
 * @param tableName `undefined` where there is no ledger
 */
export function openLedgerLate(tableName: string | undefined): () => LedgerStore {
  let ledger: LedgerStore | undefined;
  return () => {
    if (tableName === undefined) throw new ServiceError('LEDGER_UNAVAILABLE', 'LEDGER_TABLE is not set.');
    ledger ??= openLedger(tableName);
    return ledger;
  };
}
