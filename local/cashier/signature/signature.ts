import { constants, createSign, createVerify, type KeyObject } from 'node:crypto';

/** Names that are never part of the signed text, in a query or in a notification. */
const UNSIGNED = new Set(['sign', 'sign_type', 'rsaSign']);

/**
 * Puts parameters into the text that Baidu signs: `name=value` joined with `&`, ordered by the bytes of the
 * names, values raw and decoded, empty ones kept (Baidu, 签名与验签).
 *
 * This is written a second time on purpose: the cashier must be able to disagree with the service it tests.
 */
export function canonicalText(params: Record<string, string>): string {
  return Object.entries(params)
    .filter(([name]) => !UNSIGNED.has(name))
    .sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

/** URL-encodes values as Baidu's demo server in Go does before it signs; `URLSearchParams` disagrees on `*` and `~`. */
export function encodeValues(params: Record<string, string>): Record<string, string> {
  const encode = (value: string) =>
    new URLSearchParams([['', value]]).toString().slice(1).replaceAll('*', '%2A').replaceAll('%7E', '~');
  return Object.fromEntries(Object.entries(params).map(([name, value]) => [name, encode(value)]));
}

/** Signs parameters as Baidu does (SHA1withRSA, PKCS#1 v1.5) and returns base64. */
export function sign(params: Record<string, string>, privateKey: KeyObject): string {
  return createSign('sha1')
    .update(canonicalText(params), 'utf8')
    .sign({ key: privateKey, padding: constants.RSA_PKCS1_PADDING }, 'base64');
}

/** Says whether a base64 signature belongs to the parameters; the padding of the base64 may be missing. */
export function verify(params: Record<string, string>, signature: string, publicKey: KeyObject): boolean {
  const bytes = decodeBase64(signature);
  if (bytes === null) return false;
  return createVerify('sha1')
    .update(canonicalText(params), 'utf8')
    .verify({ key: publicKey, padding: constants.RSA_PKCS1_PADDING }, bytes);
}

/** Decodes base64 of which there is one way to write it, padding aside; anything else is `null`. */
export function decodeBase64(text: string): Buffer | null {
  const bytes = Buffer.from(text, 'base64');
  const written = bytes.toString('base64');
  const same = text === written || text === written.replace(/=+$/, '');
  return same && bytes.length > 0 ? bytes : null;
}
