import type { Text } from './finding.ts';

/**
 * The public half of the sample key pair that Baidu prints in its smart program documentation (pages on making keys
 * and on signing, 2021). Its private half is public, too: who signs with it is anyone.
 */
export const SAMPLE_PUBLIC_KEY =
  'MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQC6ZbnSK6EeCMFq3KUdp2hyd5ExvfPYy65berLkjm8eKX2swDq9nF+bpCtM27+0pssRuoypaBIOTP3nf+Qpd1p8yP8kMQF3GbUy1t9kZzs0lqpGe7RZ/7ehVKIyLlCEgm5cUMFGKyLH33XL1QcQkqAJjinbjgYjtvt1Ms+VCmmolwIDAQAB';

/** How the public half of Baidu's second sample pair begins, the one for Java: enough to know it by, 13 bytes of its modulus. */
export const SAMPLE_JAVA_KEY_START = 'MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDPL6I0t3lmBJwdF5e9';

/**
 * The platform key of Baidu's sample application, published in baidu-smart-app/auth-demo-backend,
 * model/pay/common_test.go, and in events/secret.json. Each app has another.
 */
export const SAMPLE_PLATFORM_KEY =
  'MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQCtzQERUhDNLkR/yTGZxHU6cy5abC7kxeXqdL4Jq7v6A0MqhdK8T/cDr05DHKLmm0QlEdN0Jz2mg8QMkDW9pfPVWxQhTXikYhLBvdM4qas45LCKuswvMMjDw+lI4zD5M2Zh2T7S+mqkdqg8cOmvLlCvVEg45Su/Bj9HrMlGaBHPpQIDAQAB';

/** What the cashier sandbox takes where nothing else is said: the sample values of Baidu's pages. */
export const SANDBOX = { appId: '10026', appKey: 'MMM4oc', dealId: '470193086' } as const;

/** The values that Baidu's pages, this project's pages and its sample events print. */
const PRINTED: Readonly<Record<string, readonly string[]>> = {
  appId: ['10026'],
  appKey: ['MMM4oc', 'MMMabc'],
  dealId: ['470193086', '2500207776'],
  smartAppKey: ['sample-App-Key-of-the-events-only', 'y8bVDvs3HpQk0LxWm5TfRz2NcGj7UaE4'],
  smartAppSecret: ['sample-App-Secret-of-events-only', 'q4Zt9KeXw2SgM6YrBn1CdJh8PfLv3UoA'],
  apiTokens: ['at-least-32-characters-of-randomness', 'sample-token-for-the-local-events-only'],
};

/** Where the merchant's own value of a field is. */
function ownValue(field: string): Text {
  const command = 'openssl rand -hex 32';
  if (field === 'apiTokens') return { en: `Make your own with: ${command}`, zh: `请自己生成：${command}` };
  const place = field.startsWith('smartApp') ? '设置 → 开发设置' : '支付管理';
  return { en: `Yours is in Baidu’s console (${place}).`, zh: `您的值见百度后台（${place}）。` };
}

/**
 * Says that a value is one that documentation prints, or a placeholder in its stead; `undefined` for one that may be
 * the merchant's own.
 *
 * @param field the name of the field of the secret
 * @param value what it holds, or one of the values of its list
 */
export function sampleFault(field: string, value: unknown): Text | undefined {
  const text = String(value).trim();
  // An ellipsis, or angle brackets: no id, key or token has them.
  const placeholder = /…|\.\.\.|^<[^<>]*>$|one of the secret's apiTokens/.test(text);
  if (placeholder || (field !== 'apiTokens' && /^your[\s_-]/i.test(text))) {
    return {
      en: 'is a placeholder, as documentation prints it: put your own value in its place.',
      zh: '是文档中那样的占位符：请换成您自己的值。',
    };
  }
  if (!PRINTED[field]?.includes(text)) return undefined;
  const { en, zh } = ownValue(field);
  return {
    en: `is the documentation’s sample value: everyone has it. ${en}`,
    zh: `是文档中的示例值：人人都有。${zh}`,
  };
}
