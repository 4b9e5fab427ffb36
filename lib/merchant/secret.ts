import { hash } from 'node:crypto';
import type { App } from '../baidu/client.ts';
import { unfitField } from '../baidu/errors.ts';
import { digitsOf, listOf } from '../baidu/json.ts';
import { keyTail, readPrivateKey, readPublicKey } from '../baidu/keys.ts';
import { isLong } from '../baidu/order.ts';
import type { SmartApp } from '../baidu/second-generation/access-token.ts';
import type { NotificationKeys } from '../baidu/webhook/notification.ts';
import { type AppFields, type Apps, appIdIn, once, readApps } from './apps.ts';

/** A payment app; with the mini-program's own pair of keys where the secret holds it. */
export interface MerchantApp extends App, Partial<SmartApp> {}

/** What answering a query takes: the merchant's key, and who may ask. */
export interface QueryApp extends MerchantApp {
  /** SHA-256 digests of the API tokens. */
  readonly tokenDigests: readonly Buffer[];
}

/** What Baidu's platform signs with for an app. */
export interface NotificationApp extends NotificationKeys {
  /** `undefined` where a secret of one app holds none: nothing is verified with it. */
  readonly appId: string | undefined;
  /** What tells the app's platform keys from others without parsing them. */
  readonly keyTails: readonly string[];
}

/** What looking orders up takes. */
export interface ConfirmApp extends MerchantApp {
  /** The platform's keys, read when a notification asks for them; throws `CONFIGURATION_UNAVAILABLE`. */
  readonly keys: () => NotificationKeys;
}

const MIN_TOKEN_LENGTH = 32;

/**
 * Reads `appId`, `appKey` and `privateKey` of each app, and `smartAppKey` with `smartAppSecret`. A private key is parsed
 * when it is used.
 *
 * @param text the secret as Secrets Manager holds it: JSON
 * @throws as `readApps` does
 */
export function parseMerchantSecret(text: string): Apps<MerchantApp> {
  return readApps(text, { read: readMerchant, prove: (app) => app.privateKey });
}

/** Reads what `parseMerchantSecret` reads, and `apiTokens`. Throws as it does. */
export function parseQuerySecret(text: string): Apps<QueryApp> {
  return readApps(text, {
    read: (app) => Object.assign(readMerchant(app), { tokenDigests: readTokens(app).map(tokenDigest) }),
    prove: (app) => app.privateKey,
    marks: ({ apiTokens }) => listOf(apiTokens).filter(isText),
    clash: (first, second, firstPlace) => {
      const index = second.findIndex((token) => first.includes(token));
      return index < 0 ? undefined : [`apiTokens[${index}]`, `is a token of ${firstPlace}, too`];
    },
  });
}

/**
 * Reads `platformPublicKey` and the optional `dealId` of each app. The keys are parsed when they are used. Throws as
 * `parseMerchantSecret` does.
 */
export function parseNotificationSecret(text: string): Apps<NotificationApp> {
  return readApps(text, {
    read: readNotificationApp,
    prove: (app) => app.platformKeys,
    marks: (fields) => {
      const takesAll = listOf(fields['dealId']).length === 0 && !Array.isArray(fields['dealId']);
      return { tails: keyTailsIn(fields), deals: dealsIn(fields), takesAll };
    },
    clash: (first, second, firstPlace) => {
      if (!second.tails.some((tail) => first.tails.includes(tail))) return undefined;
      const deal = second.deals.findIndex((id) => first.deals.includes(id));
      if (deal >= 0) return [`dealId[${deal}]`, `is a deal of ${firstPlace}, too, as is a platformPublicKey`];
      // Deals that cannot be read are a fault of that app alone.
      if (!first.takesAll && !second.takesAll) return undefined;
      return ['platformPublicKey', `is that of ${firstPlace}, too: each of the two must name its dealId`];
    },
  });
}

/** Reads what `parseMerchantSecret` reads; the platform's keys are read when a notification asks for them. */
export function parseConfirmSecret(text: string): Apps<ConfirmApp> {
  return readApps(text, {
    read: (app) => Object.assign(readMerchant(app), { keys: once(() => readNotificationApp(app)) }),
    prove: (app) => app.privateKey,
  });
}

/** The digest under which an API token is kept and compared. */
export function tokenDigest(token: string): Buffer {
  return hash('sha256', token, 'buffer');
}

function readMerchant({ place, fields }: AppFields): MerchantApp {
  const { appKey, privateKey } = fields;
  const appId = readAppId({ place, fields });
  if (!isText(appKey)) throw unfitField(`${place}appKey`, 'must be a string that is not empty');
  if (typeof privateKey !== 'string') throw unfitField(`${place}privateKey`, 'must be a string');
  const key = once(() => readPrivateKey(privateKey, `${place}privateKey`));
  return {
    ...{ appId, appKey, ...readSmartApp({ place, fields }) },
    get privateKey() {
      return key();
    },
  };
}

function readSmartApp({ place, fields }: AppFields): Partial<SmartApp> {
  const names = ['smartAppKey', 'smartAppSecret'] as const;
  const given = names.filter((name) => (fields[name] ?? undefined) !== undefined);
  if (given.length === 0) return {};
  const [smartAppKey, smartAppSecret] = names.map((name) => {
    const value = fields[name];
    if (isText(value)) return value;
    const alone = given.includes(name) ? '' : `, as ${given[0]} is there`;
    throw unfitField(place + name, `must be a string that is not empty${alone}`);
  });
  return smartAppKey !== undefined && smartAppSecret !== undefined ? { smartAppKey, smartAppSecret } : {};
}

function readTokens({ place, fields }: AppFields): string[] {
  const tokens = fields['apiTokens'];
  if (!Array.isArray(tokens) || tokens.length === 0) {
    throw unfitField(`${place}apiTokens`, 'must be a list of strings, one at least');
  }
  return tokens.map((token: unknown) => {
    if (typeof token === 'string' && token.length >= MIN_TOKEN_LENGTH) return token;
    throw unfitField(`${place}apiTokens`, `must hold strings of at least ${MIN_TOKEN_LENGTH} characters`);
  });
}

function readNotificationApp({ place, fields }: AppFields): NotificationApp {
  const field = `${place}platformPublicKey`;
  const texts = listOf(fields['platformPublicKey']).map((key) => {
    if (typeof key !== 'string') throw unfitField(field, 'must be a string, or a list of such');
    return key;
  });
  if (texts.length === 0) throw unfitField(field, 'is missing');
  const keys = once(() => texts.map((text) => readPublicKey(text, field)));
  // An app that is the only one may do without: nothing is verified with it.
  const isNameless = place === '' && fields['appId'] === undefined;
  return {
    appId: isNameless ? undefined : readAppId({ place, fields }),
    dealIds: readDealIds({ place, fields }),
    keyTails: keyTailsIn(fields),
    get platformKeys() {
      return keys();
    },
  };
}

/** The deals whose notifications are an app's; `undefined` takes all. */
export function readDealIds({ place, fields }: AppFields): ReadonlySet<string> | undefined {
  const deals = fields['dealId'];
  const dealIds = listOf(deals).map(digitsOf);
  const none = Array.isArray(deals) && deals.length === 0;
  if (none || !dealIds.every(isLong)) throw unfitField(`${place}dealId`, 'must be digits, or a list of such');
  return dealIds.length === 0 ? undefined : new Set(dealIds);
}

function readAppId({ place, fields }: AppFields): string {
  const appId = appIdIn(fields);
  if (appId === undefined) {
    throw unfitField(`${place}appId`, 'must be a positive whole number, or its digits');
  }
  return appId;
}

function dealsIn({ dealId }: AppFields['fields']): string[] {
  return listOf(dealId).map(digitsOf).filter(isLong);
}

function keyTailsIn({ platformPublicKey }: AppFields['fields']): string[] {
  return listOf(platformPublicKey)
    .filter(isText)
    .flatMap((text) => keyTail(text) ?? []);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
