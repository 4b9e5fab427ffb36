import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { awsClientLimits } from './aws.ts';
import type { SecretConfig } from './config.ts';
import { ServiceError } from './errors.ts';
import { createSecretLoader, type FetchSecret, type SecretLoaderOptions } from './secret-loader.ts';

/**
 * A function that serves what `parse` makes of the secret in AWS Secrets Manager, read first in the background of
 * the init phase. See `createSecretLoader` for what it promises.
 */
export function loadSecrets<T>(
  { secretId, secretTtlMs }: SecretConfig,
  options: Pick<SecretLoaderOptions<T>, 'parse' | 'onFailure'> & Partial<SecretLoaderOptions<T>>,
): (budgetMs?: number) => Promise<T> {
  const timeoutMs = options.timeoutMs ?? 2500;
  const loader = createSecretLoader<T>({
    // An attempt that hangs leaves room for another.
    fetchSecret: secretsManagerFetch(secretId, timeoutMs / 2),
    ttlMs: secretTtlMs,
    refreshTimeoutMs: 500,
    ...options,
    timeoutMs,
  });
  loader.prefetch();
  return loader.load;
}

function secretsManagerFetch(secretId: string, attemptTimeoutMs: number): FetchSecret {
  const client = new SecretsManagerClient(awsClientLimits({ attemptTimeoutMs, maxAttempts: 3 }));
  return async (signal) => {
    const command = new GetSecretValueCommand({ SecretId: secretId });
    const { SecretString } = await client.send(command, { abortSignal: signal });
    if (SecretString === undefined) {
      throw new ServiceError('CONFIGURATION_UNAVAILABLE', 'The secret is binary; it must be text (JSON).');
    }
    return SecretString;
  };
}
