import { isRecord } from '../../lib/baidu/json.ts';
import { keyFault } from '../../lib/baidu/keys.ts';
import type { Text } from './finding.ts';
import {
  explain,
  type Half,
  type KeyExplanation,
  LEAVE_OUT,
  MAKE_RSA,
  ONLY_THE_KEY,
  PLATFORM_KEY,
  WHERE_PRIVATE,
} from './key-advice.ts';
import { containerOf, jwk } from './key-containers.ts';
import { anyKey, derShape, type KeyText, takeApart } from './key-text.ts';
import { translated } from './translation.ts';

/**
 * Says what stands in the place of an RSA key, and what to do; `undefined` where nothing is known but what the
 * service says itself.
 *
 * @param value what the secret holds
 * @param half which half of a pair belongs there
 */
export function explainKey(value: unknown, half: Half): { text: Text; detail: Text[] } | undefined {
  const found = isRecord(value) && value['kty'] !== undefined ? jwk() : explainText(value, half);
  if (!found) return undefined;
  const advice = half === 'private' || found.advice === LEAVE_OUT ? found.advice : PLATFORM_KEY;
  return { text: found.text, detail: advice ? [advice] : [] };
}

function explainText(value: unknown, half: Half): KeyExplanation | undefined {
  if (typeof value !== 'string') return undefined;
  const key = takeApart(value);
  return (
    noKeyAtAll(key, half) ??
    containerOf(key) ??
    otherAlgorithm(key) ??
    pemCut(key) ??
    pemBlocks(key) ??
    notBase64(key) ??
    derCut(key) ??
    otherKey(key, half)
  );
}

function noKeyAtAll({ text }: KeyText, half: Half): KeyExplanation | undefined {
  if (text === '') return explain('is empty.', '是空的。', half === 'public' ? LEAVE_OUT : WHERE_PRIVATE);
  if (/^\$[({\w]|^`/.test(text)) {
    return explain(
      'is a command or a variable of the shell, not what it stands for: in single quotes the shell leaves them as they are.',
      '是 shell 的命令或变量本身，而不是其内容：单引号之内 shell 不会替换。',
    );
  }
  const fileName = /^file:|^[\w.~/\\:-]+\.(?:pem|key|txt|der|pfx|p12|cer|crt|pub|ppk)$/;
  if (text.length < 250 && fileName.test(text)) {
    return explain(
      'is the name of a file, not what is in it. With jq: --rawfile, not --arg.',
      '是文件名，而不是文件的内容。使用 jq 时应为 --rawfile，而不是 --arg。',
    );
  }
  return undefined;
}

/** How Node names the kinds of keys, and how people do. */
const KINDS: Readonly<Record<string, string>> = {
  ec: 'EC',
  dsa: 'DSA',
  ed25519: 'Ed25519',
  ed448: 'Ed448',
  x25519: 'X25519',
  x448: 'X448',
  'rsa-pss': 'RSA-PSS',
  dh: 'DH',
};

function otherAlgorithm({ labels, der }: KeyText): KeyExplanation | undefined {
  const named = labels.map((label) => /^(EC|SM2|DSA) /.exec(label)?.[1]).find((name) => name !== undefined);
  if (named) return notRsa(named);
  const shape = der && derShape(der);
  // SEC 1: a version, then the number itself as bytes (RFC 5915, section 3).
  if (shape?.version === 1 && shape.members[1] === 0x04) return notRsa('EC');
  if (der?.includes(SM2)) return notRsa('SM2');
  const type = der && anyKey(der)?.asymmetricKeyType;
  return type === undefined || type === 'rsa' ? undefined : notRsa(KINDS[type]);
}

/** The object identifier of the curve SM2, 1.2.156.10197.1.301. */
const SM2 = Buffer.from('2a811ccf5501822d', 'hex');

function notRsa(kind: string | undefined): KeyExplanation {
  if (!kind) return explain('is not an RSA key.', '不是 RSA 密钥。', MAKE_RSA);
  if (kind === 'RSA-PSS') {
    return explain(
      'is an RSA-PSS key, which may not sign as Baidu asks; a plain RSA key belongs there.',
      '是 RSA-PSS 密钥，不能按百度的方式签名；这里应为普通 RSA 密钥。',
      MAKE_RSA,
    );
  }
  const curve = kind === 'EC' || kind === 'SM2';
  return explain(
    `is ${/^D/.test(kind) ? 'a' : 'an'} ${kind} key${curve ? ' (elliptic curve)' : ''}, not RSA.`,
    `是 ${kind}${curve ? '（椭圆曲线）' : ''}密钥，而不是 RSA。`,
    MAKE_RSA,
  );
}

function pemCut({ text, labels, ends }: KeyText): KeyExplanation | undefined {
  if (labels.length > ends) {
    return explain('was cut: it has a BEGIN line, but no END line.', '被截断了：有 BEGIN 行而没有 END 行。');
  }
  if (labels.length < ends) {
    return explain('was cut: it has an END line, but no BEGIN line.', '被截断了：有 END 行而没有 BEGIN 行。');
  }
  if (labels.length === 0 && /(?:BEGIN|END).*KEY/.test(text)) {
    return explain(
      'has BEGIN and END lines that were altered: five plain hyphens on each side, and blanks between the words.',
      'BEGIN 行和 END 行被改动了：两边各五个半角连字符，单词之间有空格。',
    );
  }
  return undefined;
}

function pemBlocks({ labels, surrounded }: KeyText): KeyExplanation | undefined {
  if (labels.length === 0) return undefined;
  const keys = labels.filter((label) => /^(?:RSA )?(?:PRIVATE|PUBLIC) KEY$/.test(label));
  if (keys.length === 0) {
    const kind = labels.join(', ');
    return explain(`is a PEM of another kind (${kind}).`, `是另一种 PEM（${kind}）。`, WHERE_PRIVATE);
  }
  if (labels.length > 1) {
    return explain(
      `holds ${labels.length} PEM blocks (${labels.join(', ')}); one key belongs there.`,
      `含有 ${labels.length} 个 PEM 块（${labels.join('、')}），这里只应有一个密钥。`,
      ONLY_THE_KEY,
    );
  }
  if (!surrounded) return undefined;
  return explain(
    'has text around the key (“Bag Attributes”, perhaps): it must begin with the BEGIN line and end with the END line.',
    '密钥之外还有文字（例如“Bag Attributes”）：必须以 BEGIN 行开头，以 END 行结尾。',
    ONLY_THE_KEY,
  );
}

function notBase64({ base64, der }: KeyText): KeyExplanation | undefined {
  if (der) return undefined;
  if (/^[\w=-]+$/.test(base64) && /[-_]/.test(base64)) {
    return explain(
      'is written in the URL alphabet of base64: put + for each - and / for each _.',
      '用的是 URL 版 base64：请把 - 换成 +，把 _ 换成 /。',
    );
  }
  if (/%(?:2B|2F|3D)/i.test(base64)) {
    return explain(
      'is URL-encoded: it has %2B for + and %2F for /.',
      '做过 URL 编码：+ 成了 %2B，/ 成了 %2F。',
    );
  }
  if (/=[^=]/.test(base64)) {
    return explain(
      'has a = in its middle, which is the end of base64: two keys, one behind the other?',
      '中间有 =，而 base64 到此应已结束：是不是两个密钥连在了一起？',
    );
  }
  const strange = base64.search(/[^A-Za-z0-9+/=]/);
  if (strange < 0) {
    return explain(
      'was cut, or lost a character: its base64 does not end as base64 can.',
      '被截断了，或丢失了字符：base64 不会这样结尾。',
    );
  }
  return explain(
    `is no key: its character ${strange + 1}, blanks not counted, is none of base64.`,
    `不是密钥：第 ${strange + 1} 个字符（空白不计）不属于 base64。`,
  );
}

function derCut({ der }: KeyText): KeyExplanation | undefined {
  if (!der) return undefined;
  const shape = derShape(der);
  if (!shape) {
    return explain(
      'is no key, or its beginning was cut: the base64 of every key begins with MI.',
      '不是密钥，或开头被截断了：密钥的 base64 都以 MI 开头。',
    );
  }
  const missing = shape.length - der.length;
  if (missing <= 0) return undefined;
  return explain(
    `was cut: of its ${shape.length} bytes ${missing} are missing.`,
    `被截断了：共 ${shape.length} 字节，缺少 ${missing} 字节。`,
  );
}

function otherKey({ der }: KeyText, half: Half): KeyExplanation | undefined {
  const key = der && anyKey(der);
  if (!key) {
    return explain(
      'is damaged, or no key: a character was lost or changed somewhere.',
      '已损坏，或不是密钥：某处有字符丢失或被改动。',
    );
  }
  if (key.type !== half) {
    return half === 'private'
      ? explain('is a public key; a private one belongs there.', '是公钥，这里应填私钥。', WHERE_PRIVATE)
      : explain('is a private key; a public one belongs there.', '是私钥，这里应填公钥。');
  }
  const fault = keyFault(key);
  return fault === undefined ? undefined : { text: translated(`${fault}.`), advice: MAKE_RSA };
}
