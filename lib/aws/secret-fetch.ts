import type { Socket } from 'node:net';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { ServiceError } from '../baidu/errors.ts';
import type { Way } from '../baidu/http/https.ts';
import type { FetchSecret } from '../merchant/secret-loader.ts';
import { awsClientLimits } from './limits.ts';

/** A way with a connection that was opened ahead. */
interface BegunWay extends Pick<Way, 'agent'> {
  readonly ahead: Socket;
}

/** How long a connection opened ahead is waited for, in milliseconds. */
const REACH_MS = 100;

/** How long a read may take where nothing else is said, in milliseconds. */
export const READ_TIMEOUT_MS = 2500;

/**
 * Asks for the secret at once, by a way that has begun; the SDK's own where there is none. Its time is counted from when
 * somebody wants it.
 *
 * @returns for `loadSecrets`: what the first call gets was asked for already
 */
export function beginReading(
  secretId: string,
  { timeoutMs = READ_TIMEOUT_MS, way }: { timeoutMs?: number | undefined; way?: BegunWay | undefined } = {},
): FetchSecret {
  const fetchSecret = secretsManagerFetch(secretId, { mostMs: timeoutMs, way });
  const controller = new AbortController();
  let begun: Promise<string> | undefined = fetchSecret(controller.signal, timeoutMs);
  // Whoever gets it hears of its failure.
  begun.catch(() => undefined);
  return (signal, limitMs) => {
    const first = begun;
    begun = undefined;
    if (!first) return fetchSecret(signal, limitMs);
    signal.addEventListener('abort', () => controller.abort());
    return first;
  };
}

/**
 * Reads the version in force, or the one before it. An attempt that hangs leaves half of the read's time for another.
 *
 * @param way where its connection is opened ahead, what the SDK does before its request, 10 ms of work at a cold start, is
 *   done while that is on its way
 */
export function secretsManagerFetch(
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
