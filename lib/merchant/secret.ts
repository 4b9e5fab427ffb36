import { hash } from 'node:crypto';
import type { App } from '../baidu/client.ts';
import { ServiceError, unfit } from '../baidu/errors.ts';
import { digitsOf, isRecord, listOf, parseJson } from '../baidu/json.ts';
import { readPrivateKey, readPublicKey } from '../baidu/keys.ts';
import type { NotificationKeys } from '../baidu/notification.ts';
import { isLong } from '../baidu/order.ts';

/** What answering a query takes: the merchant's key, and who may ask. */
export interface QuerySecret extends App {
  /** SHA-256 digests of the API tokens. */
  readonly tokenDigests: readonly Buffer[];
}

const MIN_TOKEN_LENGTH = 32;

/**
 * Reads `appId`, `appKey` and `privateKey` of the secret.
 *
 * @param text the secret as Secrets Manager holds it: JSON
 * @throws ServiceError `CONFIGURATION_UNAVAILABLE` naming the field at fault, never its value
 */
export function parseMerchantSecret(text: string): App {
  return readMerchant(parseSecret(text));
}

/** Reads what `parseMerchantSecret` reads, and `apiTokens`. Throws as it does. */
export function parseQuerySecret(text: string): QuerySecret {
  const secret = parseSecret(text);
  const tokens = secret['apiTokens'];
  if (!Array.isArray(tokens) || tokens.length === 0)
    throw unfit('apiTokens', 'must be a list of strings, one at least');
  for (const token of tokens) {
    if (typeof token !== 'string' || token.length < MIN_TOKEN_LENGTH) {
      throw unfit('apiTokens', `must hold strings of at least ${MIN_TOKEN_LENGTH} characters`);
    }
  }
  return { ...readMerchant(secret), tokenDigests: tokens.map((token: string) => tokenDigest(token)) };
}

/**
 * Reads `platformPublicKey` and the optional `dealId`; of `appId`, which nothing is verified with, what is there. Throws
 * as `parseMerchantSecret` does.
 */
export function parseNotificationSecret(
  text: string,
): NotificationKeys & { readonly appId: string | undefined } {
  const secret = parseSecret(text);
  const keys = listOf(secret['platformPublicKey']);
  if (keys.length === 0) throw unfit('platformPublicKey', 'is missing');
  const deals = secret['dealId'];
  const dealIds = listOf(deals).map(digitsOf);
  const none = Array.isArray(deals) && deals.length === 0;
  if (none || !dealIds.every(isLong)) throw unfit('dealId', 'must be digits, or a list of such');
  return {
    appId: secret['appId'] === undefined ? undefined : readAppId(secret),
    platformKeys: keys.map((key) => {
      if (typeof key !== 'string') throw unfit('platformPublicKey', 'must be a string, or a list of such');
      return readPublicKey(key);
    }),
    dealIds: dealIds.length === 0 ? undefined : new Set(dealIds),
  };
}

/** Reads what `parseMerchantSecret` reads; the platform's keys are read when a notification asks for them. */
export function parseConfirmSecret(text: string) {
  const app = { ...parseMerchantSecret(text), keys: () => parseNotificationSecret(text) };
  const find = (appId: string | undefined) => {
    if (appId === undefined || appId === app.appId) return app;
    throw new ServiceError('INVALID_REQUEST', 'The appId is not of an app in the secret.');
  };
  return { ...app, find };
}

/** The digest under which an API token is kept and compared. */
export function tokenDigest(token: string): Buffer {
  return hash('sha256', token, 'buffer');
}

function parseSecret(text: string): Record<string, unknown> {
  const secret = parseJson(text);
  if (!isRecord(secret)) {
    throw new ServiceError('CONFIGURATION_UNAVAILABLE', 'The secret is not a JSON object.');
  }
  return secret;
}

function readMerchant(secret: Record<string, unknown>): App {
  const { appKey, privateKey } = secret;
  const appId = readAppId(secret);
  if (typeof appKey !== 'string' || appKey === '')
    throw unfit('appKey', 'must be a string that is not empty');
  if (typeof privateKey !== 'string') throw unfit('privateKey', 'must be a string');
  return { appId, appKey, privateKey: readPrivateKey(privateKey) };
}

function readAppId(secret: Record<string, unknown>): string {
  const appId = digitsOf(secret['appId']);
  if (!isLong(appId)) throw unfit('appId', 'must be a positive whole number, or its digits');
  return appId;
}
