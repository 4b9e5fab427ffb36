import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { type BuildOptions, build } from 'esbuild';
import { signParams } from '../../lib/baidu/sign.ts';
import { buildBundles } from '../../local/deploy/bundles.ts';
import { notifyEvent, ownQueryEvent, queryEvent, sqsEvent } from '../../local/stack/events.ts';
import { PAID } from '../support/notification.ts';
import {
  type Baidu,
  CERTIFICATE,
  type Peer,
  startBaidu,
  startQueue,
  startSecrets,
  startTable,
  startTopic,
} from './peers.ts';
import { type Deployment, type Sandbox, startSandbox } from './sandbox.ts';
import type { Toolbox } from './toolbox.ts';

/** The functions of all contenders, bundled, and the peers that they talk to. */
export interface Stage {
  /** The one app in the secret. */
  readonly app: Readonly<Record<string, unknown>>;
  readonly secrets: Peer;
  readonly baidu: Baidu;
  readonly queue: Peer;
  readonly topic: Peer;
  readonly table: Peer;
  /** Puts so many milliseconds, there and back, between the functions and what they call. */
  setDistances(distances: { readonly baiduMs: number; readonly awsMs: number }): void;
  readonly bundles: Readonly<Record<string, string>>;
  /** A query for one order, with a token. */
  readonly query: unknown;
  /** The same by the merchant's own id. */
  readonly ownQuery: unknown;
  /** A look-up of one order, from the queue. */
  readonly lookup: unknown;
  /** A payment notification of an order, signed. */
  notification(orderId?: string): unknown;
  /** Starts a sandbox with one of the bundles. */
  start(bundle: string, environment?: Record<string, string>, place?: Place): Promise<Sandbox>;
  close(): Promise<void>;
}

/** What a sandbox runs in: its memory in MB, and its share of the processor. */
export type Place = Pick<Deployment, 'memoryMb' | 'cpu'>;

/** Bundles everything and starts the peers. Keys have 1024 bits, as most merchants' have. */
export async function setStage({ runtimeClient, packages }: Toolbox): Promise<Stage> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'bench-'));
  const merchant = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey;
  const platform = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey;
  const token = 'a-token-of-the-benchmarks-0123456789';
  const { orderId = '', userId: siteId = '', tpOrderId = '' } = PAID;
  const app = {
    ...{ appId: '10026', appKey: 'MMM4oc', dealId: PAID['dealId'], apiTokens: [token] },
    privateKey: merchant.export({ format: 'pem', type: 'pkcs1' }),
    platformPublicKey: createPublicKey(platform).export({ format: 'der', type: 'spki' }).toString('base64'),
  };
  const [secrets, baidu, queue, topic, table, bundles] = await Promise.all([
    startSecrets(app),
    startBaidu(),
    startQueue(),
    startTopic(),
    startTable({ orderId, siteId, tpOrderId }),
    buildContenders(folder, packages),
  ]);
  const common = {
    BAIDU_SECRET_ID: 'bench',
    BAIDU_QUERY_URL: `${baidu.url}/platform/entity/openapi/queryorderdetail`,
    PAYMENT_QUEUE_URL: `${queue.url}/000000000000/payments`,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: secrets.url,
    AWS_ENDPOINT_URL_SQS: queue.url,
    AWS_ENDPOINT_URL_SNS: topic.url,
    AWS_ENDPOINT_URL_DYNAMODB: table.url,
    PAYMENT_TOPIC_ARN: 'arn:aws-cn:sns:cn-north-1:000000000000:statuses',
    LEDGER_TABLE: 'ledger',
    NODE_EXTRA_CA_CERTS: CERTIFICATE,
  };
  const ofAws = [secrets, queue, topic, table];
  return {
    ...{ app, secrets, baidu, queue, topic, table, bundles },
    setDistances: ({ baiduMs, awsMs }) => {
      baidu.distance.roundTripMs = baiduMs;
      for (const { distance } of ofAws) distance.roundTripMs = awsMs;
    },
    query: queryEvent({ headers: { authorization: `Bearer ${token}` } }),
    ownQuery: ownQueryEvent(tpOrderId, { authorization: `Bearer ${token}` }),
    lookup: sqsEvent([{ messageId: '1', body: JSON.stringify({ orderId, siteId }) }]),
    notification: (id = orderId) => {
      const fields = { ...PAID, orderId: id };
      const rsaSign = signParams(fields, platform);
      return notifyEvent(new URLSearchParams({ ...fields, rsaSign }).toString());
    },
    start: (bundle, environment = {}, place = {}) =>
      startSandbox(runtimeClient, {
        ...{ bundle: bundles[bundle] ?? '', ...place },
        environment: { ...common, ...environment },
      }),
    close: async () => {
      await Promise.all([...ofAws, baidu].map((peer) => peer.close()));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** What a project gets that bundles and minifies, and leaves it at that. */
const USUAL_OPTIONS: BuildOptions = {
  ...{ bundle: true, minify: true, platform: 'node', target: 'node24', format: 'cjs' },
};

async function buildContenders(folder: string, packages: string): Promise<Record<string, string>> {
  const source = (name: string) => path.join(import.meta.dirname, 'contenders', name);
  const target = (name: string) => path.join(folder, `${name}.cjs`);
  const one = (name: string, entry: string, options: BuildOptions = {}) =>
    build({ ...USUAL_OPTIONS, ...options, entryPoints: [source(entry)], outfile: target(name) });
  const floors = ['floor-query', 'floor-own-id', 'floor-notify', 'floor-confirm'];
  const [ours] = await Promise.all([
    buildBundles(folder),
    ...floors.map((name) => one(name, `${name}.ts`)),
    one('usual-query', 'usual-query.mjs', { nodePaths: [packages] }),
  ]);
  const names = [...floors, 'usual-query'];
  return { ...ours, ...Object.fromEntries(names.map((name) => [name, target(name)])) };
}
