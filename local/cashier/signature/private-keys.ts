import type { Text } from '../text.ts';

/** What goes on in a key, in the clear or URL-encoded; whatever looks like it is cut away with it. */
const RUN = String.raw`(?:[A-Za-z0-9+/=_\s\\-]|%[0-9A-Fa-f]{2})*`;
const BLANK = String.raw`(?:[\s+]|%(?:25)?20)`;

const PRIVATE_KEY = new RegExp(
  [
    // PEM, to its end, or as far as it goes where that is missing.
    `-----BEGIN(?:[A-Z]|${BLANK})*PRIVATE${BLANK}KEY-----(?:[^&"]*?-----END[^&"-]*-----)?${RUN}`,
    // DER of PKCS#1 and PKCS#8 in base64: a sequence, version 0, then the modulus or the algorithm.
    `MI(?:[A-Za-z0-9+/_ -]|%2[BbFf]){2,6}?IBA(?:A|DAN)${RUN}`,
    // PEM that was encoded in base64 as a whole: “-----BEGIN PRIVAT”, “-----BEGIN RSA PRIV”.
    `LS0tLS1CRUdJTiB(?:QUklWQVR|SU0EgUFJJV)${RUN}`,
  ].join('|'),
  'g',
);

const REMOVED = '[private key removed 私钥已删除]';

/** Whether a text holds an RSA private key (PEM, or bare base64 of PKCS#1 or PKCS#8), URL-encoded or not. */
export function holdsPrivateKey(text: string): boolean {
  return text.search(PRIVATE_KEY) >= 0;
}

/** A text without the private keys in it: what a time line, a terminal or the log of CI may keep. */
export function withoutPrivateKeys(text: string): string {
  return text.replace(PRIVATE_KEY, REMOVED);
}

/** What to tell whoever sent a private key in a parameter; `null` where there is none. */
export function leakIn(pairs: readonly (readonly [string, string])[]): Text | null {
  const leak = pairs.find((pair) => pair.some(holdsPrivateKey));
  if (!leak) return null;
  const [name] = leak.map(withoutPrivateKeys);
  return {
    en: `${name} holds a private key: it was removed here, and must never be sent. If it went to Baidu, or into a log, make a new pair of keys`,
    zh: `参数 ${name} 中含有私钥：沙盒已将其删除，私钥绝不能发送。如果也曾发给百度或写入日志，请更换密钥对`,
  };
}

/** The same as words of an answer, for who sent it. */
export function leakWords({ en, zh }: Text): string {
  return `${zh} (${en})`;
}
