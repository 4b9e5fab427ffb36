import { isRecord } from '../../lib/baidu/json.ts';
import { fieldLike, fieldMeant } from './fields.ts';
import type { Text } from './finding.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Names that only one kind of object has, and what it is then. */
const SIGNS: readonly (readonly [readonly string[], Text])[] = [
  [
    ['SecretString', 'SecretBinary'],
    {
      en: 'This is the answer of aws secretsmanager get-secret-value, not the secret in it: add --query SecretString --output text',
      zh: '这是 aws secretsmanager get-secret-value 的返回，而不是其中的 secret：请加上 --query SecretString --output text',
    },
  ],
  [
    ['requestContext', 'routeKey', 'rawPath', 'httpMethod'],
    {
      en: 'This is not the secret, but an event of API Gateway. A notification in one is checked with --notification FILE.',
      zh: '这不是 secret，而是 API Gateway 事件。其中的通知请用 --notification 文件 检查。',
    },
  ],
  [
    ['Records', 'messageId', 'Sns'],
    {
      en: 'This is not the secret, but an event of SQS or SNS.',
      zh: '这不是 secret，而是 SQS 或 SNS 事件。',
    },
  ],
  [
    ['rsaSign', 'tpOrderId', 'payTime'],
    {
      en: 'This is not the secret, but a payment notification: name it behind --notification.',
      zh: '这不是 secret，而是支付通知：请写在 --notification 之后。',
    },
  ],
  [
    ['orderId', 'siteId', 'eventType'],
    {
      en: 'This is not the secret, but a question about an order, or its answer.',
      zh: '这不是 secret，而是对订单的查询或其结果。',
    },
  ],
  [
    ['selfTest', 'keyBits', 'platformKeys'],
    {
      en: 'This is not the secret, but a self-test, or its answer.',
      zh: '这不是 secret，而是自检请求或其结果。',
    },
  ],
  [
    ['kty'],
    {
      en: 'This is not the secret, but a key by itself (JWK).',
      zh: '这不是 secret，而是单独一个密钥（JWK）。',
    },
  ],
  [
    ['BAIDU_SECRET_ID', 'PAYMENT_QUEUE_URL', 'PAYMENT_TOPIC_ARN', 'Variables'],
    {
      en: 'This is not the secret, but the functions’ environment.',
      zh: '这不是 secret，而是函数的环境变量。',
    },
  ],
  [
    ['serviceUrl'],
    {
      en: 'This is not the secret, but the config.json of a caller.',
      zh: '这不是 secret，而是调用方的 config.json。',
    },
  ],
];

/** Says what an object is that is clearly not the secret; `undefined` for one that may be meant as it. */
export function whatElse(fields: Fields): Text | undefined {
  const names = Object.keys(fields);
  if (names.length === 0) return { en: 'This is an empty object.', zh: '这是一个空对象。' };
  if (names.some((name) => fieldLike(name) === 'privateKey')) return undefined;
  const sign = SIGNS.find(([telling]) => telling.some((name) => names.includes(name)));
  if (sign) return sign[1];
  if (names.some((name) => (fieldLike(name) ?? fieldMeant(name)) !== undefined)) return undefined;
  if (Object.values(fields).some((value) => isRecord(value) && looksLikeSecret(value))) {
    return {
      en: 'The fields of the secret stand one level too deep: in an object of this object.',
      zh: 'secret 的字段深了一层：在这个对象里面的对象中。',
    };
  }
  return {
    en: 'This is not the secret: it has none of its fields. Is it another file, a configuration perhaps?',
    zh: '这不是 secret：没有 secret 的任何字段。是不是别的文件，比如配置文件？',
  };
}

function looksLikeSecret(value: Fields): boolean {
  return Object.keys(value).filter((name) => fieldLike(name) !== undefined).length >= 2;
}
