import type { KeyObject } from 'node:crypto';
import { keyBits, publicKeyText } from '../../lib/baidu/keys.ts';
import { bad, type Finding, good, MISSING, type Text, warning } from './finding.ts';
import { explainKey, type Half } from './key-faults.ts';
import { isSampleKey, SAMPLE_PLATFORM_KEY, sampleFault } from './samples.ts';

/** A key as the secret holds it, with what the service reads from it or says is wrong with it. */
export interface GivenKey {
  readonly value: unknown;
  readonly key: KeyObject | undefined;
  readonly fault: Text | undefined;
}

/** Examines the merchant's private key. */
export function examinePrivateKey(given: GivenKey): Finding {
  return examineKey('privateKey', 'private', given);
}

/**
 * Examines each of the platform's public keys.
 *
 * @param options.merchantKey what must not stand in their place
 * @param options.mayLack whether there may be none
 */
export function examinePlatformKeys(
  given: readonly GivenKey[],
  { merchantKey, mayLack }: { merchantKey: KeyObject | undefined; mayLack: boolean },
): Finding[] {
  if (given.length === 0)
    return [mayLack ? warning('platformPublicKey', LATER) : bad('platformPublicKey', ABSENT)];
  const own = merchantKey && publicKeyText(merchantKey);
  return given.map((each, index) =>
    examineKey(given.length === 1 ? 'platformPublicKey' : `platformPublicKey[${index}]`, 'public', each, own),
  );
}

function examineKey(subject: string, half: Half, { value, key, fault }: GivenKey, own?: string): Finding {
  const sample = sampleFault(subject, value);
  if (sample) return bad(subject, sample);
  if (!key) {
    const refused = fault ?? MISSING;
    return typeof value === 'string'
      ? bad(subject, ...explainKey(value, half, refused))
      : bad(subject, refused);
  }
  const text = publicKeyText(key);
  const wrong = wrongOwner(text, own);
  if (wrong) return bad(subject, wrong);
  const size = { en: `RSA, ${keyBits(key)} bits`, zh: `RSA，${keyBits(key)} 位` };
  return good(subject, size, COMPARE, text);
}

const COMPARE: Text = {
  en: 'The public half, as Baidu’s console shows it. Compare by eye:',
  zh: '对应的公钥（百度后台显示的格式），请逐字核对：',
};

const SAMPLE: Text = {
  en: 'is of a sample pair that Baidu prints in its documentation: everyone has the private half, and can sign with it.',
  zh: '是百度文档中印出的示例密钥对：私钥人人都有，谁都可以用它签名。',
};

const ABSENT: Text = {
  en: 'is missing: no payment notification can be verified. Baidu’s console shows it (平台公钥). Where it shows none yet, before a first deployment: --without-platform-key.',
  zh: '缺失：无法验证支付通知。请从百度后台复制“平台公钥”。首次部署之前，后台还没有显示时：--without-platform-key。',
};

const LATER: Text = {
  en: 'is missing: until it is there, notify answers 503 to every payment notification. Add it as soon as Baidu’s console shows it (平台公钥).',
  zh: '缺失：在补上之前，notify 对所有支付通知都返回 503。百度后台显示平台公钥后，请尽快补上。',
};

function wrongOwner(text: string, ownText: string | undefined): Text | undefined {
  if (isSampleKey(text)) return SAMPLE;
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
