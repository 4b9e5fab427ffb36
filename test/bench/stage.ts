import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { type BuildOptions, build } from 'esbuild';
import { signParams } from '../../lib/baidu/sign.ts';
import { buildBundles } from '../../local/deploy/bundles.ts';
import { notifyEvent, queryEvent } from '../../local/stack/events.ts';
import { PAID } from '../support/notification.ts';
import { type Baidu, type Peer, startBaidu, startQueue, startSecrets } from './peers.ts';
import { type Sandbox, startSandbox } from './sandbox.ts';
import type { Toolbox } from './toolbox.ts';

/** The functions of all contenders, bundled, and the peers that they talk to. */
export interface Stage {
  /** The one app in the secret. */
  readonly app: Readonly<Record<string, unknown>>;
  readonly secrets: Peer;
  readonly baidu: Baidu;
  readonly queue: Peer;
  readonly bundles: Readonly<Record<string, string>>;
  /** A query for one order, with a token. */
  readonly query: unknown;
  /** A payment notification of an order, signed. */
  notification(orderId?: string): unknown;
  /** Starts a sandbox with one of the bundles. */
  start(bundle: string, environment?: Record<string, string>): Promise<Sandbox>;
  close(): Promise<void>;
}

/** Bundles everything and starts the peers. Keys have 1024 bits, as most merchants' have. */
export async function setStage({ runtimeClient, packages }: Toolbox): Promise<Stage> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'bench-'));
  const merchant = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey;
  const platform = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey;
  const token = 'a-token-of-the-benchmarks-0123456789';
  const app = {
    ...{ appId: '10026', appKey: 'MMM4oc', dealId: PAID['dealId'], apiTokens: [token] },
    privateKey: merchant.export({ format: 'pem', type: 'pkcs1' }),
    platformPublicKey: createPublicKey(platform).export({ format: 'der', type: 'spki' }).toString('base64'),
  };
  const [secrets, baidu, queue, bundles] = await Promise.all([
    startSecrets(app),
    startBaidu(),
    startQueue(),
    buildContenders(folder, packages),
  ]);
  const common = {
    BAIDU_SECRET_ID: 'bench',
    BAIDU_QUERY_URL: `${baidu.url}/platform/entity/openapi/queryorderdetail`,
    PAYMENT_QUEUE_URL: `${queue.url}/000000000000/payments`,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: secrets.url,
    AWS_ENDPOINT_URL_SQS: queue.url,
  };
  return {
    ...{ app, secrets, baidu, queue, bundles },
    query: queryEvent({ headers: { authorization: `Bearer ${token}` } }),
    notification: (orderId = PAID['orderId'] ?? '') => {
      const fields = { ...PAID, orderId };
      const rsaSign = signParams(fields, platform);
      return notifyEvent(new URLSearchParams({ ...fields, rsaSign }).toString());
    },
    start: (bundle, environment = {}) =>
      startSandbox(runtimeClient, {
        bundle: bundles[bundle] ?? '',
        environment: { ...common, ...environment },
      }),
    close: async () => {
      await Promise.all([secrets.close(), baidu.close(), queue.close()]);
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
  const [ours] = await Promise.all([
    buildBundles(folder),
    one('floor-query', 'floor-query.ts'),
    one('floor-notify', 'floor-notify.ts'),
    one('usual-query', 'usual-query.mjs', { nodePaths: [packages] }),
  ]);
  const names = ['floor-query', 'floor-notify', 'usual-query'];
  return { ...ours, ...Object.fromEntries(names.map((name) => [name, target(name)])) };
}
