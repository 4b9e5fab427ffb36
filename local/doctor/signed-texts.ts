import { canonicalText, ENCODERS, UNSIGNED_NAMES } from '../../lib/baidu/canonical.ts';
import type { Text } from './finding.ts';
import type { NotificationKeys } from './secret.ts';

/** A text that may have been signed, and the mistake that leads to it; none leads to the right one. */
export interface SignedText {
  readonly text: string;
  readonly why?: Text;
}

/** What the secret has that a text of another kind holds. */
type Ids = Pick<NotificationKeys, 'appId' | 'appKey'>;
type Fields = Readonly<Record<string, string>>;

/** The right text, then those that the usual mistakes lead to: few enough to try them all. */
export function signedTexts(given: Fields, ids: Ids): SignedText[] {
  const fields = Object.fromEntries(Object.entries(given).filter(([name]) => !UNSIGNED_NAMES.has(name)));
  return [
    { text: canonicalText(fields) },
    ...withLostFields(fields),
    ...withEncodedValues(fields),
    ...withoutFields(fields),
    ...ofAnotherKind(fields, ids),
    ...writtenAnotherWay(fields),
  ];
}

function mistake(en: string, zh: string, ...texts: string[]): SignedText[] {
  return texts.map((text) => ({ text, why: { en, zh } }));
}

/** The documented fields that are usually empty, and so the first to be lost on the way. */
const OFTEN_EMPTY = ['promoDetail', 'returnData', 'partnerId', 'payType', 'giftCardMoney'];

/** The text with empty fields put back that have been lost since it was signed: one, or several of them. */
function withLostFields(fields: Fields): SignedText[] {
  const absent = OFTEN_EMPTY.filter((name) => fields[name] === undefined);
  const choices = Array.from({ length: 2 ** absent.length - 1 }, (_, index) =>
    absent.filter((_name, bit) => ((index + 1) >> bit) & 1),
  );
  return choices.flatMap((lost) =>
    mistake(
      `It was signed with these empty fields, which are missing here: ${lost.join(', ')}. Whatever took them out has to leave them in.`,
      `签名时有这些空字段，而这里缺失：${lost.join('、')}。请找出是哪一步去掉了它们。`,
      canonicalText({ ...fields, ...Object.fromEntries(lost.map((name) => [name, ''])) }),
    ),
  );
}

function withEncodedValues(fields: Fields): SignedText[] {
  const encodedBy = (encode: (value: string) => string) =>
    canonicalText(Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, encode(value)])));
  const encoders = Map.groupBy(Object.entries(ENCODERS), ([, encode]) => encodedBy(encode));
  return [...encoders].flatMap(([text, alike]) => {
    const names = alike.map(([name]) => name);
    return mistake(
      `The values were URL-encoded before they were signed (${names.join(', ')}). Baidu’s pages say both: the service takes it where that changes nothing but promoDetail and returnData.`,
      `签名前对值做了 URL 编码（${names.join('、')}）。百度的文档两种说法都有：只要改变的仅是 promoDetail 和 returnData，服务就接受。`,
      text,
    );
  });
}

function withoutFields(fields: Fields): SignedText[] {
  const keeping = (kept: (name: string, value: string) => boolean) =>
    canonicalText(Object.fromEntries(Object.entries(fields).filter((pair) => kept(...pair))));
  return [
    ...mistake(
      'Empty fields were left out before it was signed; they must stay (promoDetail=).',
      '签名前去掉了空字段，空字段必须保留（promoDetail=）。',
      keeping((_name, value) => value !== ''),
    ),
    ...Object.keys(fields).flatMap((left) =>
      mistake(
        `The field ${left} is not in the text that was signed: it was left out there, or added afterwards.`,
        `签名的文本中没有字段 ${left}：签名时被遗漏，或是之后加上的。`,
        keeping((name) => name !== left),
      ),
    ),
  ];
}

/** An order that the mini-program starts, and a query, are signed as well, over four fields of their own. */
function ofAnotherKind(fields: Fields, { appId = '', appKey = '' }: Ids): SignedText[] {
  const { dealId = '', tpOrderId = '', totalMoney = '', orderId = '', userId = '' } = fields;
  const kinds = [
    { en: 'an order', zh: '订单（发起支付）', own: { appKey, dealId, tpOrderId, totalAmount: totalMoney } },
    { en: 'a query', zh: '查询', own: { appId, appKey, orderId, siteId: userId } },
  ];
  return kinds.flatMap(({ en, zh, own }) =>
    mistake(
      `The fields of ${en} were signed (${Object.keys(own).join(', ')}), not those that arrived.`,
      `签名的是${zh}的字段（${Object.keys(own).join('、')}），而不是收到的字段。`,
      canonicalText(own),
    ),
  );
}

function writtenAnotherWay(fields: Fields): SignedText[] {
  const right = canonicalText(fields);
  const arrived = Object.entries(fields);
  const ignoringCase = [...arrived].sort(([a], [b]) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1));
  const join = (pairs: readonly [string, string][]) => pairs.map((pair) => pair.join('=')).join('&');
  const values = arrived.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value);
  return [
    ...mistake(
      'The names were ordered without regard to case; they are ordered byte by byte (I before a).',
      '参数名排序时忽略了大小写，应按字节排序（I 在 a 之前）。',
      join(ignoringCase),
    ),
    ...mistake(
      'The fields were not ordered by name.',
      '字段没有按名称排序。',
      join(arrived),
      join([...arrived].reverse()),
    ),
    ...mistake(
      'The whole text was URL-encoded before it was signed, its = and & too.',
      '签名前对整段文本（包括 = 和 &）做了 URL 编码。',
      ...Object.values(ENCODERS).map((encode) => encode(right)),
    ),
    ...mistake('Only the values were signed.', '只对值做了签名。', values.join(''), values.join('&')),
  ];
}
