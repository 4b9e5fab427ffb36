import { setTimeout as delay } from 'node:timers/promises';
import { IdempotencyConfig, makeIdempotent } from '@aws-lambda-powertools/idempotency';
import { DynamoDBPersistenceLayer } from '@aws-lambda-powertools/idempotency/dynamodb';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { awsClientLimits } from './limits.ts';

/** A record outlives what may repeat a message: Baidu's 7 hours, and 14 days in the dead-letter queue. */
const RECORD_SECONDS = 15 * 24 * 3600;

/** The pause before another look at what somebody else has under way, in milliseconds. */
const PAUSE_MS = 200;

/** The part of Lambda's context from which the time left is read. */
type InvocationContext = Parameters<IdempotencyConfig['registerLambdaContext']>[0];

/** Does things once each, across all sandboxes and for 15 days. */
export interface Once {
  /** Ties what is done from now on to the time that this invocation has left. */
  begin(context: InvocationContext): void;
  /**
   * Does what is asked unless it was done before under this key. When the process dies on the way, the next to ask
   * after this invocation's time does it again. What is under way elsewhere is waited for.
   *
   * @param key names what is done
   * @param leftMs how many milliseconds there are to wait
   * @returns whether it was done now
   */
  run(key: string, act: () => Promise<void>, leftMs: () => number): Promise<boolean>;
}

/** Keeps the records in a DynamoDB table with the key `id` (S) and the time to live `expiration`. */
export function createOnce(tableName: string): Once {
  const client = new DynamoDBClient(awsClientLimits({ attemptTimeoutMs: 1000, maxAttempts: 3 }));
  const config = new IdempotencyConfig({ expiresAfterSeconds: RECORD_SECONDS, hashFunction: 'sha256' });
  const underWay = new Map<string, Promise<boolean>>();
  const idempotently = makeIdempotent(
    async (_key: string, act: () => Promise<void>) => {
      await act();
      return true;
    },
    {
      persistenceStore: new DynamoDBPersistenceLayer({ tableName, awsSdkV3Client: client }),
      config,
      dataIndexArgument: 0,
      // Without it the key would hold a name that changes with the bundle.
      keyPrefix: 'payment-status',
    },
  );

  async function attempt(key: string, act: () => Promise<void>, leftMs: () => number): Promise<boolean> {
    let done = false;
    const noted = async () => {
      await act();
      done = true;
    };
    for (;;) {
      try {
        await idempotently(key, noted);
        return done;
      } catch (error) {
        const busy = error instanceof Error && error.name === 'IdempotencyAlreadyInProgressError';
        if (!busy || leftMs() < PAUSE_MS) throw error;
        await delay(PAUSE_MS);
      }
    }
  }

  return {
    begin: (context) => {
      if (typeof context.getRemainingTimeInMillis === 'function') config.registerLambdaContext(context);
    },
    run: async (key, act, leftMs) => {
      const other = underWay.get(key);
      if (other) {
        await other;
        return false;
      }
      const mine = attempt(key, act, leftMs).finally(() => underWay.delete(key));
      underWay.set(key, mine);
      return mine;
    },
  };
}
