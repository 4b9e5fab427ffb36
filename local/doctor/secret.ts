import type { KeyObject } from 'node:crypto';
import { generateKeyPairSync } from 'node:crypto';
import { keyBits, publicKeyText, readPrivateKey, readPublicKey } from '../../lib/keys.ts';
import { parseMerchantSecret, parseNotificationSecret, parseQuerySecret } from '../../lib/secret.ts';
import { selfTestSigning } from '../../lib/self-test.ts';
import { bad, type Finding, good, note, plain, type Text } from './finding.ts';
import { readSecretText } from './json-text.ts';
import { keyForm } from './key-form.ts';
import { SAMPLE_PUBLIC_KEY } from './sample-key.ts';
import { faultText } from './translation.ts';

/** What was found in a secret, with the keys of it that can be used. */
export interface SecretDiagnosis {
  readonly findings: readonly Finding[];
  readonly merchantKey: KeyObject | undefined;
  readonly platformKeys: readonly KeyObject[];
  /** The deals that notifications are taken for; `undefined` takes all. */
  readonly dealIds: ReadonlySet<string> | undefined;
}

type Fields = Record<string, unknown>;
type Fault = (field: string, value: unknown) => Text | undefined;

const KNOWN = ['appId', 'appKey', 'privateKey', 'platformPublicKey', 'apiTokens', 'dealId'];

const MISSING: Text = { en: 'is missing.', zh: '缺失。' };

/** Examines every field of a secret by the service's own rules. No private key and no token is repeated. */
export function diagnoseSecret(text: string): SecretDiagnosis {
  const read = readSecretText(text);
  if ('finding' in read) {
    return { findings: [read.finding], merchantKey: undefined, platformKeys: [], dealIds: undefined };
  }
  const { fields } = read;
  const fault = faultFinder();
  const merchantKey = usable(() => readPrivateKey(String(fields['privateKey'])));
  const platformKeys = listOf(fields['platformPublicKey']).flatMap(
    (key) => usable(() => readPublicKey(String(key))) ?? [],
  );
  const dealIdFault = fault('dealId', fields['dealId']);
  return {
    findings: [
      ...identity(fields, fault),
      ...privateKey(fields['privateKey'], fault, merchantKey),
      ...platformKey(fields['platformPublicKey'], fault, merchantKey),
      ...apiTokens(fields['apiTokens'], fault),
      dealId(fields['dealId'], dealIdFault),
      ...unknownFields(fields),
      ...runtime(fields),
    ],
    merchantKey,
    platformKeys,
    dealIds: dealIdFault ? undefined : dealIdsOf(fields['dealId']),
  };
}

/** Asks the service's parsers for one field at a time: every other field is given a value that is right. */
function faultFinder(): Fault {
  const pair = generateKeyPairSync('rsa', { modulusLength: 1024 });
  const right: Fields = {
    appId: '1',
    appKey: 'x',
    privateKey: pair.privateKey.export({ format: 'pem', type: 'pkcs1' }),
    platformPublicKey: publicKeyText(pair.publicKey),
    apiTokens: ['x'.repeat(64)],
  };
  return (field, value) => {
    const text = JSON.stringify({ ...right, [field]: value });
    try {
      parseQuerySecret(text);
      parseNotificationSecret(text);
      return undefined;
    } catch (error) {
      return value === undefined ? MISSING : faultText(error);
    }
  };
}

function identity(fields: Fields, fault: Fault): Finding[] {
  return ['appId', 'appKey'].map((name) => {
    const found = fault(name, fields[name]);
    if (found) return bad(name, found);
    const value = String(fields[name]);
    if (value === value.trim()) return good(name, plain(value));
    return bad(name, {
      en: 'has blanks before or behind it: they would be signed, and Baidu would not know it.',
      zh: '前后有空白字符：会被一起签名，百度无法识别。',
    });
  });
}

function privateKey(value: unknown, fault: Fault, key: KeyObject | undefined): Finding[] {
  const found = fault('privateKey', value);
  if (found || !key) return [bad('privateKey', found ?? MISSING, ...formOf(value))];
  const publicText = publicKeyText(key);
  if (publicText === SAMPLE_PUBLIC_KEY) {
    return [
      bad('privateKey', {
        en: 'is the sample key that Baidu prints in its documentation: everyone has it. Make your own.',
        zh: '是百度文档中印出的示例密钥：人人都有，请生成自己的密钥。',
      }),
    ];
  }
  return [
    good(
      'privateKey',
      sized(String(value), key),
      {
        en: 'Its public half, as Baidu’s console takes it. Compare by eye:',
        zh: '对应的公钥（百度后台所填的格式），请逐字核对：',
      },
      publicText,
    ),
  ];
}

function platformKey(value: unknown, fault: Fault, merchantKey: KeyObject | undefined): Finding[] {
  const keys = listOf(value);
  if (keys.length === 0) {
    return [
      bad('platformPublicKey', {
        en: 'is missing: no payment notification can be verified. Baidu’s console shows it (platform public key).',
        zh: '缺失：无法验证支付通知。请从百度后台复制“平台公钥”。',
      }),
    ];
  }
  return keys.map((entry, index) => {
    const subject = keys.length === 1 ? 'platformPublicKey' : `platformPublicKey[${index}]`;
    const found = fault('platformPublicKey', entry);
    if (found) return bad(subject, found, ...formOf(entry));
    const key = readPublicKey(String(entry));
    if (merchantKey && publicKeyText(merchantKey) === publicKeyText(key)) {
      return bad(subject, {
        en: 'is your own public key (the other half of privateKey). The platform’s belongs here: Baidu’s console shows both.',
        zh: '是您自己的公钥（与 privateKey 是一对）。这里应填平台公钥：百度后台两者都有显示。',
      });
    }
    return good(
      subject,
      sized(String(entry), key),
      {
        en: 'As Baidu’s console shows it. Compare by eye:',
        zh: '百度后台显示的格式，请逐字核对：',
      },
      publicKeyText(key),
    );
  });
}

function apiTokens(value: unknown, fault: Fault): Finding[] {
  const found = fault('apiTokens', value);
  if (!Array.isArray(value) || value.length === 0) return [bad('apiTokens', found ?? MISSING)];
  const findings = value.flatMap((token: unknown, index): Finding[] => {
    const subject = `apiTokens[${index}]`;
    if (typeof token !== 'string') return [bad(subject, { en: 'is not a string.', zh: '不是字符串。' })];
    if (fault('apiTokens', [token])) {
      return [
        bad(subject, {
          en: `has ${token.length} characters; it needs at least 32. Make one with: openssl rand -base64 32`,
          zh: `只有 ${token.length} 个字符，至少要 32 个。生成方法：openssl rand -base64 32`,
        }),
      ];
    }
    if (/\s|[^!-~]/.test(token)) {
      return [
        bad(subject, {
          en: 'holds a blank or a character that is not ASCII: no HTTP header can carry it.',
          zh: '含有空白或非 ASCII 字符：HTTP 头无法携带。',
        }),
      ];
    }
    if (value.indexOf(token) < index) {
      return [note(subject, { en: 'is the same as one before it.', zh: '与前面的一项相同。' })];
    }
    return [good(subject, { en: `${token.length} characters`, zh: `${token.length} 个字符` })];
  });
  return findings;
}

function dealId(value: unknown, found: Text | undefined): Finding {
  if (value === undefined || value === null || (Array.isArray(value) && value.length === 0)) {
    return note('dealId', {
      en: 'is not given: notifications for every dealId are taken. Give yours to refuse others.',
      zh: '未填写：任何 dealId 的通知都会被接受。填写后可拒绝他人的通知。',
    });
  }
  return found ? bad('dealId', found) : good('dealId', plain(listOf(value).join(', ')));
}

function unknownFields(fields: Fields): Finding[] {
  const folded = (name: string) => name.toLowerCase().replace(/[^a-z]|s$/g, '');
  return Object.keys(fields)
    .filter((name) => !KNOWN.includes(name))
    .map((name) => {
      const meant = KNOWN.find((known) => folded(known) === folded(name));
      const shown = name.length > 40 ? `${name.slice(0, 40)}…` : name;
      return meant
        ? bad(shown, { en: `is not a field; ${meant} is meant?`, zh: `没有这个字段，应为 ${meant}？` })
        : note(shown, { en: 'is not a field that the service reads.', zh: '服务不读取这个字段。' });
    });
}

/** Whether what this machine's Node makes of the whole is a signature: only said once all its fields are right. */
function runtime(fields: Fields): Finding[] {
  const secret = usable(() => parseMerchantSecret(JSON.stringify(fields)));
  if (!secret) return [];
  try {
    selfTestSigning(secret);
    return [good('SHA1withRSA', { en: 'signs and verifies here', zh: '在本机可以签名并验签' })];
  } catch (error) {
    return [bad('SHA1withRSA', faultText(error))];
  }
}

function sized(text: string, key: KeyObject): Text {
  const { en, zh } = keyForm(text);
  return { en: `${en}; RSA, ${keyBits(key)} bits`, zh: `${zh}；RSA，${keyBits(key)} 位` };
}

function formOf(value: unknown): Text[] {
  if (typeof value !== 'string') return [];
  const { en, zh } = keyForm(value);
  return [
    {
      en: `It looks like: ${en}; ${value.length} characters.`,
      zh: `看起来是：${zh}；共 ${value.length} 个字符。`,
    },
  ];
}

function dealIdsOf(value: unknown): ReadonlySet<string> | undefined {
  const ids = listOf(value).map(String);
  return ids.length === 0 ? undefined : new Set(ids);
}

function listOf(value: unknown): unknown[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value];
}

function usable<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
