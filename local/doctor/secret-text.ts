import { isRecord, parseJson } from '../../lib/baidu/json.ts';
import { bad, type Finding, type Text } from './finding.ts';
import { jsonFault } from './json.ts';

/** The members of a secret, or what keeps it from being read at all. */
export type SecretText = { readonly fields: Record<string, unknown> } | { readonly finding: Finding };

/** The fields of the secret, in the order in which the documentation names them. */
export const SECRET_FIELDS = [
  ...['appId', 'appKey', 'privateKey', 'platformPublicKey', 'apiTokens', 'dealId'],
  ...['smartAppKey', 'smartAppSecret'],
];

/** The field whose name this is but for case, signs and a plural: `private_key`, `apiToken`. */
export function fieldLike(name: string): string | undefined {
  const folded = (text: string) => text.toLowerCase().replace(/[^a-z]|s[^a-z]*$/g, '');
  return SECRET_FIELDS.find((field) => folded(field) === folded(name));
}

/** What the doctor looks for in the place of whatever it was given. */
const EXPECTED: Text = {
  en: 'The secret is a JSON object with appId, appKey, privateKey, platformPublicKey, apiTokens and, optionally, dealId, smartAppKey and smartAppSecret; or { "apps": [ … ] } with several such.',
  zh: 'secret 应为 JSON 对象，含 appId、appKey、privateKey、platformPublicKey、apiTokens，可选 dealId、smartAppKey 和 smartAppSecret；几个应用时为 { "apps": [ … ] }。',
};

/**
 * Reads the secret's text as the service does, and says what keeps it from being the secret. Nothing of the text is
 * repeated but names of members.
 */
export function readSecretText(text: string): SecretText {
  const parsed = parseJson(text);
  if (!isRecord(parsed)) return { finding: notJson(text) };
  const other = whatElse(Object.keys(parsed));
  return other ? { finding: bad('secret', other, EXPECTED) } : { fields: parsed };
}

const NOTIFICATION: Text = {
  en: 'This is not the secret, but a payment notification, or an event that holds one: name it behind --notification.',
  zh: '这不是 secret，而是支付通知或含有它的事件：请写在 --notification 之后。',
};

/** What a text that begins like no JSON object is. */
const FORMS: readonly (readonly [RegExp, Text])[] = [
  [/^$/, { en: 'The secret is empty.', zh: 'secret 是空的。' }],
  [
    /^\ufeff/,
    {
      en: 'The secret begins with a byte order mark: save it as UTF-8 without BOM.',
      zh: 'secret 以 BOM 开头：请另存为不带 BOM 的 UTF-8。',
    },
  ],
  [/^[^{].*\b(?:rsaSign|tpOrderId)=/s, NOTIFICATION],
  [
    /^-----BEGIN|^MI[A-Za-z0-9+/]{20}/,
    { en: 'The secret is not JSON, but a key or certificate.', zh: 'secret 不是 JSON，而是密钥或证书。' },
  ],
  [
    /^"\s*\{/,
    {
      en: 'The secret was encoded twice: store the inner text.',
      zh: 'secret 被编码了两次，请保存里面的那一层。',
    },
  ],
  [/^\[.*\]$/s, { en: 'The secret is a list, not an object {…}.', zh: 'secret 是列表，而不是对象 {…}。' }],
  [
    /^[^{[]/,
    { en: 'The secret is not JSON: it does not begin with {.', zh: 'secret 不是 JSON：开头不是 {。' },
  ],
];

function notJson(text: string): Finding {
  // A byte order mark is a blank for trim(), and none for the service.
  const found = FORMS.find(([form]) => form.test(text.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, '')))?.[1];
  if (found) return bad('JSON', found, EXPECTED);
  const { en, zh } = jsonFault(text);
  return bad('JSON', { en: `The secret is not JSON, ${en}.`, zh: `secret 不是合法的 JSON，${zh}。` });
}

/** Says what an object is that is clearly not the secret, by the names in it; `undefined` for one that may be meant as it. */
function whatElse(names: readonly string[]): Text | undefined {
  const holds = (...telling: string[]) => telling.some((name) => names.includes(name));
  if (names.some((name) => fieldLike(name) === 'privateKey')) return undefined;
  if (holds('SecretString')) {
    return {
      en: 'This is the answer of aws secretsmanager get-secret-value, not the secret in it: add --query SecretString --output text',
      zh: '这是 aws secretsmanager get-secret-value 的返回，而不是其中的 secret：请加上 --query SecretString --output text',
    };
  }
  if (holds('requestContext', 'rawPath', 'rsaSign', 'tpOrderId')) return NOTIFICATION;
  // These stand beside an appId or a token in messages, answers, and a caller's config.json.
  const other = holds('Records', 'orderId', 'siteId', 'eventType', 'selfTest', 'keyBits', 'serviceUrl');
  if (!other && names.some((name) => fieldLike(name))) return undefined;
  return {
    en: 'This is not the secret. Is it another file, an event or a configuration perhaps?',
    zh: '这不是 secret。是不是别的文件，比如事件或配置文件？',
  };
}
