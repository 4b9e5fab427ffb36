import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { listOf } from '../../lib/baidu/json.ts';
import { publicKeyText } from '../../lib/baidu/keys.ts';
import { once } from '../../lib/merchant/apps.ts';
import { parseNotificationSecret, parseQuerySecret, readDealIds } from '../../lib/merchant/secret.ts';
import { bad, type Finding, note } from './finding.ts';
import { absentPlatformKey, examineKey } from './secret-keys.ts';
import { fieldLike, readSecretText, SECRET_FIELDS } from './secret-text.ts';
import { examineDeals, examineIds, examineSmartApp, examineTokens, type Fault } from './secret-values.ts';
import { faultText } from './translation.ts';

/** What was found in a secret of one app, or in one app of several, with what of it can be used. */
export interface SecretDiagnosis {
  readonly findings: readonly Finding[];
  /** Its place in the secret: nothing where the secret is one app, else `apps[1], appId 10027`. */
  readonly place: string;
  readonly appId?: string;
  readonly appKey?: string;
  readonly merchantKey: KeyObject | undefined;
  readonly platformKeys: readonly KeyObject[];
  /** The deals that notifications are taken for; `undefined` takes all. */
  readonly dealIds: ReadonlySet<string> | undefined;
}

/** What a notification is checked with. */
export type NotificationKeys = Omit<SecretDiagnosis, 'findings' | 'place'>;

/** The diagnosis of what is no secret. */
export function nothingUsable(...findings: Finding[]): SecretDiagnosis {
  return { findings, place: '', merchantKey: undefined, platformKeys: [], dealIds: undefined };
}

/**
 * Examines every field of a secret by the service's own rules. No private key and no token is repeated.
 *
 * @param options.withoutPlatformKey whether it may lack the platform's key, as at a first deployment
 */
export function diagnoseSecret(text: string, { withoutPlatformKey = false } = {}): SecretDiagnosis {
  const read = readSecretText(text);
  if ('finding' in read) return nothingUsable(read.finding);
  const { fields } = read;
  const { finding, key: own } = examineKey('privateKey', fields['privateKey'], fault);
  const given = listOf(fields['platformPublicKey']);
  const platform = given.map((value, index) => {
    const subject = given.length === 1 ? 'platformPublicKey' : `platformPublicKey[${index}]`;
    return examineKey('platformPublicKey', value, fault, { subject, own });
  });
  return {
    findings: [
      ...examineIds(fields, fault),
      finding,
      ...(given.length === 0 ? [absentPlatformKey(withoutPlatformKey)] : []),
      ...platform.map((each) => each.finding),
      ...examineTokens(fields, fault),
      examineDeals(fields, fault),
      ...examineSmartApp(fields, fault),
      ...unknownFields(fields),
    ],
    place: '',
    appId: String(fields['appId']),
    appKey: String(fields['appKey']),
    merchantKey: own,
    platformKeys: platform.flatMap(({ key }) => key ?? []),
    dealIds: fault('dealId', fields['dealId']) ? undefined : readDealIds({ place: '', fields }),
  };
}

/** A secret of which every field is right. */
const rightSecret = once(() => {
  const pair = generateKeyPairSync('rsa', { modulusLength: 1024 });
  return {
    ...{ appId: '1', appKey: 'x', smartAppKey: 'x', smartAppSecret: 'x', apiTokens: ['x'.repeat(64)] },
    privateKey: pair.privateKey.export({ format: 'pem', type: 'pkcs1' }),
    platformPublicKey: publicKeyText(pair.publicKey),
  };
});

/** Asks the service's parsers for one field at a time: every other field is given a value that is right. */
const fault: Fault = (field, value) => {
  const text = JSON.stringify({ ...rightSecret(), [field]: value });
  try {
    parseQuerySecret(text);
    parseNotificationSecret(text);
    return undefined;
  } catch (error) {
    return value === undefined ? { en: 'is missing.', zh: '缺失。' } : faultText(error);
  }
};

function unknownFields(fields: Readonly<Record<string, unknown>>): Finding[] {
  const unknown = Object.keys(fields).filter((name) => !SECRET_FIELDS.includes(name));
  return unknown.map((name) => {
    const subject = name.length > 40 ? `${name.slice(0, 40)}…` : name;
    const meant = fieldLike(name);
    return meant
      ? bad(subject, { en: `is not a field; ${meant} is meant?`, zh: `没有这个字段，应为 ${meant}？` })
      : note(subject, { en: 'is not a field that the service reads.', zh: '服务不读取这个字段。' });
  });
}
