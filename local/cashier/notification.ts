import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { Faults } from './faults.ts';
import type { Order } from './order.ts';
import { canonicalText, encodeValues, sign } from './signature.ts';
import type { Text } from './text.ts';

/** A notification ready to be sent: the form as it goes over the wire, and the text that was signed. */
export interface SignedForm {
  readonly form: string;
  readonly signedText: string;
  /** What is wrong with it on purpose. */
  readonly flaw: Text | undefined;
}

/**
 * Writes the notification of an order with every field that Baidu sends and signs it (百度收银台, 通知支付状态).
 *
 * @param status 2 paid, -1 cancelled
 * @param signValues whether the values are signed as they are, or URL-encoded
 * @param faults may have it signed by a stranger's key, or changed after signing
 */
export function signedForm(options: {
  order: Order;
  status: 2 | -1;
  dealId: string;
  privateKey: KeyObject;
  signValues?: 'raw' | 'encoded' | undefined;
  faults: Faults;
}): SignedForm {
  const { order, status, dealId, privateKey, signValues, faults } = options;
  const money = String(order.totalMoney);
  const fields: Record<string, string> = {
    userId: order.userId,
    orderId: order.orderId,
    unitPrice: money,
    count: '1',
    totalMoney: money,
    payMoney: money,
    promoMoney: '0',
    hbMoney: '0',
    hbBalanceMoney: '0',
    giftCardMoney: '0',
    dealId,
    payTime: String(order.payTime),
    promoDetail: order.promoDetail,
    payType: order.payType ?? '0',
    partnerId: '0',
    status: String(status),
    tpOrderId: order.tpOrderId,
    returnData: order.returnData,
  };
  const values = signValues === 'encoded' ? encodeValues(fields) : fields;
  const rsaSign = sign(values, faults.signatureForged ? strangersKey() : privateKey);
  const signedText = canonicalText(values);
  if (faults.fieldAltered) fields['totalMoney'] = String(order.totalMoney + 1);
  return { form: new URLSearchParams({ ...fields, rsaSign }).toString(), signedText, flaw: flawOf(faults) };
}

function flawOf({ signatureForged, fieldAltered }: Faults): Text | undefined {
  if (signatureForged && fieldAltered) return { en: 'Forged and altered', zh: '伪造且篡改' };
  if (signatureForged) return { en: 'Signature forged', zh: '签名系伪造' };
  return fieldAltered ? { en: 'totalMoney altered', zh: 'totalMoney 被篡改' } : undefined;
}

let stranger: KeyObject | undefined;

function strangersKey(): KeyObject {
  stranger ??= generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey;
  return stranger;
}

/** What came back from the merchant; `late` means nothing complete came in time. */
export type MerchantAnswer =
  | { readonly type: 'answer'; readonly status: number; readonly body: string; readonly milliseconds: number }
  | { readonly type: 'late'; readonly milliseconds: number }
  | { readonly type: 'unreachable'; readonly reason: string; readonly milliseconds: number };

/** What Baidu does after an answer: settle, take note, refund the payment, or call again. */
export type Outcome = 'settled' | 'noted' | 'refunded' | 'repeat';

/**
 * Judges a merchant's answer as Baidu's page says.
 *
 * @param refusal what to do after an answer with `errno` other than 0, or not JSON: Baidu's pages say both
 */
export function judgeAnswer(
  answer: MerchantAnswer,
  refusal: 'repeat' | 'refunded',
): { outcome: Outcome; why: Text } {
  const repeat = (en: string, zh: string) => ({ outcome: 'repeat' as const, why: { en, zh } });
  if (answer.type === 'late') return repeat('no answer in time', '未在限定时间内应答');
  if (answer.type === 'unreachable') return repeat(answer.reason, `无法送达：${answer.reason}`);
  const parsed = parseObject(answer.body);
  if (!parsed) return { outcome: refusal, why: { en: 'the answer is not JSON', zh: '应答不是 JSON' } };
  const errno = parsed['errno'];
  if (errno !== 0) {
    const shown = JSON.stringify(errno) ?? 'missing';
    const words = typeof parsed['msg'] === 'string' && parsed['msg'] !== '' ? ` (${parsed['msg']})` : '';
    const why = { en: `errno is ${shown}, not 0${words}`, zh: `errno 为 ${shown}，不是 0${words}` };
    return { outcome: refusal, why };
  }
  if (answer.status < 200 || answer.status > 299) {
    return repeat(`HTTP status ${answer.status} is no success`, `HTTP 状态码 ${answer.status} 不代表成功`);
  }
  return judgeData(isObject(parsed['data']) ? parsed['data'] : {});
}

function judgeData(data: Record<string, unknown>): { outcome: Outcome; why: Text } {
  const { isConsumed, isErrorOrder } = data;
  if (isErrorOrder === 1) {
    return { outcome: 'refunded', why: { en: 'isErrorOrder is 1', zh: 'isErrorOrder 为 1' } };
  }
  if (isConsumed === undefined) {
    return { outcome: 'refunded', why: { en: 'isConsumed is missing', zh: '缺少 isConsumed' } };
  }
  if (isConsumed === 2) return { outcome: 'settled', why: { en: 'isConsumed is 2', zh: 'isConsumed 为 2' } };
  if (isConsumed === 1) return { outcome: 'noted', why: { en: 'isConsumed is 1', zh: 'isConsumed 为 1' } };
  const shown = JSON.stringify(isConsumed);
  return {
    outcome: 'repeat',
    why: {
      en: `isConsumed is ${shown}: only the numbers 1 and 2 count`,
      zh: `isConsumed 为 ${shown}：只认数字 1 和 2`,
    },
  };
}

function parseObject(body: string): Record<string, unknown> | null {
  try {
    const parsed: unknown = JSON.parse(body);
    return isObject(parsed) ? parsed : null;
  } catch {
    return null;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
