import { constants, createHash, type KeyObject, publicDecrypt } from 'node:crypto';
import type { Text } from '../text.ts';
import { canonicalText, decodeBase64 } from './signature.ts';

/** The start of a PKCS#1 v1.5 signature's content for each hash (RFC 8017, 9.2, note 1). */
const HASHES = [
  { name: 'SHA-1', prefix: '3021300906052b0e03021a05000414' },
  { name: 'MD5', prefix: '3020300c06082a864886f70d020505000410' },
  { name: 'SHA-256', prefix: '3031300d060960864801650304020105000420' },
  { name: 'SHA-512', prefix: '3051300d060960864801650304020305000440' },
];

/**
 * Says why a signature does not belong to the parameters, as exactly as can be told from outside.
 *
 * @param pairs the parameters in the order in which they were sent, decoded
 * @param expected the text that should have been signed
 */
export function diagnose(
  pairs: readonly (readonly [string, string])[],
  expected: string,
  signature: string,
  publicKey: KeyObject,
): Text {
  if (signature.includes(' ')) {
    return {
      en: 'the signature holds spaces: "+" was not URL-encoded as %2B',
      zh: '签名中含有空格：“+” 没有编码为 %2B',
    };
  }
  const bytes = decodeBase64(signature);
  if (bytes === null) return { en: 'the signature is not base64', zh: '签名不是合法的 base64' };
  const keyBytes = (publicKey.asymmetricKeyDetails?.modulusLength ?? 0) / 8;
  if (bytes.length !== keyBytes) {
    return {
      en: `the signature has ${bytes.length * 8} bits, the merchant's key has ${keyBytes * 8}: another key signed it, or it was cut`,
      zh: `签名为 ${bytes.length * 8} 位，而商户公钥为 ${keyBytes * 8} 位：不是同一对密钥，或签名被截断`,
    };
  }
  const signed = openSignature(bytes, publicKey);
  if (signed === null) {
    return {
      en: "another private key signed it: the merchant's public key given to the cashier does not open it",
      zh: '签名用的不是这对密钥中的私钥：用商户公钥无法解开',
    };
  }
  return explainDigest(signed, pairs, expected);
}

/** Opens a signature with the public key: which hash was signed, and its value; `null` when the key is another. */
function openSignature(bytes: Buffer, key: KeyObject): { hash: string | null; digest: string } | null {
  let content: string;
  try {
    content = publicDecrypt({ key, padding: constants.RSA_PKCS1_PADDING }, bytes).toString('hex');
  } catch {
    return null;
  }
  const hash = HASHES.find(({ prefix }) => content.startsWith(prefix));
  if (!hash) return { hash: null, digest: content };
  return { hash: hash.name, digest: content.slice(hash.prefix.length) };
}

function explainDigest(
  signed: { hash: string | null; digest: string },
  pairs: readonly (readonly [string, string])[],
  expected: string,
): Text {
  if (signed.hash !== 'SHA-1') {
    return {
      en: `the right key signed, but with the hash ${signed.hash ?? 'none that is known'}: Baidu wants SHA-1 (SHA1withRSA)`,
      zh: `密钥正确，但摘要算法${signed.hash ? `是 ${signed.hash}` : '无法识别'}：百度要求 SHA-1（SHA1withRSA）`,
    };
  }
  const slip = slips(pairs, expected).find(({ text }) => sha1(text) === signed.digest);
  if (slip) {
    return {
      en: `the right key signed another text: ${slip.en}`,
      zh: `密钥正确，但签名的文本不同：${slip.zh}`,
    };
  }
  return {
    en: `the right key signed another text: its SHA-1 begins with ${signed.digest.slice(0, 8)}, that of the expected text with ${sha1(expected).slice(0, 8)}`,
    zh: `密钥正确，但签名的文本不同：实际文本的 SHA-1 以 ${signed.digest.slice(0, 8)} 开头，应签文本以 ${sha1(expected).slice(0, 8)} 开头`,
  };
}

/** The mistakes that people make with this signature, each with the text that it leads to. */
function slips(
  pairs: readonly (readonly [string, string])[],
  expected: string,
): (Text & { text: string | Buffer })[] {
  const unsigned = pairs.filter(([name]) => name !== 'sign');
  const join = (list: readonly (readonly [string, string])[]) => list.map((pair) => pair.join('=')).join('&');
  const encoded = Object.fromEntries(unsigned.map(([name, value]) => [name, encodeURIComponent(value)]));
  const sorted = [...unsigned].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return [
    { text: join(sorted), en: 'sign_type was signed, too', zh: 'sign_type 也参与了签名' },
    { text: join(unsigned), en: 'the parameters were not ordered by name', zh: '参数没有按名称排序' },
    { text: `${expected}\n`, en: 'it ended with a line break', zh: '文本末尾多了换行符' },
    { text: `${expected}&`, en: 'it ended with "&"', zh: '文本末尾多了 “&”' },
    { text: `?${expected}`, en: 'it began with "?"', zh: '文本开头多了 “?”' },
    { text: canonicalText(encoded), en: 'its values were URL-encoded', zh: '参数值被 URL 编码了' },
    { text: `${expected}&sign=`, en: 'an empty sign took part', zh: '空的 sign 参与了签名' },
    { text: sorted.map(([, value]) => value).join(''), en: 'it held the values only', zh: '只拼接了参数值' },
    { text: sorted.map(([, value]) => value).join('&'), en: 'it held the values only', zh: '只拼接了参数值' },
    { text: sorted.flat().join(''), en: '"=" and "&" were missing', zh: '缺少 “=” 与 “&”' },
    { text: sha1(expected), en: 'it was hashed before it was signed', zh: '签名前已先做过一次摘要' },
    { text: Buffer.from(sha1(expected), 'hex'), en: 'it was hashed twice', zh: '做了两次摘要' },
  ];
}

function sha1(text: string | Buffer): string {
  return createHash('sha1').update(text).digest('hex');
}
