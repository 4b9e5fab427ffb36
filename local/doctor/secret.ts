import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { listOf } from '../../lib/baidu/json.ts';
import { publicKeyText, readPrivateKey, readPublicKey } from '../../lib/baidu/keys.ts';
import { parseMerchantSecret, parseNotificationSecret, parseQuerySecret } from '../../lib/merchant/secret.ts';
import { selfTestSigning } from '../../lib/self-test.ts';
import { examineTokens } from './api-tokens.ts';
import { fieldLike, fieldMeant, isSecretField } from './fields.ts';
import { bad, type Finding, good, note, plain, type Text } from './finding.ts';
import { readSecretText, shortName } from './json-text.ts';
import { sampleFault } from './samples.ts';
import { examinePlatformKeys, examinePrivateKey } from './secret-keys.ts';
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

const MISSING: Text = { en: 'is missing.', zh: '缺失。' };

/**
 * Examines every field of a secret by the service's own rules. No private key and no token is repeated.
 *
 * @param options.withoutPlatformKey whether it may lack the platform's key, as at a first deployment
 */
export function diagnoseSecret(text: string, { withoutPlatformKey = false } = {}): SecretDiagnosis {
  const read = readSecretText(text);
  if ('finding' in read) {
    return { findings: [read.finding], merchantKey: undefined, platformKeys: [], dealIds: undefined };
  }
  const { fields } = read;
  const fault = faultFinder();
  const merchantKey = usable(() => readPrivateKey(String(fields['privateKey'])));
  const values = listOf(fields['platformPublicKey']);
  const platformKeys = values.flatMap((key) => usable(() => readPublicKey(String(key))) ?? []);
  const ownKey = examinePrivateKey(
    fields['privateKey'],
    fault('privateKey', fields['privateKey']),
    merchantKey,
  );
  const dealIdFault = fault('dealId', fields['dealId']);
  return {
    findings: [
      ...identity(fields, fault),
      ownKey,
      ...examinePlatformKeys({
        ...{ values, merchantKey, mayLack: withoutPlatformKey },
        fault: (value) => fault('platformPublicKey', value),
      }),
      ...examineTokens(fields['apiTokens'], (tokens) => fault('apiTokens', tokens)),
      dealId(fields['dealId'], dealIdFault),
      ...read.findings,
      ...unknownFields(fields),
      ...(ownKey.level === 'good' ? runtime(fields) : []),
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
    const wrong = sampleFault(name, fields[name]) ?? fault(name, fields[name]);
    if (wrong) return bad(name, wrong, ...(name === 'appId' ? swapped(fields) : []));
    const value = String(fields[name]);
    const strange = strangeCharacters(value);
    return strange ? bad(name, strange) : good(name, plain(value));
  });
}

/** What a value carries that was copied with it. */
function strangeCharacters(value: string): Text | undefined {
  if (/^[!-~]+$/.test(value)) return undefined;
  if (value !== value.trim()) {
    return {
      en: 'has blanks before or behind it: they would be signed, and Baidu would not know it.',
      zh: '前后有空白字符：会被一起签名，百度无法识别。',
    };
  }
  return {
    en: 'holds a blank, or a character that is not ASCII (some cannot be seen): it would be signed, and Baidu would not know it.',
    zh: '含有空白或非 ASCII 字符（有的看不见）：会被一起签名，百度无法识别。',
  };
}

function swapped({ appId, appKey }: Fields): Text[] {
  if (!/^\d+$/.test(String(appKey)) || !/[A-Za-z]/.test(String(appId))) return [];
  return [{ en: 'appId and appKey seem to be swapped.', zh: 'appId 和 appKey 似乎填反了。' }];
}

function dealId(value: unknown, found: Text | undefined): Finding {
  const ids = listOf(value);
  if (ids.length === 0 && !found) {
    return note('dealId', {
      en: 'is not given: notifications for every dealId are taken. Give yours to refuse others.',
      zh: '未填写：任何 dealId 的通知都会被接受。填写后可拒绝他人的通知。',
    });
  }
  const wrong = ids.map((id) => sampleFault('dealId', id)).find((fault) => fault !== undefined) ?? found;
  return wrong ? bad('dealId', wrong) : good('dealId', plain(ids.join(', ')));
}

function unknownFields(fields: Fields): Finding[] {
  return Object.keys(fields)
    .filter((name) => !isSecretField(name))
    .map((name) => {
      const other = fieldMeant(name);
      const absent = other !== undefined && fields[other] === undefined ? other : undefined;
      const meant = fieldLike(name) ?? absent;
      return meant
        ? bad(shortName(name), {
            en: `is not a field; ${meant} is meant?`,
            zh: `没有这个字段，应为 ${meant}？`,
          })
        : note(shortName(name), { en: 'is not a field that the service reads.', zh: '服务不读取这个字段。' });
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

function dealIdsOf(value: unknown): ReadonlySet<string> | undefined {
  const ids = listOf(value).map(String);
  return ids.length === 0 ? undefined : new Set(ids);
}

function usable<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
