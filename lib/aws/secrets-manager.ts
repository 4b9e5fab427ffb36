import { within } from '../baidu/http/deadline.ts';
import {
  createSecretLoader,
  type FetchSecret,
  type SecretLoaderOptions,
  tooLate,
} from '../merchant/secret-loader.ts';
import { READ_TIMEOUT_MS, secretsManagerFetch } from './secret-fetch.ts';

/** Which secret, and how long it is served before it is read again, in milliseconds. */
export interface SecretSource {
  readonly secretId: string;
  readonly secretTtlMs: number;
}

/** How a secret is read, and what is made of it. */
export type ReadingOptions<T> = Pick<SecretLoaderOptions<T>, 'parse' | 'onFailure'> &
  Partial<SecretLoaderOptions<T>>;

/** How long a read of the previous version may take, in milliseconds. */
const PREVIOUS_TIMEOUT_MS = 1000;

/**
 * A function that serves what `parse` makes of the secret in AWS Secrets Manager, read first in the background of
 * the init phase. See `createSecretLoader` for what it promises.
 */
export function loadSecrets<T>(
  { secretId, secretTtlMs }: SecretSource,
  options: ReadingOptions<T>,
): (budgetMs?: number) => Promise<T> {
  const timeoutMs = options.timeoutMs ?? READ_TIMEOUT_MS;
  const loader = createSecretLoader<T>({
    fetchSecret: options.fetchSecret ?? secretsManagerFetch(secretId, { mostMs: timeoutMs }),
    ttlMs: secretTtlMs,
    refreshTimeoutMs: 500,
    ...options,
    timeoutMs,
  });
  loader.prefetch();
  return loader.load;
}

/**
 * A function that reads the version of the secret that was in force before the present one, anew at each call, and
 * gives what `parse` makes of it.
 *
 * @returns a function that takes the time there is, in milliseconds, and throws where there is no such version, or
 *   none that is fit, or Secrets Manager cannot be asked in time
 */
export function readPreviousSecrets<T>(
  { secretId }: SecretSource,
  parse: (text: string) => T,
): (budgetMs: number) => Promise<T> {
  let fetchPrevious: FetchSecret | undefined;
  return async (budgetMs) => {
    // Made at the first call, which few sandboxes see: a client costs time at a cold start.
    fetchPrevious ??= secretsManagerFetch(secretId, { mostMs: PREVIOUS_TIMEOUT_MS, version: 'AWSPREVIOUS' });
    const fetchSecret = fetchPrevious;
    const limitMs = Math.min(budgetMs, PREVIOUS_TIMEOUT_MS);
    return parse(await within(limitMs, (signal) => fetchSecret(signal, limitMs), tooLate));
  };
}
