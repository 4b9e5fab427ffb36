import type { KeyObject } from 'node:crypto';
import { keyBits, publicKeyText, readPublicKey } from '../../lib/baidu/keys.ts';
import { bad, type Finding, good, type Text, warning } from './finding.ts';
import type { Half } from './key-advice.ts';
import { explainKey } from './key-faults.ts';
import { keyForm } from './key-form.ts';
import { SAMPLE_PLATFORM_KEY, SAMPLE_PUBLIC_KEY, sampleFault } from './samples.ts';

/**
 * Examines the merchant's private key.
 *
 * @param fault what the service says is wrong with it
 * @param key what the service reads from it, if it can
 */
export function examinePrivateKey(
  value: unknown,
  fault: Text | undefined,
  key: KeyObject | undefined,
): Finding {
  if (fault || !key) return refused('privateKey', value, { fault, half: 'private' });
  const publicText = publicKeyText(key);
  if (publicText === SAMPLE_PUBLIC_KEY) {
    return bad('privateKey', {
      en: 'is the sample key that Baidu prints in its documentation: everyone has it. Make your own.',
      zh: '是百度文档中印出的示例密钥：人人都有，请生成自己的密钥。',
    });
  }
  return good(
    'privateKey',
    sized(String(value), key),
    {
      en: 'Its public half, as Baidu’s console takes it. Compare by eye:',
      zh: '对应的公钥（百度后台所填的格式），请逐字核对：',
    },
    publicText,
  );
}

/** The platform's keys, and what they are examined with. */
export interface PlatformKeys {
  /** One value for each key. */
  readonly values: readonly unknown[];
  /** What the service says is wrong with one. */
  readonly fault: (value: unknown) => Text | undefined;
  readonly merchantKey: KeyObject | undefined;
  /** Whether there may be none. */
  readonly mayLack: boolean;
}

/** Examines each of the platform's public keys. */
export function examinePlatformKeys({ values, fault, merchantKey, mayLack }: PlatformKeys): Finding[] {
  if (values.length === 0) return [absent(mayLack)];
  const ownText = merchantKey && publicKeyText(merchantKey);
  return values.map((value, index) => {
    const subject = values.length === 1 ? 'platformPublicKey' : `platformPublicKey[${index}]`;
    const found = fault(value);
    if (found) return refused(subject, value, { fault: found, half: 'public' });
    const key = readPublicKey(String(value));
    const text = publicKeyText(key);
    const wrong = wrongOwner(text, ownText);
    if (wrong) return bad(subject, wrong);
    const compare = {
      en: 'As Baidu’s console shows it. Compare by eye:',
      zh: '百度后台显示的格式，请逐字核对：',
    };
    return good(subject, sized(String(value), key), compare, text);
  });
}

function absent(mayLack: boolean): Finding {
  if (!mayLack) {
    return bad(
      'platformPublicKey',
      {
        en: 'is missing: no payment notification can be verified. Baidu’s console shows it (平台公钥).',
        zh: '缺失：无法验证支付通知。请从百度后台复制“平台公钥”。',
      },
      {
        en: 'Where the console shows none yet, before a first deployment: --without-platform-key.',
        zh: '首次部署之前，后台还没有显示时：--without-platform-key。',
      },
    );
  }
  return warning(
    'platformPublicKey',
    {
      en: 'is missing: until it is there, notify answers 503 to every payment notification. query and confirm work without it.',
      zh: '缺失：在补上之前，notify 对所有支付通知都返回 503；query 和 confirm 不受影响。',
    },
    {
      en: 'Add it as soon as Baidu’s console shows it (平台公钥).',
      zh: '百度后台显示平台公钥后，请尽快补上。',
    },
  );
}

function wrongOwner(text: string, ownText: string | undefined): Text | undefined {
  if (text === SAMPLE_PUBLIC_KEY) {
    return {
      en: 'is of the sample key that Baidu prints in its documentation: everyone has its private half, and can forge notifications.',
      zh: '是百度文档中示例密钥的公钥：对应的私钥人人都有，谁都可以伪造通知。',
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

function refused(
  subject: string,
  value: unknown,
  { fault, half }: { fault: Text | undefined; half: Half },
): Finding {
  const missing = { en: 'is missing.', zh: '缺失。' };
  if (value === undefined || value === null) return bad(subject, fault ?? missing);
  const sample = sampleFault(subject, value);
  if (sample) return bad(subject, sample);
  const explained = explainKey(value, half);
  const { text, detail } = explained ?? { text: fault ?? missing, detail: [] };
  return bad(subject, text, ...detail, ...lengthOf(value));
}

function lengthOf(value: unknown): Text[] {
  if (typeof value !== 'string' || value === '') return [];
  return [{ en: `It has ${value.length} characters.`, zh: `共 ${value.length} 个字符。` }];
}

function sized(text: string, key: KeyObject): Text {
  const { en, zh } = keyForm(text);
  return { en: `${en}; RSA, ${keyBits(key)} bits`, zh: `${zh}；RSA，${keyBits(key)} 位` };
}
