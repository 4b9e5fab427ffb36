import { generateKeyPairSync } from 'node:crypto';
import type { FunctionName } from '../../local/deploy/bundles.ts';
import { type LocalAws, startAws } from '../../local/stack/aws.ts';
import { type LocalSecretsManager, startSecretsManager } from '../../local/stack/secrets-manager.ts';
import { type ScriptedBaidu, startBaidu } from './baidu.ts';
import { type Sandbox, startSandbox } from './sandbox.ts';
import { type Fate, type Moment, type Place, startWireTap, type WireTap } from './wire-tap.ts';

export const TOKEN = 'a-token-of-the-mini-programs-backend';

const platform = generateKeyPairSync('rsa', { modulusLength: 1024 });
const merchant = generateKeyPairSync('rsa', { modulusLength: 1024 });

/** Signs notifications in this world. */
export const platformKey = platform.privateKey;

/** What a merchant's secret holds in this world. */
export const SECRET = {
  appId: '10026',
  appKey: 'MMM4oc',
  privateKey: merchant.privateKey.export({ format: 'pem', type: 'pkcs1' }).toString(),
  platformPublicKey: platform.publicKey.export({ format: 'pem', type: 'spki' }).toString(),
  apiTokens: [TOKEN],
};

/** Everything around the functions, with a tap on every wire. */
export interface World {
  readonly aws: LocalAws;
  readonly baidu: ScriptedBaidu;
  readonly secretsManager: LocalSecretsManager;
  readonly taps: readonly WireTap[];
  /** The moments that have passed, in order. */
  readonly seen: readonly Moment[];
  /** What a function is deployed with, pointed at the taps. */
  readonly env: Readonly<Record<string, string>>;
  /** Decides over every call from now on. */
  decide(next: (moment: Moment, place: Place) => Fate | Promise<Fate>): void;
  /** Starts a function's bundle in a process of its own. */
  sandbox(name: FunctionName, more?: Record<string, string>, timeoutMs?: number): Sandbox;
  close(): Promise<void>;
}

/**
 * Makes a world in which all goes well.
 *
 * @param bundles the path of each function's bundle
 */
export async function makeWorld(
  bundles: Readonly<Record<FunctionName, string>>,
  { visibilitySeconds = 1 } = {},
): Promise<World> {
  const [aws, baidu, secretsManager] = await Promise.all([
    startAws({ visibilitySeconds }),
    startBaidu(),
    startSecretsManager(),
  ]);
  secretsManager.put('secret', JSON.stringify(SECRET));
  const seen: Moment[] = [];
  let decide: (moment: Moment, place: Place) => Fate | Promise<Fate> = () => 'pass';
  const origin = (name: string) => aws.environment[`AWS_ENDPOINT_URL_${name}`] ?? '';
  const taps = await Promise.all(
    [origin('SQS'), origin('DYNAMODB'), secretsManager.url, baidu.url].map((url) =>
      startWireTap(url, (moment, place) => {
        seen.push(moment);
        return decide(moment, place);
      }),
    ),
  );
  const [messaging = '', tables = '', secrets = '', query = ''] = taps.map(({ url }) => url);
  const env = {
    ...aws.environment,
    AWS_ENDPOINT_URL_SQS: messaging,
    AWS_ENDPOINT_URL_SNS: messaging,
    AWS_ENDPOINT_URL_DYNAMODB: tables,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: secrets,
    BAIDU_SECRET_ID: 'secret',
    BAIDU_QUERY_URL: query + new URL(baidu.url).pathname,
    BAIDU_ATTEMPT_TIMEOUT_MS: '500',
    PAYMENT_QUEUE_URL: messaging + new URL(aws.paymentQueueUrl).pathname,
    PAYMENT_TOPIC_ARN: aws.statusTopicArn,
    LEDGER_TABLE: aws.ledgerTable,
    LOG_LEVEL: 'SILENT',
  };
  const parts = [aws, baidu, secretsManager, ...taps];
  return {
    ...{ aws, baidu, secretsManager, taps, seen, env },
    decide: (next) => {
      decide = next;
    },
    sandbox: (name, more = {}, timeoutMs = 3000) =>
      startSandbox(bundles[name], { ...env, ...more }, { timeoutMs }),
    close: async () => {
      await Promise.all(parts.map((part) => part.close()));
    },
  };
}
