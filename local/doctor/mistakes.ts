import { constants, createHash, type KeyObject, publicDecrypt } from 'node:crypto';
import { decodeBase64 } from '../../lib/baidu/base64.ts';
import { canonicalText, UNSIGNED_NAMES } from '../../lib/baidu/canonical.ts';
import { keyBits } from '../../lib/baidu/keys.ts';
import type { Text } from './finding.ts';

/** A signature that does not verify, what it came with, and the keys that may have made it. */
export interface Suspect {
  /** Decoded fields in the order in which they arrived, without the signature. */
  readonly fields: Readonly<Record<string, string>>;
  /** Base64, blanks already turned back into `+`. */
  readonly signature: string;
  readonly platformKeys: readonly KeyObject[];
  readonly merchantKey: KeyObject | undefined;
}

/** How the content of a PKCS#1 v1.5 signature begins for each hash (RFC 8017, section 9.2, note 1). */
const HASHES = [
  { name: 'SHA-1', algorithm: 'sha1', prefix: '3021300906052b0e03021a05000414' },
  { name: 'SHA-256', algorithm: 'sha256', prefix: '3031300d060960864801650304020105000420' },
  { name: 'MD5', algorithm: 'md5', prefix: '3020300c06082a864886f70d020505000410' },
  { name: 'SHA-512', algorithm: 'sha512', prefix: '3051300d060960864801650304020305000440' },
];

/** The documented fields that are usually empty, and so the first to be lost on the way. */
const OFTEN_EMPTY = ['promoDetail', 'returnData', 'partnerId', 'payType', 'giftCardMoney'];

/** Says which mistakes led to a signature, as far as the keys at hand show it; one sentence for each. */
export function explainSignature(suspect: Suspect): Text[] {
  const bytes = decodeBase64(suspect.signature);
  if (!bytes) {
    return [
      {
        en: 'The signature is not base64: it was cut, or decoded once too often or too seldom.',
        zh: '签名不是 base64：被截断了，或者多解码、少解码了一次。',
      },
    ];
  }
  for (const { key, owner } of candidates(suspect)) {
    const opened = openSignature(bytes, key);
    if (opened) return [...owner, ...explainContent(opened, suspect.fields)];
  }
  return [strangerText(bytes, suspect.platformKeys)];
}

function candidates({ platformKeys, merchantKey }: Suspect): { key: KeyObject; owner: Text[] }[] {
  const merchants = {
    en: 'Your own key signed it, not Baidu’s platform: it is no notification of Baidu’s, or a test made with the wrong key.',
    zh: '签名用的是您自己的密钥，而不是百度平台的：这不是百度的通知，或是用错密钥的测试。',
  };
  return [
    ...platformKeys.map((key) => ({ key, owner: [] })),
    ...(merchantKey ? [{ key: merchantKey, owner: [merchants] }] : []),
  ];
}

interface Opened {
  hash: (typeof HASHES)[number];
  digest: string;
}

/** What a signature holds, if this key's owner made it. */
function openSignature(bytes: Buffer, key: KeyObject): Opened | undefined {
  let content: string;
  try {
    content = publicDecrypt({ key, padding: constants.RSA_PKCS1_PADDING }, bytes).toString('hex');
  } catch {
    return undefined;
  }
  const hash = HASHES.find(({ prefix }) => content.startsWith(prefix));
  return hash && { hash, digest: content.slice(hash.prefix.length) };
}

function explainContent({ hash, digest }: Opened, fields: Suspect['fields']): Text[] {
  const texts: Text[] = [];
  if (hash.name !== 'SHA-1') {
    texts.push({
      en: `It was signed with ${hash.name}; Baidu signs with SHA-1 (SHA1withRSA).`,
      zh: `签名的摘要算法是 ${hash.name}，而百度用的是 SHA-1（SHA1withRSA）。`,
    });
  }
  const matches = (text: string) => createHash(hash.algorithm).update(text, 'utf8').digest('hex') === digest;
  if (matches(canonicalText(fields))) return texts;
  const slip = slips(fields).find(({ text }) => matches(text));
  texts.push(
    slip?.why ?? {
      en: 'The key is right, but another text was signed: a value was changed, or a field was added or lost on the way.',
      zh: '密钥正确，但签名的是另一段文本：途中有值被改动，或字段有增减。',
    },
  );
  return texts;
}

/** The texts that the usual mistakes lead to, each with what went wrong. */
function slips(fields: Suspect['fields']): { text: string; why: Text }[] {
  const signed = Object.entries(fields).filter(([name]) => !UNSIGNED_NAMES.has(name));
  const join = (pairs: readonly (readonly [string, string])[]) =>
    pairs.map((pair) => pair.join('=')).join('&');
  const byName = [...signed].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  const ignoringCase = [...signed].sort(([a], [b]) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1));
  const full = signed.filter(([, value]) => value !== '');
  const encoded = Object.fromEntries(signed.map(([name, value]) => [name, encodeURIComponent(value)]));
  const form = Object.fromEntries(
    signed.map(([name, value]) => [name, encodeURIComponent(value).replaceAll('%20', '+')]),
  );
  const urlEncoded = {
    en: 'The values were URL-encoded before they were signed; raw values must be signed.',
    zh: '签名前对值做了 URL 编码，应对原始值签名。',
  };
  return [
    ...lostFields(fields),
    { text: canonicalText(encoded), why: urlEncoded },
    { text: canonicalText(form), why: urlEncoded },
    {
      text: canonicalText(Object.fromEntries(full)),
      why: {
        en: 'Empty fields were left out before it was signed; they must stay (promoDetail=).',
        zh: '签名前去掉了空字段，空字段必须保留（promoDetail=）。',
      },
    },
    {
      text: join(ignoringCase),
      why: {
        en: 'The names were ordered without regard to case; they are ordered byte by byte (I before a).',
        zh: '参数名排序时忽略了大小写，应按字节排序（I 在 a 之前）。',
      },
    },
    {
      text: join(signed),
      why: { en: 'The fields were not ordered by name.', zh: '字段没有按名称排序。' },
    },
    {
      text: byName.map(([, value]) => value).join(''),
      why: { en: 'Only the values were signed.', zh: '只对值做了签名。' },
    },
  ];
}

/** The text with empty fields put back that have been lost since it was signed: one, or several of them. */
function lostFields(fields: Suspect['fields']): { text: string; why: Text }[] {
  const absent = OFTEN_EMPTY.filter((name) => fields[name] === undefined);
  return Array.from({ length: 2 ** absent.length - 1 }, (_, index) => {
    const lost = absent.filter((_name, bit) => ((index + 1) >> bit) & 1);
    return {
      text: canonicalText({ ...fields, ...Object.fromEntries(lost.map((name) => [name, ''])) }),
      why: {
        en: `It was signed with these empty fields, which are missing here: ${lost.join(', ')}. Whatever took them out has to leave them in.`,
        zh: `签名时有这些空字段，而这里缺失：${lost.join('、')}。请找出是哪一步去掉了它们。`,
      },
    };
  });
}

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
