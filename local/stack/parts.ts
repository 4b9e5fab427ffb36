import { createPublicKey, generateKeyPair, type KeyObject, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { type App, type Cashier, type CashierOptions, startCashier } from '../cashier/index.ts';
import { type LocalAws, startAws } from './aws.ts';
import { type LocalSecretsManager, startSecretsManager } from './secrets-manager.ts';

/** Everything outside that the functions need, on this machine. */
export interface LocalParts {
  readonly cashier: Cashier;
  readonly aws: LocalAws;
  readonly secretsManager: LocalSecretsManager;
  /** A bearer token that `query` takes; where there are several apps, of the first. */
  readonly apiToken: string;
  /** That of each app, by its appId. */
  readonly apiTokens: ReadonlyMap<string, string>;
  /** What the resources of `serverless.yml` are here, by their logical names. */
  readonly resources: Readonly<Record<string, string>>;
  /** The variables that point the functions at these parts. */
  readonly environment: Readonly<Record<string, string>>;
  /** Stores the merchant's secret under a name. */
  storeSecret(secretId: string): void;
  close(): Promise<void>;
}

/** Starts the parts on free ports of 127.0.0.1, with new keys and new tokens, for as many mini-programs of the merchant's. */
export async function startParts(cashierOptions: CashierOptions = {}, appCount = 1): Promise<LocalParts> {
  const keys = await Promise.all(
    Array.from({ length: appCount }, () => promisify(generateKeyPair)('rsa', { modulusLength: 2048 })),
  );
  const [merchantPublicKey, ...otherKeys] = keys.map(({ privateKey }) => createPublicKey(privateKey));
  const otherApps = otherKeys.map((key, index) => ({ ...otherApp(index + 1), merchantPublicKey: key }));
  const [cashier, aws, secretsManager] = await Promise.all([
    startCashier({ ...cashierOptions, merchantPublicKey, otherApps }),
    startAws(),
    startSecretsManager(),
  ]);
  const apps = cashier.apps.flatMap((app, index) => {
    const privateKey = keys[index]?.privateKey;
    return privateKey ? [{ app, privateKey, apiToken: randomBytes(24).toString('base64url') }] : [];
  });
  const secrets = apps.map(secretOf);
  const secret = secrets.length === 1 ? secrets[0] : { apps: secrets };
  return {
    ...{ cashier, aws, secretsManager, apiToken: apps[0]?.apiToken ?? '' },
    apiTokens: new Map(apps.map(({ app, apiToken }) => [app.appId, apiToken])),
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
    storeSecret: (secretId) => secretsManager.put(secretId, JSON.stringify(secret)),
    close: async () => {
      await Promise.all([cashier.close(), aws.close(), secretsManager.close()]);
    },
  };
}

/** The ids of a further app, by its place. */
function otherApp(index: number): { appId: string; appKey: string; dealId: string } {
  return { appId: String(10_026 + index), appKey: `MMM4o${index}`, dealId: String(470_193_086 + index) };
}

/** An app in the secret, as a merchant would store it. */
function secretOf({ app, privateKey, apiToken }: { app: App; privateKey: KeyObject; apiToken: string }) {
  return { ...app, privateKey: privateKey.export({ format: 'pem', type: 'pkcs1' }), apiTokens: [apiToken] };
}
