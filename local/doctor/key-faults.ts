import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { decodeBase64 } from '../../lib/baidu/base64.ts';
import { keyFault } from '../../lib/baidu/keys.ts';
import type { Text } from './finding.ts';
import { translated } from './translation.ts';

/** Which half of a key pair a field of the secret takes. */
export type Half = 'private' | 'public';

/** A key as someone pasted it, taken apart as far as it goes; none of it is checked. */
interface KeyText {
  /** Without blanks around it, line breaks written as `\n` made real. */
  readonly text: string;
  /** What stands behind each BEGIN, in their order: `EC PARAMETERS`, `EC PRIVATE KEY`. */
  readonly labels: readonly string[];
  /** What should be base64: between BEGIN and END, or all of it; without blanks. */
  readonly base64: string;
  readonly der: Buffer | undefined;
  /** A key of any kind, RSA or not, large enough or not; `undefined` for what OpenSSL cannot read. */
  readonly key: KeyObject | undefined;
}

/** What a key that the service refuses really is, and what to do about it. */
interface Explanation {
  readonly text: Text;
  readonly advice?: Text | undefined;
}

/** Recognises one kind of mistake. */
type Recognise = (key: KeyText, half: Half) => Explanation | undefined;

/**
 * Says what stands in the place of an RSA key, and what to do; `undefined` where nothing is known but what the
 * service says itself.
 *
 * @param value what the secret holds
 * @param half which half of a pair belongs there
 */
export function explainKey(value: unknown, half: Half): { text: Text; detail: Text[] } | undefined {
  if (typeof value !== 'string') return undefined;
  const key = takeApart(value);
  // What is no key at all comes first, the text before the bytes.
  const order: Recognise[] = [notPasted, otherForm, otherPem, otherKind, notBase64, cutOrDamaged, otherHalf];
  const found = order.map((recognise) => recognise(key, half)).find((explained) => explained !== undefined);
  if (!found) return undefined;
  const advice = half === 'private' ? found.advice : PLATFORM_KEY;
  return { text: found.text, detail: advice ? [advice] : [] };
}

/** Where the platform's key comes from. */
const PLATFORM_KEY: Text = {
  en: 'What belongs there is 平台公钥, as Baidu’s console shows it: one line that begins with MIGf or MIIB. While it shows none yet, leave the field out.',
  zh: '这里应填百度后台显示的“平台公钥”：一行，以 MIGf 或 MIIB 开头。后台尚未显示时，请不写这个字段。',
};

/** What to do with a key that can never serve. */
const MAKE_RSA: Text = {
  en: 'Make an RSA key, the only kind that Baidu takes: openssl genrsa -out merchant.pem 2048, and paste its public half into Baidu’s console.',
  zh: '请生成 RSA 密钥（百度只支持 RSA）：openssl genrsa -out merchant.pem 2048，并把它的公钥填入百度后台。',
};

/** For whoever pasted something else. */
const WHERE_PRIVATE: Text = {
  en: 'The private key is in the file that openssl genrsa wrote, under BEGIN PRIVATE KEY or BEGIN RSA PRIVATE KEY.',
  zh: '私钥在 openssl genrsa 生成的文件中，以 BEGIN PRIVATE KEY 或 BEGIN RSA PRIVATE KEY 开头。',
};

/** The command that writes a key in a form that the service takes. */
function convert(command: string): Text {
  return { en: `This makes merchant.pem of it: ${command}`, zh: `可转换为 merchant.pem：${command}` };
}

function said(en: string, zh: string, advice?: Text): Explanation {
  return { text: { en, zh }, advice };
}

function takeApart(pasted: string): KeyText {
  const text = pasted.replace(/\\+[rn]/g, '\n').trim();
  const inner = /-----BEGIN [A-Z0-9 ]+-----(.*?)(?:-----END|$)/s.exec(text)?.[1];
  const base64 = (inner ?? text).replace(/\s+/g, '');
  const labels = [...text.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----/g)].map(([, label = '']) => label);
  const der = decodeBase64(base64);
  return { text, labels, base64, der, key: der && anyKey(der) };
}

function anyKey(der: Buffer): KeyObject | undefined {
  const readers = [
    ...(['pkcs8', 'pkcs1', 'sec1'] as const).map(
      (type) => () => createPrivateKey({ key: der, format: 'der', type }),
    ),
    ...(['spki', 'pkcs1'] as const).map((type) => () => createPublicKey({ key: der, format: 'der', type })),
  ];
  for (const read of readers) {
    try {
      return read();
    } catch {
      // The next encoding is tried; the error may print what was read.
    }
  }
  return undefined;
}

function notPasted({ text }: KeyText): Explanation | undefined {
  if (text === '') return said('is empty.', '是空的。', WHERE_PRIVATE);
  const file = /^file:|^[\w.~/\\:-]+\.(?:pem|key|txt|der|pfx|p12|cer|crt|pub)$/;
  if (!/^\$[({\w]|^`/.test(text) && (text.length > 250 || !file.test(text))) return undefined;
  return said(
    'is the name of a file, or a command or variable of the shell, not what is in it. With jq: --rawfile, not --arg.',
    '是文件名，或 shell 的命令、变量本身，而不是其内容。使用 jq 时应为 --rawfile，而不是 --arg。',
  );
}

/** How the base64 begins of a PEM that was encoded once more. */
const BEGIN_BASE64 = Buffer.from('-----BEGIN ').toString('base64').slice(0, 14);
/** The object identifier of PBES2, by which PKCS#8 is encrypted: 1.2.840.113549.1.5.13. */
const PBES2 = Buffer.from('2a864886f70d01050d', 'hex');

function otherForm({ text, base64, der }: KeyText): Explanation | undefined {
  if (/^(?:ssh|ecdsa)-[\w-]+ AAAA|BEGIN OPENSSH|^b3BlbnNzaC1rZXktdjE/.test(text)) {
    const command = convert('cp key merchant.pem && ssh-keygen -p -m PEM -N "" -f merchant.pem');
    return said('is a key in OpenSSH’s own form.', '是 OpenSSH 自有格式的密钥。', command);
  }
  if (base64.startsWith(BEGIN_BASE64)) {
    const command = convert('openssl base64 -d -A -in key.b64 -out merchant.pem');
    return said('is a PEM that was encoded in base64 once more.', '是再次做了 base64 编码的 PEM。', command);
  }
  if (!text.includes('ENCRYPTED') && !der?.includes(PBES2)) return undefined;
  const command = convert('openssl rsa -in encrypted.pem -out merchant.pem');
  return said('is encrypted with a passphrase.', '带有口令加密。', command);
}

function otherPem({ text, labels }: KeyText): Explanation | undefined {
  const ends = text.match(/-----END [A-Z0-9 ]+-----/g)?.length ?? 0;
  if (labels.length !== ends || (labels.length === 0 && /(?:BEGIN|END).*KEY/.test(text))) {
    return said(
      'was cut or altered: it begins with a whole BEGIN line and ends with a whole END line, five hyphens on each side.',
      '被截断或改动了：应以完整的 BEGIN 行开头，以完整的 END 行结尾，两边各五个连字符。',
    );
  }
  if (labels.length === 0) return undefined;
  const found = labels.join(', ');
  if (!/(?:PRIVATE|PUBLIC) KEY/.test(found)) {
    return said(`is a PEM of another kind (${found}).`, `是另一种 PEM（${found}）。`, WHERE_PRIVATE);
  }
  const alone = /^-----BEGIN .*-----END [A-Z ]+-----$/s.test(text) && labels.length === 1;
  if (alone || /EC P|DSA|SM2/.test(found)) return undefined;
  const command = convert('openssl rsa -in key.pem -out merchant.pem');
  return said('has more in it than one key.', '其中不只有一个密钥，还有别的内容。', command);
}

/** The object identifier of the curve SM2, 1.2.156.10197.1.301, which OpenSSL need not know. */
const SM2 = Buffer.from('2a811ccf5501822d', 'hex');

function otherKind({ labels, der, key }: KeyText): Explanation | undefined {
  const named = /(?:^|, )(EC|SM2|DSA) P/.exec(labels.join(', '))?.[1];
  const kind = der?.includes(SM2) ? 'SM2' : (named ?? key?.asymmetricKeyType)?.toUpperCase();
  if (kind === undefined || kind === 'RSA') return undefined;
  return said(`is a key of the kind ${kind}, not RSA.`, `是 ${kind} 密钥，而不是普通 RSA。`, MAKE_RSA);
}

function notBase64({ base64, der }: KeyText): Explanation | undefined {
  if (der) return undefined;
  if (/%(?:2B|2F|3D)/i.test(base64) || /^[\w=-]*[-_][\w=-]*$/.test(base64)) {
    return said(
      'is URL-encoded, or in the URL alphabet of base64: plain base64 has + and /, not %2B, %2F, - or _.',
      '做过 URL 编码，或用的是 URL 版 base64：普通 base64 用 + 和 /，而不是 %2B、%2F、- 或 _。',
    );
  }
  return said(
    'is not base64: it is no key, or was cut, or lost a character.',
    '不是 base64：不是密钥，或被截断、丢失了字符。',
  );
}

/** @see ITU-T X.690, section 8.1: a sequence, then its length in one byte or two */
function cutOrDamaged({ der, key }: KeyText): Explanation | undefined {
  if (!der || key) return undefined;
  const header = { 129: 3, 130: 4 }[der[1] ?? 0];
  if (der[0] !== 0x30 || header === undefined || der.length < header) {
    return said(
      'is no key, or its beginning was cut: the base64 of every key begins with MI.',
      '不是密钥，或开头被截断了：密钥的 base64 都以 MI 开头。',
    );
  }
  const length = header + der.readUIntBE(2, header - 2);
  if (length > der.length) {
    const missing = length - der.length;
    return said(
      `was cut: of its ${length} bytes ${missing} are missing.`,
      `被截断了：共 ${length} 字节，缺少 ${missing} 字节。`,
    );
  }
  return said(
    'is damaged, or no key in PKCS#1, PKCS#8 or SPKI.',
    '已损坏，或不是 PKCS#1、PKCS#8、SPKI 格式的密钥。',
  );
}

function otherHalf({ key }: KeyText, half: Half): Explanation | undefined {
  if (!key) return undefined;
  if (key.type === half) {
    const fault = keyFault(key);
    return fault === undefined ? undefined : { text: translated(`${fault}.`), advice: MAKE_RSA };
  }
  return half === 'private'
    ? said('is a public key; a private one belongs there.', '是公钥，这里应填私钥。', WHERE_PRIVATE)
    : said('is a private key; a public one belongs there.', '是私钥，这里应填公钥。');
}
