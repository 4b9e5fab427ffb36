import {
  constants,
  hash,
  type KeyObject,
  privateEncrypt,
  publicDecrypt,
  sign as signByNode,
  verify as verifyByNode,
} from 'node:crypto';
import { decodeBase64 } from './base64.ts';
import { canonicalText } from './canonical.ts';
import { keyBits, keyFault } from './keys.ts';

/**
 * SHA1withRSA, as the key is RSA: fixed by Baidu, never taken from a message. The padding is PKCS#1 v1.5, the one that
 * Node uses for an RSA key unless told otherwise; telling it costs a third of the time that signing takes.
 */
const DIGEST = 'sha1';

/** What stands before the hash in a signature: the DER of "SHA-1, no parameters, 20 bytes" (RFC 8017, section 9.2). */
const PREFIX = Buffer.from('3021300906052b0e03021a05000414', 'hex');

/** How OpenSSL says that the system's policy forbids SHA-1 in signatures (Fedora 41, RHEL 9). */
const REFUSED = 'ERR_OSSL_EVP_INVALID_DIGEST';

/** Whether the runtime has refused RSA-SHA1; it does not change its mind while the process lives. */
let refused = false;

/**
 * How signatures are made and verified in this process: by Node's own function, or, once the runtime has refused
 * RSA-SHA1, by the RSA operation over the same bytes.
 */
export function rsaSha1(): 'node' | 'by-hand' {
  return refused ? 'by-hand' : 'node';
}

/**
 * Signs parameters as Baidu's cashier wants it. The result still has to be URL-encoded on the wire.
 *
 * @param params decoded names and values; `sign`, `sign_type` and `rsaSign` are left out
 * @param privateKey the merchant's RSA key, 1024 bits or more
 * @returns the signature in base64, padded
 * @throws TypeError where the key or a value cannot be signed with
 * @see Baidu's cashier documentation, 签名与验签
 * @example
 * const params = { appId: '10026', appKey: 'MMM4oc', orderId: '1920891312', siteId: '3747777038' };
 * const sign = signParams(params, readPrivateKey(privateKeyPem));
 * const query = new URLSearchParams({ ...params, sign }).toString();
 */
export function signParams(params: Record<string, string>, privateKey: KeyObject): string {
  requireKey(privateKey, 'private');
  const text = Buffer.from(canonicalText(params), 'utf8');
  const bytes = unlessRefused(
    () => signByNode(DIGEST, text, privateKey),
    () => signByHand(text, privateKey),
  );
  return bytes.toString('base64');
}

/**
 * Tells whether a signature over parameters was made by the owner of a key.
 *
 * @param params decoded names and values; `sign`, `sign_type` and `rsaSign` are left out
 * @param signature canonical base64, with or without its padding; anything else is `false`
 * @param publicKey an RSA key, 1024 bits or more; for a notification the platform's, not the merchant's
 * @throws TypeError where the key or a value cannot be verified with
 * @example
 * const { rsaSign, ...params } = Object.fromEntries(new URLSearchParams(paymentForm));
 * verifyParams(params, rsaSign ?? '', readPublicKey(platformPublicKey)); // => true
 */
export function verifyParams(
  params: Record<string, string>,
  signature: string,
  publicKey: KeyObject,
): boolean {
  requireKey(publicKey, 'public');
  const bytes = decodeBase64(signature);
  if (!bytes) return false;
  const text = Buffer.from(canonicalText(params), 'utf8');
  return unlessRefused(
    () => verifyByNode(DIGEST, text, publicKey, bytes),
    () => openSignature(bytes, publicKey)?.equals(sha1(text)) ?? false,
  );
}

/**
 * Tells whether a signature is over one of several texts, by one RSA operation whatever their number.
 *
 * @param texts as `canonicalText` writes them; not looked at where the signature is none of this key's
 * @param signature and `publicKey` as `verifyParams` takes them; throws as it does
 */
export function verifyAnyText(texts: Iterable<string>, signature: string, publicKey: KeyObject): boolean {
  requireKey(publicKey, 'public');
  const bytes = decodeBase64(signature);
  const signed = bytes && openSignature(bytes, publicKey);
  if (!signed) return false;
  for (const text of texts) if (signed.equals(sha1(text))) return true;
  return false;
}

/** Runs Node's own way, and ours from the first time on that the runtime forbids the first. */
function unlessRefused<T>(ownWay: () => T, byHand: () => T): T {
  if (refused) return byHand();
  try {
    return ownWay();
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === REFUSED)) throw error;
    refused = true;
    return byHand();
  }
}

/** The bytes that Node's `sign` makes: both are RSA over PKCS#1 v1.5 padding of prefix and hash. */
function signByHand(text: Buffer, key: KeyObject): Buffer {
  return privateEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, Buffer.concat([PREFIX, sha1(text)]));
}

/**
 * The SHA-1 hash that a signature is over; `undefined` for what is no signature of this key's. Strict, because
 * whatever is passed over here is room for a forger (Bleichenbacher, 2006): the signature is as long as the key,
 * OpenSSL takes the padding away only where each of its bytes is right, and the rest is prefix and hash and no byte
 * more.
 */
function openSignature(signature: Buffer, key: KeyObject): Buffer | undefined {
  if (signature.length !== Math.ceil(keyBits(key) / 8)) return undefined;
  let opened: Buffer;
  try {
    opened = publicDecrypt({ key, padding: constants.RSA_PKCS1_PADDING }, signature);
  } catch {
    // Too large a number, or another padding: not made by the owner of this key.
    return undefined;
  }
  const fits = opened.length === PREFIX.length + 20 && opened.subarray(0, PREFIX.length).equals(PREFIX);
  return fits ? opened.subarray(PREFIX.length) : undefined;
}

function sha1(text: string | Buffer): Buffer {
  return hash(DIGEST, text, 'buffer');
}

/** Keys that were found good: to ask OpenSSL for the size again takes longer than all else beside the signing itself. */
const sound = new WeakMap<KeyObject, 'private' | 'public'>();

function requireKey(key: KeyObject, type: 'private' | 'public'): void {
  if (sound.get(key) === type) return;
  const fault = key.type === type ? keyFault(key) : `is a ${key.type} key, not a ${type} one`;
  if (fault) throw new TypeError(`The key ${fault}.`);
  sound.set(key, type);
}
