import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { ServiceError } from '../baidu/errors.ts';
import { within } from '../baidu/http/deadline.ts';
import {
  createSecretLoader,
  type FetchSecret,
  type SecretLoaderOptions,
  tooLate,
} from '../merchant/secret-loader.ts';
import { awsClientLimits } from './limits.ts';

/** Which secret, and how long it is served before it is read again, in milliseconds. */
export interface SecretSource {
  readonly secretId: string;
  readonly secretTtlMs: number;
}

/** How long a read of the previous version may take, in milliseconds. */
const PREVIOUS_TIMEOUT_MS = 1000;

/**
 * A function that serves what `parse` makes of the secret in AWS Secrets Manager, read first in the background of
 * the init phase. See `createSecretLoader` for what it promises.
 */
export function loadSecrets<T>(
  { secretId, secretTtlMs }: SecretSource,
  options: Pick<SecretLoaderOptions<T>, 'parse' | 'onFailure'> & Partial<SecretLoaderOptions<T>>,
): (budgetMs?: number) => Promise<T> {
  const timeoutMs = options.timeoutMs ?? 2500;
  const loader = createSecretLoader<T>({
    fetchSecret: secretsManagerFetch(secretId, timeoutMs),
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
    fetchPrevious ??= secretsManagerFetch(secretId, PREVIOUS_TIMEOUT_MS, 'AWSPREVIOUS');
    const fetchSecret = fetchPrevious;
    const limitMs = Math.min(budgetMs, PREVIOUS_TIMEOUT_MS);
    return parse(await within(limitMs, (signal) => fetchSecret(signal, limitMs), tooLate));
  };
}

/** Reads the version in force, or the one before it. An attempt that hangs leaves half of the read's time for another. */
function secretsManagerFetch(secretId: string, mostMs: number, versionStage?: 'AWSPREVIOUS'): FetchSecret {
  const client = new SecretsManagerClient(awsClientLimits({ attemptTimeoutMs: mostMs / 2, maxAttempts: 3 }));
  return async (abortSignal, limitMs) => {
    const command = new GetSecretValueCommand({ SecretId: secretId, VersionStage: versionStage });
    const { SecretString } = await client.send(command, { abortSignal, requestTimeout: limitMs / 2 });
    if (SecretString === undefined) {
      throw new ServiceError('CONFIGURATION_UNAVAILABLE', 'The secret is binary; it must be text (JSON).');
    }
    return SecretString;
  };
}
