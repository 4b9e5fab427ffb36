import { createPublicKey, generateKeyPair, type KeyObject, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { type LocalAws, startAws } from './aws.ts';
import { type Cashier, startCashier } from './cashier/index.ts';
import { type LocalSecretsManager, startSecretsManager } from './secrets-manager.ts';

/** Everything outside that the functions need, on this machine, and the environment that points them at it. */
export interface LocalParts {
  readonly cashier: Cashier;
  readonly aws: LocalAws;
  readonly secretsManager: LocalSecretsManager;
  /** A bearer token that `query` takes. */
  readonly apiToken: string;
  /** The variables that a function is deployed with. */
  readonly environment: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

const SECRET_ID = 'baidu-payment-status/local';

/** Starts the parts on free ports of 127.0.0.1, with new keys and a new token. */
export async function startParts(): Promise<LocalParts> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 });
  const [cashier, aws, secretsManager] = await Promise.all([
    startCashier({ merchantPublicKey: createPublicKey(privateKey) }),
    startAws(),
    startSecretsManager(),
  ]);
  const apiToken = randomBytes(24).toString('base64url');
  secretsManager.put(SECRET_ID, secretOf(cashier, privateKey, apiToken));
  return {
    ...{ cashier, aws, secretsManager },
    apiToken,
    environment: {
      ...aws.environment,
      AWS_ENDPOINT_URL_SECRETS_MANAGER: secretsManager.url,
      BAIDU_SECRET_ID: SECRET_ID,
      BAIDU_QUERY_URL: cashier.queryUrl,
      PAYMENT_QUEUE_URL: aws.paymentQueueUrl,
      PAYMENT_TOPIC_ARN: aws.statusTopicArn,
      IDEMPOTENCY_TABLE: aws.idempotencyTable,
    },
    close: async () => {
      await Promise.all([cashier.close(), aws.close(), secretsManager.close()]);
    },
  };
}

/** The secret as a merchant would store it. */
function secretOf(cashier: Cashier, privateKey: KeyObject, apiToken: string): string {
  return JSON.stringify({
    appId: cashier.appId,
    appKey: cashier.appKey,
    privateKey: privateKey.export({ format: 'pem', type: 'pkcs1' }),
    platformPublicKey: cashier.platformPublicKey,
    dealId: cashier.dealId,
    apiTokens: [apiToken],
  });
}
