import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { App } from './baidu/client.ts';
import { ServiceError } from './baidu/errors.ts';
import { isRecord } from './baidu/json.ts';
import { keyBits, publicKeyText } from './baidu/keys.ts';
import type { NotificationKeys } from './baidu/notification.ts';
import { signParams, verifyParams } from './baidu/sign.ts';

/** What a self-test of a function that signs found: the runtime signs, and this is the key that it signs with. */
export interface SigningSelfTest {
  readonly ok: true;
  readonly keyBits: number;
  /** Bare base64 SPKI, to be compared with what stands in Baidu's console. */
  readonly publicKey: string;
  readonly appId: string;
  readonly appKey: string;
}

/** What a self-test of a function that verifies found: the runtime verifies, and these are the keys it verifies with. */
export interface VerifyingSelfTest {
  readonly ok: true;
  readonly platformKeys: readonly { readonly keyBits: number; readonly publicKey: string }[];
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
 * @throws ServiceError `INTERNAL_ERROR` where the runtime refuses RSA-SHA1, as some builds of OpenSSL are set to
 */
export function selfTestSigning({ appId, appKey, privateKey }: App): SigningSelfTest {
  const publicKey = createPublicKey(privateKey);
  requireRsaSha1(privateKey, publicKey);
  return { ok: true, keyBits: keyBits(privateKey), publicKey: publicKeyText(publicKey), appId, appKey };
}

/** Verifies a sample with a key made for it, calling nobody. Throws as `selfTestSigning` does. */
export function selfTestVerifying({ platformKeys }: NotificationKeys): VerifyingSelfTest {
  const sample = generateKeyPairSync('rsa', { modulusLength: 1024 });
  requireRsaSha1(sample.privateKey, sample.publicKey);
  const described = platformKeys.map((key) => ({ keyBits: keyBits(key), publicKey: publicKeyText(key) }));
  return { ok: true, platformKeys: described };
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
