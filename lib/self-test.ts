import { createPublicKey } from 'node:crypto';
import { ServiceError } from './errors.ts';
import { keyBits, publicKeyText } from './keys.ts';
import type { MerchantSecret } from './secret.ts';
import { signParams, verifyParams } from './sign.ts';

/** What a self-test found: the runtime signs, and this is the key that it signs with. */
export interface SelfTest {
  readonly ok: true;
  readonly keyBits: number;
  /** Bare base64 SPKI, to be compared with what stands in Baidu's console. */
  readonly publicKey: string;
  readonly appId: string;
  readonly appKey: string;
}

/**
 * Signs a sample query with the loaded key and verifies it, calling nobody.
 *
 * @throws ServiceError `INTERNAL_ERROR` where the runtime refuses RSA-SHA1, as some builds of OpenSSL are set to
 */
export function selfTest({ appId, appKey, privateKey }: MerchantSecret): SelfTest {
  const publicKey = createPublicKey(privateKey);
  const sample = { appId, appKey, orderId: '1', siteId: '1' };
  let ok = false;
  let cause: unknown;
  try {
    ok = verifyParams(sample, signParams(sample, privateKey), publicKey);
  } catch (error) {
    cause = error;
  }
  if (!ok) {
    throw new ServiceError('INTERNAL_ERROR', 'This runtime cannot sign with RSA-SHA1 and the loaded key.', {
      cause,
    });
  }
  return { ok, keyBits: keyBits(privateKey), publicKey: publicKeyText(publicKey), appId, appKey };
}
