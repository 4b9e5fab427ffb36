import { canonicalText, UNSIGNED_NAMES } from '../../lib/baidu/canonical.ts';
import type { Text } from './finding.ts';

/** A text that may have been signed in the place of the right one, and the mistake that leads to it. */
export interface OtherText {
  readonly text: string;
  readonly why: Text;
}

/** What the secret has that a text of another kind holds. */
export interface Ids {
  readonly appId?: string;
  readonly appKey?: string;
}

type Fields = Readonly<Record<string, string>>;

/** The texts that the usual mistakes lead to: few enough to try them all. */
export function otherTexts(fields: Fields, ids: Ids): OtherText[] {
  const signed = Object.fromEntries(Object.entries(fields).filter(([name]) => !UNSIGNED_NAMES.has(name)));
  return [
    ...withLostFields(signed),
    ...withEncodedValues(signed),
    ...withoutFields(signed),
    ...ofAnotherKind(signed, ids),
    ...writtenAnotherWay(signed),
  ];
}

/** The documented fields that are usually empty, and so the first to be lost on the way. */
const OFTEN_EMPTY = ['promoDetail', 'returnData', 'partnerId', 'payType', 'giftCardMoney'];

/** The text with empty fields put back that have been lost since it was signed: one, or several of them. */
function withLostFields(fields: Fields): OtherText[] {
  const absent = OFTEN_EMPTY.filter((name) => fields[name] === undefined);
  return Array.from({ length: 2 ** absent.length - 1 }, (_, index) => {
    const lost = absent.filter((_name, bit) => ((index + 1) >> bit) & 1);
    return {
      text: canonicalText({ ...fields, ...Object.fromEntries(lost.map((name) => [name, ''])) }),
      why: {
        en: `It was signed with these empty fields, which are missing here: ${lost.join(', ')}. Whatever took them out has to leave them in.`,
        zh: `签名时有这些空字段，而这里缺失：${lost.join('、')}。请找出是哪一步去掉了它们。`,
      },
    };
  });
}

/** Encodes as one does that leaves some of the marks alone on which encoders disagree, and has a blank of its own. */
function encoder(kept: string, blank: string): (value: string) => string {
  return (value) =>
    encodeURIComponent(value)
      .replace(/[!'()*~]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`)
      .replace(/%[2-7]./g, (written) => {
        const char = decodeURIComponent(written);
        if (char === ' ') return blank;
        return kept.includes(char) ? char : written;
      });
}

/** How each language URL-encodes. */
const ENCODERS: Readonly<Record<string, (value: string) => string>> = {
  'Go QueryEscape, Python quote_plus': encoder('~', '+'),
  'Java URLEncoder, JavaScript URLSearchParams': encoder('*', '+'),
  'PHP urlencode': encoder('', '+'),
  'PHP rawurlencode, .NET EscapeDataString': encoder('~', '%20'),
  'Python quote': encoder('~/', '%20'),
  'JavaScript encodeURIComponent': encodeURIComponent,
  '.NET WebUtility': encoder('!()*', '+'),
  '.NET HttpUtility': (value) =>
    encoder('!()*', '+')(value).replace(/%../g, (written) => written.toLowerCase()),
  'only what is not ASCII': (value) => value.replace(/[\u0080-\u{10ffff}]+/gu, encodeURIComponent),
};

function withEncodedValues(fields: Fields): OtherText[] {
  const names = new Map<string, string[]>();
  for (const [name, encode] of Object.entries(ENCODERS)) {
    const encoded = Object.entries(fields).map(([field, value]) => [field, encode(value)] as const);
    const text = canonicalText(Object.fromEntries(encoded));
    names.set(text, [...(names.get(text) ?? []), name]);
  }
  names.delete(canonicalText(fields));
  return [...names].map(([text, encoders]) => ({
    text,
    why: {
      en: `The values were URL-encoded before they were signed (${encoders.join(', ')}). Baidu’s pages say both: the service takes it where that changes nothing but promoDetail and returnData.`,
      zh: `签名前对值做了 URL 编码（${encoders.join('、')}）。百度的文档两种说法都有：只要改变的仅是 promoDetail 和 returnData，服务就接受。`,
    },
  }));
}

function withoutFields(fields: Fields): OtherText[] {
  const entries = Object.entries(fields);
  const without = (left: (pair: [string, string]) => boolean, why: Text): OtherText => ({
    text: canonicalText(Object.fromEntries(entries.filter((pair) => !left(pair)))),
    why,
  });
  return [
    without(([, value]) => value === '', {
      en: 'Empty fields were left out before it was signed; they must stay (promoDetail=).',
      zh: '签名前去掉了空字段，空字段必须保留（promoDetail=）。',
    }),
    ...entries.map(([left]) =>
      without(([name]) => name === left, {
        en: `The field ${left} is not in the text that was signed: it was left out there, or added afterwards.`,
        zh: `签名的文本中没有字段 ${left}：签名时被遗漏，或是之后加上的。`,
      }),
    ),
  ];
}

/** An order that the mini-program starts, and a query, are signed as well, over four fields of their own. */
function ofAnotherKind(fields: Fields, { appId = '', appKey = '' }: Ids): OtherText[] {
  const { dealId = '', tpOrderId = '', totalMoney = '', orderId = '', userId = '' } = fields;
  const kinds = [
    { en: 'an order', zh: '订单（发起支付）', own: { appKey, dealId, tpOrderId, totalAmount: totalMoney } },
    { en: 'a query', zh: '查询', own: { appId, appKey, orderId, siteId: userId } },
  ];
  return kinds.map(({ en, zh, own }) => ({
    text: canonicalText(own),
    why: {
      en: `The fields of ${en} were signed (${Object.keys(own).join(', ')}), not those that arrived.`,
      zh: `签名的是${zh}的字段（${Object.keys(own).join('、')}），而不是收到的字段。`,
    },
  }));
}

function writtenAnotherWay(fields: Fields): OtherText[] {
  const right = canonicalText(fields);
  const arrived = Object.entries(fields);
  const ignoringCase = [...arrived].sort(([a], [b]) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1));
  const join = (pairs: readonly [string, string][]) => pairs.map((pair) => pair.join('=')).join('&');
  const values = Object.keys(fields)
    .sort()
    .map((name) => fields[name]);
  const say = (en: string, zh: string, ...texts: string[]) =>
    texts.map((text) => ({ text, why: { en, zh } }));
  return [
    ...say(
      'The names were ordered without regard to case; they are ordered byte by byte (I before a).',
      '参数名排序时忽略了大小写，应按字节排序（I 在 a 之前）。',
      join(ignoringCase),
    ),
    ...say(
      'The fields were not ordered by name.',
      '字段没有按名称排序。',
      join(arrived),
      join([...arrived].reverse()),
    ),
    ...say(
      'The whole text was URL-encoded before it was signed, its = and & too.',
      '签名前对整段文本（包括 = 和 &）做了 URL 编码。',
      ...Object.values(ENCODERS).map((encode) => encode(right)),
    ),
    ...say('Only the values were signed.', '只对值做了签名。', values.join(''), values.join('&')),
  ];
}
