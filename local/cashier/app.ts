import { type KeyObject, randomBytes } from 'node:crypto';
import { CashierError } from './error.ts';
import { Tokens } from './http/openapi.ts';
import { isLong } from './orders/order.ts';
import { generatePlatformKey, publicKeyText, readPrivateKey, readPublicKey } from './signature/keys.ts';

/** A mini-program at the cashier: what Baidu's console shows of it. */
export interface AppOptions {
  appId?: string | undefined;
  appKey?: string | undefined;
  dealId?: string | undefined;
  /** The mini-program's own App Key and App Secret, for the second generation; new ones by default. */
  smartAppKey?: string | undefined;
  smartAppSecret?: string | undefined;
  /** RSA, PEM or key object: signs notifications. A new one is made by default. */
  platformPrivateKey?: string | KeyObject | undefined;
  /** RSA, PEM or bare base64 SPKI: verifies queries. Without it every query is refused. */
  merchantPublicKey?: string | KeyObject | undefined;
}

/** A further mini-program beside the first; without a merchant's key of its own that of the first verifies its queries. */
export interface OtherApp extends AppOptions {
  appId: string;
  appKey: string;
  dealId: string;
}

/** An app as others may see it. */
export interface App {
  readonly appId: string;
  readonly appKey: string;
  readonly dealId: string;
  readonly smartAppKey: string;
  readonly smartAppSecret: string;
  /** Bare base64 SPKI, as Baidu's console shows it. */
  readonly platformPublicKey: string;
}

/** An app with what only the cashier has of it. */
export interface OwnApp extends App {
  readonly privateKey: KeyObject;
  /** `null`: that of the first app. */
  readonly merchantPublicKey: KeyObject | null;
  readonly tokens: Tokens;
}

/** The sample app of Baidu's pages. */
const SAMPLE = { appId: '10026', appKey: 'MMM4oc', dealId: '470193086' };

/** Makes the apps, the first one first; throws `INVALID` for a key or an id that is none, or an app twice. */
export async function makeApps(
  first: AppOptions,
  others: readonly OtherApp[],
  now: () => Date,
): Promise<[OwnApp, ...OwnApp[]]> {
  const { merchantPublicKey: _given, ...own } = first;
  const apps: [OwnApp, ...OwnApp[]] = [await makeApp({ ...SAMPLE, ...defined(own) }, now)];
  for (const other of others) {
    const app = await makeApp(other, now);
    const isTwice = apps.some(({ appId, appKey }) => appId === app.appId || appKey === app.appKey);
    if (isTwice || !isLong(app.appId) || !isLong(app.dealId) || app.appKey === '') {
      throw new CashierError('INVALID', {
        en: `app ${app.appId}: appId and appKey of its own, and a dealId`,
        zh: `应用 ${app.appId}：appId 和 appKey 不能与其他应用相同，并须有 dealId`,
      });
    }
    apps.push(app);
  }
  return apps;
}

/** The app as others may see it. */
export function publicApp({
  appId,
  appKey,
  dealId,
  smartAppKey,
  smartAppSecret,
  platformPublicKey,
}: OwnApp): App {
  return { appId, appKey, dealId, smartAppKey, smartAppSecret, platformPublicKey };
}

async function makeApp(options: OtherApp, now: () => Date): Promise<OwnApp> {
  const { appId, appKey, dealId, merchantPublicKey } = options;
  const { smartAppKey = drawPair(), smartAppSecret = drawPair() } = options;
  const privateKey = readPrivateKey(options.platformPrivateKey ?? (await generatePlatformKey()));
  return {
    ...{ appId, appKey, dealId, smartAppKey, smartAppSecret, privateKey },
    platformPublicKey: publicKeyText(privateKey),
    merchantPublicKey: merchantPublicKey === undefined ? null : readPublicKey(merchantPublicKey),
    tokens: new Tokens(now),
  };
}

/** As long as the App Key and App Secret of a real mini-program. */
function drawPair(): string {
  return randomBytes(16).toString('hex');
}

function defined<T extends object>(options: T): { [Name in keyof T]?: Exclude<T[Name], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as {
    [Name in keyof T]?: Exclude<T[Name], undefined>;
  };
}
