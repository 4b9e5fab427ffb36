import type { Socket } from 'node:net';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { ServiceError } from '../baidu/errors.ts';
import { within } from '../baidu/http/deadline.ts';
import type { Way } from '../baidu/http/https.ts';
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

/** How a secret is read, and what is made of it. */
export type ReadingOptions<T> = Pick<SecretLoaderOptions<T>, 'parse' | 'onFailure'> &
  Partial<SecretLoaderOptions<T>>;

/** How long a read may take where nothing else is said, in milliseconds. */
const TIMEOUT_MS = 2500;

/** A way with a connection that was opened ahead. */
interface BegunWay extends Pick<Way, 'agent'> {
  readonly ahead: Socket;
}

/** How long a connection opened ahead is waited for, in milliseconds. */
const REACH_MS = 100;

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
  const timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
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
 * Asks for the secret at once, by a way that has begun; the SDK's own where there is none.
 *
 * @returns for `loadSecrets`: what the first call gets was asked for already
 */
export function beginReading(
  { secretId }: Pick<SecretSource, 'secretId'>,
  { timeoutMs = TIMEOUT_MS, way }: { timeoutMs?: number | undefined; way?: BegunWay | undefined } = {},
): FetchSecret {
  const fetchSecret = secretsManagerFetch(secretId, { mostMs: timeoutMs, way });
  let begun: Promise<string> | undefined = within(
    timeoutMs,
    (signal) => fetchSecret(signal, timeoutMs),
    tooLate,
  );
  // Whoever gets it hears of its failure.
  begun.catch(() => undefined);
  return (signal, limitMs) => {
    const first = begun;
    begun = undefined;
    return first ?? fetchSecret(signal, limitMs);
  };
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

/**
 * Reads the version in force, or the one before it. An attempt that hangs leaves half of the read's time for another.
 *
 * @param way where its connection is opened ahead, what the SDK does before its request, 10 ms of work at a cold start, is
 *   done while that is on its way
 */
function secretsManagerFetch(
  secretId: string,
  { mostMs, version, way }: { mostMs: number; version?: 'AWSPREVIOUS'; way?: BegunWay | undefined },
): FetchSecret {
  const client = new SecretsManagerClient(
    awsClientLimits({ attemptTimeoutMs: mostMs / 2, maxAttempts: 3, agent: way?.agent }),
  );
  const reached = way && whenReached(way.ahead, 'connect');
  return async (abortSignal, limitMs) => {
    await reached;
    const command = new GetSecretValueCommand({ SecretId: secretId, VersionStage: version });
    const { SecretString } = await client.send(command, { abortSignal, requestTimeout: limitMs / 2 });
    if (SecretString === undefined) {
      throw new ServiceError('CONFIGURATION_UNAVAILABLE', 'The secret is binary; it must be text (JSON).');
    }
    return SecretString;
  };
}

/** Resolves when a connection has come so far, or cannot, or takes long. */
export function whenReached(socket: Socket, event: 'connect' | 'secureConnect'): Promise<void> {
  return new Promise((resolve) => {
    const tooLong = setTimeout(resolve, REACH_MS).unref();
    for (const end of [event, 'close']) {
      socket.once(end, () => {
        clearTimeout(tooLong);
        // After what is done of TLS by the same event.
        setImmediate(resolve);
      });
    }
  });
}
