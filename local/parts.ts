import { createPublicKey, generateKeyPair, type KeyObject, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { type Cashier, startCashier } from './cashier/index.ts';
import { type LocalSecretsManager, startSecretsManager } from './secrets-manager.ts';

/** Everything outside that the functions need, on this machine, and the environment that points them at it. */
export interface LocalParts {
  readonly cashier: Cashier;
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
  const [cashier, secretsManager] = await Promise.all([
    startCashier({ merchantPublicKey: createPublicKey(privateKey) }),
    startSecretsManager(),
  ]);
  const apiToken = randomBytes(24).toString('base64url');
  secretsManager.put(SECRET_ID, secretOf(cashier, privateKey, apiToken));
  return {
    cashier,
    secretsManager,
    apiToken,
    environment: {
      AWS_REGION: 'cn-north-1',
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'local',
      AWS_ENDPOINT_URL_SECRETS_MANAGER: secretsManager.url,
      BAIDU_SECRET_ID: SECRET_ID,
      BAIDU_QUERY_URL: cashier.queryUrl,
    },
    close: async () => {
      await Promise.all([cashier.close(), secretsManager.close()]);
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
