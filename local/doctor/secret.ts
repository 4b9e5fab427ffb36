import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { listOf } from '../../lib/baidu/json.ts';
import { publicKeyText, readPrivateKey, readPublicKey } from '../../lib/baidu/keys.ts';
import { parseNotificationSecret, parseQuerySecret } from '../../lib/merchant/secret.ts';
import { examineTokens } from './api-tokens.ts';
import { bad, type Finding, good, MISSING, note, plain, type Text } from './finding.ts';
import { sampleFault } from './samples.ts';
import { examinePlatformKeys, examinePrivateKey } from './secret-keys.ts';
import { fieldLike, readSecretText, SECRET_FIELDS } from './secret-text.ts';
import { examineSmartApp } from './smart-app.ts';
import { faultText } from './translation.ts';

/** What was found in a secret, with what of it can be used. */
export interface SecretDiagnosis {
  readonly findings: readonly Finding[];
  readonly appId?: string;
  readonly appKey?: string;
  readonly merchantKey: KeyObject | undefined;
  readonly platformKeys: readonly KeyObject[];
  /** The deals that notifications are taken for; `undefined` takes all. */
  readonly dealIds: ReadonlySet<string> | undefined;
}

type Fields = Record<string, unknown>;
type Fault = (field: string, value: unknown) => Text | undefined;

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
  const of = (field: string) => (value: unknown) => fault(field, value);
  const { appId, appKey, privateKey, platformPublicKey, apiTokens, dealId } = fields;
  const merchantKey = usable(() => readPrivateKey(String(privateKey)));
  const values = listOf(platformPublicKey);
  const keys = { values, merchantKey, mayLack: withoutPlatformKey, fault: of('platformPublicKey') };
  const deals = fault('dealId', dealId) ? [] : listOf(dealId).map(String);
  return {
    findings: [
      ...['appId', 'appKey'].map((name) => identity(name, fields[name], fault)),
      examinePrivateKey(privateKey, of('privateKey'), merchantKey),
      ...examinePlatformKeys(keys),
      ...examineTokens(apiTokens, of('apiTokens')),
      dealIdOf(dealId, fault),
      ...examineSmartApp(fields, () => fault('smartAppSecret', fields['smartAppSecret'])),
      ...unknownFields(fields),
    ],
    appId: String(appId),
    appKey: String(appKey),
    merchantKey,
    platformKeys: values.flatMap((key) => usable(() => readPublicKey(String(key))) ?? []),
    dealIds: deals.length === 0 ? undefined : new Set(deals),
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
    smartAppKey: 'x',
    smartAppSecret: 'x',
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

function identity(name: string, given: unknown, fault: Fault): Finding {
  const wrong = sampleFault(name, given) ?? fault(name, given);
  if (wrong) return bad(name, wrong);
  const value = String(given);
  if (!/^[!-~]+$/.test(value)) {
    return bad(name, {
      en: 'holds a blank, or a character that is not ASCII (some cannot be seen): it would be signed, and Baidu would not know it.',
      zh: '含有空白或非 ASCII 字符（有的看不见）：会被一起签名，百度无法识别。',
    });
  }
  if (name !== 'appKey' || !/^[A-Za-z0-9]{32}$/.test(value)) return good(name, plain(value));
  // The most frequent mix-up: Baidu calls both of them App Key.
  return bad(name, {
    en: 'has the form of the mini-program’s own App Key (32 letters and digits). The payment appKey belongs here, MM and a few letters: Baidu’s console shows it under 支付管理.',
    zh: '是小程序自身 App Key 的形式（32 位字母和数字）。这里应填支付的 appKey（MM 开头的几位字母），见百度后台“支付管理”。',
  });
}

function dealIdOf(value: unknown, fault: Fault): Finding {
  const ids = listOf(value);
  const found = fault('dealId', value);
  if (ids.length === 0 && !found) {
    return note('dealId', {
      en: 'is not given: notifications for every dealId are taken. Give yours to refuse others.',
      zh: '未填写：任何 dealId 的通知都会被接受。填写后可拒绝他人的通知。',
    });
  }
  const wrong = ids.map((id) => sampleFault('dealId', id)).find((sample) => sample !== undefined) ?? found;
  return wrong ? bad('dealId', wrong) : good('dealId', plain(ids.join(', ')));
}

function unknownFields(fields: Fields): Finding[] {
  const unknown = Object.keys(fields).filter((name) => !SECRET_FIELDS.includes(name));
  return unknown.map((name) => {
    const subject = name.length > 40 ? `${name.slice(0, 40)}…` : name;
    const meant = fieldLike(name);
    return meant
      ? bad(subject, { en: `is not a field; ${meant} is meant?`, zh: `没有这个字段，应为 ${meant}？` })
      : note(subject, { en: 'is not a field that the service reads.', zh: '服务不读取这个字段。' });
  });
}

function usable<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
