import { constants, createHash, type KeyObject, publicDecrypt, verify } from 'node:crypto';
import { decodeBase64 } from '../../lib/baidu/base64.ts';
import { keyBits } from '../../lib/baidu/keys.ts';
import type { UnverifiedForm } from '../../lib/baidu/webhook/signed-form.ts';
import type { Text } from './finding.ts';
import type { NotificationKeys } from './secret.ts';
import { type SignedText, signedTexts } from './signed-texts.ts';

/** How the content of a PKCS#1 v1.5 signature begins for each hash (RFC 8017, section 9.2, note 1). */
const HASHES = [
  { name: 'SHA-1', algorithm: 'sha1', bytes: 20, prefix: '3021300906052b0e03021a05000414' },
  { name: 'SHA-256', algorithm: 'sha256', bytes: 32, prefix: '3031300d060960864801650304020105000420' },
  { name: 'MD5', algorithm: 'md5', bytes: 16, prefix: '3020300c06082a864886f70d020505000410' },
  { name: 'SHA-512', algorithm: 'sha512', bytes: 64, prefix: '3051300d060960864801650304020305000440' },
];

/**
 * Says which mistakes led to a signature, a sentence for each, as far as the keys at hand show it; none for a right one.
 *
 * @param form its fields in the order in which they arrived
 */
export function explainSignature({ fields, signature }: UnverifiedForm, keys: NotificationKeys): Text[] {
  const { platformKeys, merchantKey } = keys;
  const { bytes, why } = readSignature(signature);
  if (!bytes) return [NOT_BASE64];
  const texts = signedTexts(fields, keys);
  for (const key of merchantKey ? [...platformKeys, merchantKey] : platformKeys) {
    const opened = openSignature(bytes, key) ?? openPss(bytes, key, texts);
    if (!opened) continue;
    const owner = key === merchantKey ? MERCHANT_SIGNED : undefined;
    const signed = texts.find(({ text }) => opened.isOver(text)) ?? { why: UNKNOWN_TEXT };
    const all = [...why, owner, opened.how, otherHash(opened.hash), signed.why];
    return all.filter((text) => text !== undefined);
  }
  return [...why, strangerText(bytes, platformKeys)];
}

const NOT_BASE64: Text = {
  en: 'The signature is not base64: it was cut, or a character was lost or changed.',
  zh: '签名不是 base64：被截断了，或者有字符丢失或被改动。',
};

const MERCHANT_SIGNED: Text = {
  en: 'Your own key signed it, not Baidu’s platform: it is no notification of Baidu’s, or a test made with the wrong key.',
  zh: '签名用的是您自己的密钥，而不是百度平台的：这不是百度的通知，或是用错密钥的测试。',
};

/** The bytes of a signature, however it is written, and what is wrong with how it is; none where it cannot be read. */
function readSignature(written: string): { bytes: Buffer | undefined; why: Text[] } {
  const why: Text[] = [];
  let text = written;
  for (;;) {
    const found = WRITINGS.find(({ undo }) => undo(text) !== text);
    if (!found) return { bytes: decodeBase64(text), why };
    why.push(found);
    text = found.undo(text);
  }
}

/** A signature of 1024 bits or more. */
const HEX = /^(?:[0-9a-f]{2}){128,}$/i;

/** Ways to write a signature that are not plain base64; what is not written so is left as it is. */
const WRITINGS: readonly (Text & { readonly undo: (text: string) => string })[] = [
  {
    undo: (text) => text.replace(HEX, () => Buffer.from(text, 'hex').toString('base64')),
    en: 'The signature is hex; base64 belongs there.',
    zh: '签名是十六进制，这里应为 base64。',
  },
  {
    undo: (text) => text.replace(/\s+/g, ''),
    en: 'The signature has line breaks; it has to be on one line.',
    zh: '签名中有换行，应为一行。',
  },
  {
    undo: (text) => text.replace(/%(?:2b|2f|3d)/gi, decodeURIComponent),
    en: 'The signature was URL-encoded twice (%2B for +).',
    zh: '签名做了两次 URL 编码（+ 成了 %2B）。',
  },
  {
    undo: (text) => text.replaceAll('-', '+').replaceAll('_', '/'),
    en: 'The signature is base64url, with - and _; plain base64 has + and /.',
    zh: '签名是 URL 版 base64（base64url，用 - 和 _），而普通 base64 用 + 和 /。',
  },
  {
    undo: (text) => {
      const inner = decodeBase64(text)?.toString('latin1') ?? '';
      // A signature's own bytes are never all letters and digits.
      return /^[\w+/=%-]{100,}$/.test(inner) ? inner : text;
    },
    en: 'The signature was encoded twice: base64 of a text.',
    zh: '签名被编码了两次：对文本又做了 base64。',
  },
];

/** What a signature holds: whether that is the hash of a text, and what is wrong with how it was put there. */
interface Opened {
  readonly hash: (typeof HASHES)[number];
  readonly isOver: (text: string) => boolean;
  readonly how: Text | undefined;
}

/** What a signature of PKCS#1 v1.5 holds, if this key's owner made it. */
function openSignature(bytes: Buffer, key: KeyObject): Opened | undefined {
  let content: string;
  try {
    content = publicDecrypt({ key, padding: constants.RSA_PKCS1_PADDING }, bytes).toString('hex');
  } catch {
    return undefined;
  }
  const whole = HASHES.find(({ prefix }) => content.startsWith(prefix));
  const hash = whole ?? HASHES.find(({ bytes: size }) => content.length === size * 2);
  if (!hash) return undefined;
  const digest = content.slice(-hash.bytes * 2);
  const bare = {
    en: 'The hash was signed bare: the DER prefix of PKCS#1 v1.5 (RFC 8017, 9.2) is missing before it. Sign with SHA1withRSA, not by “encrypting” a hash.',
    zh: '签名的是裸摘要：前面缺少 PKCS#1 v1.5 的 DER 前缀（RFC 8017 9.2）。应使用 SHA1withRSA，而不是“私钥加密”摘要。',
  };
  const isOver = (text: string) => createHash(hash.algorithm).update(text).digest('hex') === digest;
  return { hash, isOver, how: whole ? undefined : bare };
}

/** The same for RSA-PSS, which can only be recognised over the text that was signed. */
function openPss(bytes: Buffer, key: KeyObject, texts: readonly SignedText[]): Opened | undefined {
  const padding = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_AUTO };
  const how = {
    en: 'The key is right, but it signed with RSA-PSS in the place of PKCS#1 v1.5 (SHA1withRSA).',
    zh: '密钥正确，但签名用的是 RSA-PSS，而应为 PKCS#1 v1.5（SHA1withRSA）。',
  };
  for (const hash of HASHES) {
    const isOver = (text: string) => verify(hash.algorithm, Buffer.from(text), { key, ...padding }, bytes);
    if (texts.some(({ text }) => isOver(text))) return { hash, isOver, how };
  }
  return undefined;
}

function otherHash({ name }: Opened['hash']): Text | undefined {
  if (name === 'SHA-1') return undefined;
  return {
    en: `It was signed with ${name}; Baidu signs with SHA-1 (SHA1withRSA).`,
    zh: `签名的摘要算法是 ${name}，而百度用的是 SHA-1（SHA1withRSA）。`,
  };
}

const UNKNOWN_TEXT: Text = {
  en: 'The key is right, but another text was signed: a value was changed, or several fields were added or lost on the way.',
  zh: '密钥正确，但签名的是另一段文本：途中有值被改动，或多个字段有增减。',
};

function strangerText(bytes: Buffer, platformKeys: readonly KeyObject[]): Text {
  const bits = bytes.length * 8;
  const sizes = platformKeys.map(keyBits);
  if (sizes.length > 0 && !sizes.includes(bits)) {
    return {
      en: `The signature has ${bits} bits, the platform key ${sizes.join(' or ')}: another key signed it, or it was cut.`,
      zh: `签名有 ${bits} 位，平台公钥有 ${sizes.join(' 或 ')} 位：是另一把密钥所签，或被截断了。`,
    };
  }
  return {
    en: 'Another key signed it, none that is in this secret. Each app has a platform key of its own: is platformPublicKey that of the app with this dealId?',
    zh: '签名用的是另一把密钥，不在这个 secret 中。每个应用的平台公钥都不同：platformPublicKey 是这个 dealId 所属应用的吗？',
  };
}
