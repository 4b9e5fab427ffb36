import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { App } from './baidu/client.ts';
import { ServiceError } from './baidu/errors.ts';
import { isRecord } from './baidu/json.ts';
import { keyBits, publicKeyText } from './baidu/keys.ts';
import type { NotificationKeys } from './baidu/notification.ts';
import { rsaSha1, signParams, verifyParams } from './baidu/sign.ts';

/**
 * How this runtime signs and verifies: by Node's own RSA-SHA1, or, where OpenSSL forbids that, by the RSA operation
 * itself.
 */
type RsaSha1 = ReturnType<typeof rsaSha1>;

/** What a self-test of a function that signs found: the runtime signs, and this is the key that it signs with. */
export interface SigningSelfTest {
  readonly ok: true;
  readonly keyBits: number;
  /** Bare base64 SPKI, to be compared with what stands in Baidu's console. */
  readonly publicKey: string;
  readonly appId: string;
  readonly appKey: string;
  readonly rsaSha1: RsaSha1;
}

/** What a self-test of a function that verifies found: the runtime verifies, and these are the keys it verifies with. */
export interface VerifyingSelfTest {
  readonly ok: true;
  readonly platformKeys: readonly { readonly keyBits: number; readonly publicKey: string }[];
  readonly rsaSha1: RsaSha1;
}

/**
 * Whether a function was invoked directly with `{"selfTest":true}`. What comes through a gateway carries a
 * `requestContext`, which no caller can leave out, and is never a self-test.
 */
export function isSelfTest(event: unknown): boolean {
  return isRecord(event) && event['selfTest'] === true && event['requestContext'] === undefined;
}

/**
 * Signs a sample query with the loaded key and verifies it, calling nobody.
 *
 * @throws ServiceError `INTERNAL_ERROR` where the runtime can sign and verify in neither way
 */
export function selfTestSigning({ appId, appKey, privateKey }: App): SigningSelfTest {
  const publicKey = createPublicKey(privateKey);
  requireRsaSha1(privateKey, publicKey);
  return {
    ok: true,
    keyBits: keyBits(privateKey),
    publicKey: publicKeyText(publicKey),
    appId,
    appKey,
    rsaSha1: rsaSha1(),
  };
}

/** Verifies a sample with a key made for it, calling nobody. Throws as `selfTestSigning` does. */
export function selfTestVerifying({ platformKeys }: NotificationKeys): VerifyingSelfTest {
  const sample = generateKeyPairSync('rsa', { modulusLength: 1024 });
  requireRsaSha1(sample.privateKey, sample.publicKey);
  const described = platformKeys.map((key) => ({ keyBits: keyBits(key), publicKey: publicKeyText(key) }));
  return { ok: true, platformKeys: described, rsaSha1: rsaSha1() };
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
