import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { App } from './baidu/client.ts';
import { ServiceError } from './baidu/errors.ts';
import { isRecord } from './baidu/json.ts';
import { keyBits, publicKeyText } from './baidu/keys.ts';
import { rsaSha1, signParams, verifyParams } from './baidu/sign.ts';
import { type Apps, appNamedIn, namedIn } from './merchant/apps.ts';
import type { NotificationApp } from './merchant/secret.ts';

/**
 * How this runtime signs and verifies: by Node's own RSA-SHA1, or, where OpenSSL forbids that, by the RSA operation
 * itself.
 */
type RsaSha1 = ReturnType<typeof rsaSha1>;

/** The key that an app signs with. */
interface SigningKey {
  readonly keyBits: number;
  /** Bare base64 SPKI, to be compared with what stands in Baidu's console. */
  readonly publicKey: string;
  readonly appId: string;
  readonly appKey: string;
}

/** The keys that an app's notifications are verified with. */
interface VerifyingKeys {
  readonly appId: string | undefined;
  readonly platformKeys: readonly Pick<SigningKey, 'keyBits' | 'publicKey'>[];
}

/** What a self-test found: the runtime signs and verifies, and these are the keys, of one app or of several. */
export type SelfTest<Keys> = { readonly ok: true; readonly rsaSha1: RsaSha1 } & (
  | Keys
  | { readonly apps: readonly Keys[] }
);

/**
 * Whether a function was invoked directly with `{"selfTest":true}`. What comes through a gateway carries a
 * `requestContext`, which no caller can leave out, and is never a self-test.
 */
export function isSelfTest(event: unknown): boolean {
  return isRecord(event) && event['selfTest'] === true && event['requestContext'] === undefined;
}

/**
 * Signs a sample query with the key of each app and verifies it, calling nobody.
 *
 * @param event with the `appId` of the app that is tested; without one all are
 * @throws ServiceError `INTERNAL_ERROR` where the runtime can sign and verify in neither way, `CONFIGURATION_UNAVAILABLE`
 *   for an app that is left out, `INVALID_REQUEST` for an appId that is none
 */
export function selfTestSigning(apps: Apps<App>, event?: unknown): SelfTest<SigningKey> {
  return testEach(apps, event, ({ appId, appKey, privateKey }) => {
    const publicKey = createPublicKey(privateKey);
    requireRsaSha1(privateKey, publicKey);
    return { keyBits: keyBits(privateKey), publicKey: publicKeyText(publicKey), appId, appKey };
  });
}

/** Verifies a sample with a key made for it, calling nobody, and shows each app's keys. Throws as `selfTestSigning` does. */
export function selfTestVerifying(apps: Apps<NotificationApp>, event?: unknown): SelfTest<VerifyingKeys> {
  const sample = generateKeyPairSync('rsa', { modulusLength: 1024 });
  requireRsaSha1(sample.privateKey, sample.publicKey);
  return testEach(apps, event, ({ appId, platformKeys }) => ({
    appId,
    platformKeys: platformKeys.map((key) => ({ keyBits: keyBits(key), publicKey: publicKeyText(key) })),
  }));
}

function testEach<T, Keys extends object>(
  apps: Apps<T>,
  event: unknown,
  test: (app: T) => Keys,
): SelfTest<Keys> {
  const isOfAll = namedIn(event) === undefined;
  const [left] = apps.broken;
  if (isOfAll && left) throw left.error;
  const tested = isOfAll ? apps.all : [appNamedIn(event, apps)];
  const [only, ...more] = tested.map(test);
  const keys =
    only && more.length === 0 ? only : { apps: [only, ...more].filter((each) => each !== undefined) };
  return { ok: true, ...keys, rsaSha1: rsaSha1() };
}

function requireRsaSha1(privateKey: KeyObject, publicKey: KeyObject): void {
  const sample = { orderId: '1', promoDetail: '' };
  let cause: unknown;
  try {
    if (verifyParams(sample, signParams(sample, privateKey), publicKey)) return;
  } catch (error) {
    cause = error;
  }
  throw new ServiceError('INTERNAL_ERROR', 'This runtime cannot sign and verify with RSA-SHA1.', { cause });
}
