import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { verify } from '../../local/cashier/signature/signature.ts';
import { answerBody, type Behaviour, says } from './baidu.ts';

/** A mini-program of a merchant's, with all the keys there are around it, and an order of its own at Baidu. */
export interface TestApp {
  readonly appId: string;
  readonly token: string;
  readonly merchant: { readonly privateKey: KeyObject; readonly publicKey: KeyObject };
  readonly platform: { readonly privateKey: KeyObject; readonly publicKey: KeyObject };
  readonly order: { readonly orderId: string; readonly siteId: string };
  /** Its part of the secret, with some fields changed. */
  readonly secret: (changes?: Record<string, unknown>) => Record<string, unknown>;
}

/** Makes the n-th app of a merchant's, from 1. */
export function makeApp(n: number): TestApp {
  const [merchant, platform] = keysOf(n);
  const appId = String(10_000 + n);
  const token = `the-token-of-the-backend-of-app-${appId}`;
  const base = {
    ...{ appId, appKey: `MM${appId}`, privateKey: pem(merchant.privateKey), apiTokens: [token] },
    platformPublicKey: platform.publicKey.export({ format: 'der', type: 'spki' }).toString('base64'),
  };
  return {
    ...{ appId, token, merchant, platform },
    order: { orderId: `${n}000001`, siteId: `${n}000009` },
    secret: (changes = {}) => ({ ...base, ...changes }),
  };
}

const made = new Map<number, readonly [ReturnType<typeof pair>, ReturnType<typeof pair>]>();

/** The merchant's and the platform's keys of the n-th app, the same for as long as this process lives. */
function keysOf(n: number) {
  const keys = made.get(n) ?? ([pair(), pair()] as const);
  made.set(n, keys);
  return keys;
}

/** A pair of keys, of the size that most merchants have. */
export function pair() {
  return generateKeyPairSync('rsa', { modulusLength: 1024 });
}

/** A private key as merchants hold it. */
export function pem(key: KeyObject): string {
  return key.export({ format: 'pem', type: 'pkcs1' }).toString();
}

/** A Baidu that takes only the app's own signature and key, for the app's own order and user. */
export function baiduOf(
  apps: readonly TestApp[],
  keyAtBaidu: (app: TestApp) => KeyObject = (app) => app.merchant.publicKey,
): Behaviour {
  return (request, response) => {
    const params = Object.fromEntries(new URLSearchParams(request.url?.split('?')[1]));
    const app = apps.find(({ appId }) => appId === params['appId']);
    const errno = app ? faultOf(params, app, keyAtBaidu(app)) : 10002;
    says(answerBody(errno === 0 ? {} : { errno, data: null }))(request, response);
  };
}

function faultOf(params: Record<string, string>, { secret, order }: TestApp, key: KeyObject): number {
  if (!verify(params, params['sign'] ?? '', key)) return 10000;
  const { orderId, siteId, appKey } = params;
  const isOwn = appKey === secret()['appKey'] && orderId === order.orderId && siteId === order.siteId;
  return isOwn ? 0 : 10002;
}
