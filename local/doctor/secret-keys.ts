import type { KeyObject } from 'node:crypto';
import { keyBits, publicKeyText, readPrivateKey, readPublicKey } from '../../lib/baidu/keys.ts';
import { bad, type Finding, good, type Text, warning } from './finding.ts';
import { explainKey, type KeyField } from './key-faults.ts';
import { SAMPLE_JAVA_KEY_START, SAMPLE_PLATFORM_KEY, SAMPLE_PUBLIC_KEY, sampleFault } from './samples.ts';
import type { Fault } from './secret-values.ts';

const READ = { privateKey: readPrivateKey, platformPublicKey: readPublicKey };

/**
 * Examines a key of the secret, and reads it where the service can.
 *
 * @param options.subject what the finding is about, where that is not the field
 * @param options.own the merchant's key, which must not stand in the platform's place
 */
export function examineKey(
  field: KeyField,
  value: unknown,
  fault: Fault,
  { subject = field, own }: { subject?: string; own?: KeyObject | undefined } = {},
): { finding: Finding; key: KeyObject | undefined } {
  const refused = fault(field, value);
  if (refused) {
    const sample = sampleFault(field, value);
    const isText = !sample && typeof value === 'string';
    const [said, ...advice] = isText ? explainKey(field, value, refused) : [sample ?? refused];
    return { finding: bad(subject, said, ...advice), key: undefined };
  }
  const key = READ[field](String(value));
  const text = publicKeyText(key);
  const wrong = wrongOwner(text, own && publicKeyText(own));
  if (wrong) return { finding: bad(subject, wrong), key };
  const size = { en: `RSA, ${keyBits(key)} bits`, zh: `RSA，${keyBits(key)} 位` };
  return { finding: good(subject, size, COMPARE, text), key };
}

/** What is found where the secret has no platform key, which it may lack at a first deployment. */
export function absentPlatformKey(mayLack: boolean): Finding {
  if (mayLack) {
    return warning('platformPublicKey', {
      en: 'is missing: until it is there, notify answers 503 to every payment notification. Add it as soon as Baidu’s console shows it (平台公钥).',
      zh: '缺失：在补上之前，notify 对所有支付通知都返回 503。百度后台显示平台公钥后，请尽快补上。',
    });
  }
  return bad('platformPublicKey', {
    en: 'is missing: no payment notification can be verified. Baidu’s console shows it (平台公钥). Where it shows none yet, before a first deployment: --without-platform-key.',
    zh: '缺失：无法验证支付通知。请从百度后台复制“平台公钥”。首次部署之前，后台还没有显示时：--without-platform-key。',
  });
}

const COMPARE: Text = {
  en: 'The public half, as Baidu’s console shows it. Compare by eye:',
  zh: '对应的公钥（百度后台显示的格式），请逐字核对：',
};

function wrongOwner(text: string, ownText: string | undefined): Text | undefined {
  if (text === SAMPLE_PUBLIC_KEY || text.startsWith(SAMPLE_JAVA_KEY_START)) {
    return {
      en: 'is of a sample pair that Baidu prints in its documentation: everyone has the private half, and can sign with it.',
      zh: '是百度文档中印出的示例密钥对：私钥人人都有，谁都可以用它签名。',
    };
  }
  if (text === SAMPLE_PLATFORM_KEY) {
    return {
      en: 'is the platform key of Baidu’s sample application, as in events/secret.json. Each app has a key of its own: Baidu’s console shows yours.',
      zh: '是百度示例应用的平台公钥（与 events/secret.json 中的相同）。每个应用的平台公钥都不同，请从百度后台复制您的。',
    };
  }
  if (text !== ownText) return undefined;
  return {
    en: 'is your own public key (the other half of privateKey). The platform’s belongs here: Baidu’s console shows both.',
    zh: '是您自己的公钥（与 privateKey 是一对）。这里应填平台公钥：百度后台两者都有显示。',
  };
}
