import { createPublicKey, generateKeyPair, type KeyObject, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { type Cashier, type CashierOptions, startCashier } from '../cashier/index.ts';
import { type LocalAws, startAws } from './aws.ts';
import { type LocalSecretsManager, startSecretsManager } from './secrets-manager.ts';

/** Everything outside that the functions need, on this machine. */
export interface LocalParts {
  readonly cashier: Cashier;
  readonly aws: LocalAws;
  readonly secretsManager: LocalSecretsManager;
  /** A bearer token that `query` takes. */
  readonly apiToken: string;
  /** What the resources of `serverless.yml` are here, by their logical names. */
  readonly resources: Readonly<Record<string, string>>;
  /** The variables that point the functions at these parts. */
  readonly environment: Readonly<Record<string, string>>;
  /** Stores the merchant's secret under a name. */
  storeSecret(secretId: string): void;
  close(): Promise<void>;
}

/** Starts the parts on free ports of 127.0.0.1, with new keys and a new token. */
export async function startParts(cashierOptions: CashierOptions = {}): Promise<LocalParts> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 });
  const [cashier, aws, secretsManager] = await Promise.all([
    startCashier({ ...cashierOptions, merchantPublicKey: createPublicKey(privateKey) }),
    startAws(),
    startSecretsManager(),
  ]);
  const apiToken = randomBytes(24).toString('base64url');
  return {
    ...{ cashier, aws, secretsManager, apiToken },
    resources: {
      PaymentQueue: aws.paymentQueueUrl,
      StatusTopic: aws.statusTopicArn,
      LedgerTable: aws.ledgerTable,
    },
    environment: {
      ...aws.environment,
      AWS_ENDPOINT_URL_SECRETS_MANAGER: secretsManager.url,
      BAIDU_QUERY_URL: cashier.queryUrl,
      BAIDU_OPENAPI_URL: cashier.openapiUrl,
      ORDERS_TABLE: aws.ordersTable,
      REFUND_AUDIT: 'approve',
    },
    storeSecret: (secretId) => secretsManager.put(secretId, secretOf(cashier, privateKey, apiToken)),
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
    smartAppKey: cashier.smartAppKey,
    smartAppSecret: cashier.smartAppSecret,
    apiTokens: [apiToken],
  });
}
