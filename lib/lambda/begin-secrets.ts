import tls from 'node:tls';
import { beginReading, whenReached } from '../aws/secret-fetch.ts';
import type { SecretSource } from '../aws/secrets-manager.ts';
import type { FetchSecret } from '../merchant/secret-loader.ts';
import { readSecretConfig, secretsManagerUrl } from './config.ts';
import { atInit } from './init.ts';
import { openAhead } from './open-ahead.ts';

/** The secret that is on its way, and how it is read again. */
export interface SecretsAhead {
  readonly source: SecretSource;
  readonly fetchSecret: FetchSecret;
}

const asked = Promise.withResolvers<void>();

/**
 * Resolves when the secret has been asked for, or cannot be: what is not needed for that is evaluated from then on, while
 * the secret is on its way (esbuild.config.cjs).
 */
export const secretAsked: Promise<void> = asked.promise;

/**
 * Asks for the secret at once, over a connection that is opened first.
 *
 * @param timeoutMs how long the read may take, in milliseconds
 */
export function beginSecrets(timeoutMs?: number): () => SecretsAhead {
  return atInit(() => {
    // Where nobody knows yet where that is, the SDK may.
    const url = secretsManagerUrl();
    const way = url ? openAhead(url) : undefined;
    try {
      const source = readSecretConfig();
      return { source, fetchSecret: beginReading(source.secretId, { timeoutMs, way }) };
    } finally {
      const { ahead } = way ?? {};
      const reached =
        ahead && whenReached(ahead, ahead instanceof tls.TLSSocket ? 'secureConnect' : 'connect');
      // The request is written by the same event.
      Promise.resolve(reached).then(() => setImmediate(asked.resolve));
    }
  });
}
