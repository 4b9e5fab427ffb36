import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { decodeBase64 } from '../../lib/baidu/base64.ts';
import { firstReadable } from '../../lib/baidu/keys.ts';
import type { Text } from './finding.ts';

/** A field of the secret that takes a key. */
export type KeyField = 'privateKey' | 'platformPublicKey';

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

/**
 * Says what stands in the place of an RSA key, and what to do: by the mistakes that are known, else as the service says
 * it.
 *
 * @param value what the field holds
 * @param fault what the service says of it
 */
export function explainKey(field: KeyField, value: string, fault: Text): [text: Text, ...advice: Text[]] {
  const key = takeApart(value);
  const kind = otherKind(key);
  const mistake = kind ? undefined : MISTAKES.find(({ shows }) => shows(key));
  const command = field === 'privateKey' ? mistake?.command : undefined;
  const convert = {
    en: `This makes merchant.pem of it: ${command}`,
    zh: `可转换为 merchant.pem：${command}`,
  };
  const length = { en: `It has ${value.length} characters.`, zh: `共 ${value.length} 个字符。` };
  return [kind ?? mistake ?? damage(key) ?? fault, command ? convert : WHAT_BELONGS[field], length];
}

function takeApart(pasted: string): KeyText {
  const text = pasted.replace(/\\+[rn]/g, '\n').trim();
  const inner = /-----BEGIN [A-Z0-9 ]+-----(.*?)(?:-----END|$)/s.exec(text)?.[1];
  const base64 = (inner ?? text).replace(/\s+/g, '');
  const labels = [...text.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----/g)].map(([, label = '']) => label);
  const der = decodeBase64(base64);
  const given = { key: der ?? Buffer.alloc(0), format: 'der' } as const;
  const key =
    firstReadable(['pkcs8', 'pkcs1', 'sec1'] as const, (type) => createPrivateKey({ ...given, type })) ??
    firstReadable(['spki', 'pkcs1'] as const, (type) => createPublicKey({ ...given, type }));
  return { text, labels, base64, der, key };
}

const WHAT_BELONGS: Readonly<Record<KeyField, Text>> = {
  privateKey: {
    en: 'What belongs there is an RSA private key, as openssl genrsa -out merchant.pem 2048 writes it: all of the file. Baidu’s console has its public half.',
    zh: '这里应填 RSA 私钥：openssl genrsa -out merchant.pem 2048 所生成文件的全部内容；它的公钥填在百度后台。',
  },
  platformPublicKey: {
    en: 'What belongs there is 平台公钥, as Baidu’s console shows it: one line that begins with MIGf or MIIB. While it shows none yet, leave the field out.',
    zh: '这里应填百度后台显示的“平台公钥”：一行，以 MIGf 或 MIIB 开头。后台尚未显示时，请不写这个字段。',
  },
};

const NOT_PASTED = /^\$[({\w]|^`|^file:|^[\w.~/\\:-]+\.(?:pem|key|txt|der|pfx|p12|cer|crt|pub)$/;
const OPENSSH = /^(?:ssh|ecdsa)-[\w-]+ AAAA|BEGIN OPENSSH|^b3BlbnNzaC1rZXktdjE/;
/** How the base64 begins of a PEM that was encoded once more. */
const BEGIN_BASE64 = Buffer.from('-----BEGIN ').toString('base64').slice(0, 14);
/** The object identifier of PBES2, by which PKCS#8 is encrypted: 1.2.840.113549.1.5.13. */
const PBES2 = Buffer.from('2a864886f70d01050d', 'hex');
/** The object identifier of the curve SM2, 1.2.156.10197.1.301, which OpenSSL need not know. */
const SM2 = Buffer.from('2a811ccf5501822d', 'hex');

/** What shows a mistake, what is said of it, and the command that makes a right key of it, where there is one. */
const MISTAKES: readonly (Text & { shows: (key: KeyText) => boolean | undefined; command?: string })[] = [
  { shows: ({ text }) => text === '', en: 'is empty.', zh: '是空的。' },
  {
    shows: ({ text }) => text.length <= 250 && NOT_PASTED.test(text),
    en: 'is the name of a file, or a command or variable of the shell, not what is in it. With jq: --rawfile, not --arg.',
    zh: '是文件名，或 shell 的命令、变量本身，而不是其内容。使用 jq 时应为 --rawfile，而不是 --arg。',
  },
  {
    shows: ({ text }) => OPENSSH.test(text),
    en: 'is a key in OpenSSH’s own form.',
    zh: '是 OpenSSH 自有格式的密钥。',
    command: 'cp key merchant.pem && ssh-keygen -p -m PEM -N "" -f merchant.pem',
  },
  {
    shows: ({ base64 }) => base64.startsWith(BEGIN_BASE64),
    en: 'is a PEM that was encoded in base64 once more.',
    zh: '是再次做了 base64 编码的 PEM。',
    command: 'openssl base64 -d -A -in key.b64 -out merchant.pem',
  },
  {
    shows: ({ text, der }) => text.includes('ENCRYPTED') || der?.includes(PBES2),
    en: 'is encrypted with a passphrase.',
    zh: '带有口令加密。',
    command: 'openssl rsa -in encrypted.pem -out merchant.pem',
  },
  {
    shows: ({ text, labels }) =>
      labels.length !== (text.match(/-----END [A-Z0-9 ]+-----/g)?.length ?? 0) ||
      (labels.length === 0 && /(?:BEGIN|END).*KEY/.test(text)),
    en: 'was cut or altered: it begins with a whole BEGIN line and ends with a whole END line, five hyphens on each side.',
    zh: '被截断或改动了：应以完整的 BEGIN 行开头，以完整的 END 行结尾，两边各五个连字符。',
  },
  {
    shows: ({ text, labels }) =>
      labels.length > 1 || (labels.length === 1 && !/^-----BEGIN .*-----END [A-Z0-9 ]+-----$/s.test(text)),
    en: 'has more in it than one key.',
    zh: '其中不只有一个密钥，还有别的内容。',
    command: 'openssl rsa -in key.pem -out merchant.pem',
  },
  {
    shows: ({ base64, der }) => !der && /%(?:2B|2F|3D)|^[\w=-]*[-_][\w=-]*$/i.test(base64),
    en: 'is URL-encoded, or in the URL alphabet of base64: plain base64 has + and /, not %2B, %2F, - or _.',
    zh: '做过 URL 编码，或用的是 URL 版 base64：普通 base64 用 + 和 /，而不是 %2B、%2F、- 或 _。',
  },
  {
    shows: ({ der }) => !der,
    en: 'is not base64: it is no key, or was cut, or lost a character.',
    zh: '不是 base64：不是密钥，或被截断、丢失了字符。',
  },
];

function otherKind({ labels, der, key }: KeyText): Text | undefined {
  const named = /(?:^|, )(EC|SM2|DSA) P/.exec(labels.join(', '))?.[1];
  const kind = der?.includes(SM2) ? 'SM2' : (named ?? key?.asymmetricKeyType)?.toUpperCase();
  if (kind === undefined || kind === 'RSA') return undefined;
  return { en: `is a key of the kind ${kind}, not RSA.`, zh: `是 ${kind} 密钥，而不是普通 RSA。` };
}

/** @see ITU-T X.690, section 8.1: a sequence, then its length in one byte or two */
function damage({ labels, der, key }: KeyText): Text | undefined {
  if (!der || key || !/^$|KEY/.test(labels.join())) return undefined;
  const header = { 129: 3, 130: 4 }[der[1] ?? 0];
  if (der[0] !== 0x30 || header === undefined || der.length < header) {
    return {
      en: 'is no key, or its beginning was cut: the base64 of every key begins with MI.',
      zh: '不是密钥，或开头被截断了：密钥的 base64 都以 MI 开头。',
    };
  }
  const length = header + der.readUIntBE(2, header - 2);
  const missing = length - der.length;
  return missing > 0
    ? {
        en: `was cut: of its ${length} bytes ${missing} are missing.`,
        zh: `被截断了：共 ${length} 字节，缺少 ${missing} 字节。`,
      }
    : {
        en: 'is damaged, or no key in PKCS#1, PKCS#8 or SPKI.',
        zh: '已损坏，或不是 PKCS#1、PKCS#8、SPKI 格式的密钥。',
      };
}
