import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { Faults } from '../faults.ts';
import type { Order } from '../orders/order.ts';
import { canonicalText, encodeValues, sign } from '../signature/signature.ts';
import type { Text } from '../text.ts';
import { type MerchantAnswer, openAnswer, remarked } from './merchant-answer.ts';

/** A message of Baidu's ready to be sent: the form as it goes over the wire, and the text that was signed. */
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
export function signedForm(options: { order: Order; status: 2 | -1; dealId: string } & Signing): SignedForm {
  const { order, status, dealId } = options;
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
  return signFields(fields, { totalMoney: String(order.totalMoney + 1) }, options);
}

/** What a message is signed with, and what is done wrong with it on purpose. */
export interface Signing {
  readonly privateKey: KeyObject;
  readonly signValues?: 'raw' | 'encoded' | undefined;
  readonly faults: Faults;
}

/**
 * Signs the fields of a message as Baidu's platform does.
 *
 * @param altered the field that is changed after signing where a switch says so
 */
export function signFields(
  fields: Record<string, string>,
  altered: Record<string, string>,
  { privateKey, signValues, faults }: Signing,
): SignedForm {
  const { signatureForged, fieldAltered } = faults;
  const values = signValues === 'encoded' ? encodeValues(fields) : fields;
  const rsaSign = sign(values, signatureForged ? strangersKey() : privateKey);
  const sent = fieldAltered ? { ...fields, ...altered } : fields;
  return {
    form: new URLSearchParams({ ...sent, rsaSign }).toString(),
    signedText: canonicalText(values),
    flaw: flawOf(faults, Object.keys(altered).join(', ')),
  };
}

function flawOf({ signatureForged, fieldAltered }: Faults, altered: string): Text | undefined {
  if (signatureForged && fieldAltered) return { en: 'Forged and altered', zh: '伪造且篡改' };
  if (signatureForged) return { en: 'Signature forged', zh: '签名系伪造' };
  return fieldAltered ? { en: `${altered} altered`, zh: `${altered} 被篡改` } : undefined;
}

let stranger: KeyObject | undefined;

function strangersKey(): KeyObject {
  stranger ??= generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey;
  return stranger;
}

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
  const opened = openAnswer(answer);
  if ('data' in opened) return remarked(judgeData(opened.data), opened.remarks);
  return { outcome: opened.isRefusal ? refusal : 'repeat', why: opened.why };
}

function judgeData(data: Record<string, unknown>): { outcome: Outcome; why: Text } {
  const { isErrorOrder } = data;
  const verdict = judgeConsumed(data);
  if (isErrorOrder === undefined || isErrorOrder === 0) return verdict;
  if (isErrorOrder === 1) {
    return { outcome: 'refunded', why: { en: 'isErrorOrder is 1', zh: 'isErrorOrder 为 1' } };
  }
  const shown = JSON.stringify(isErrorOrder);
  return remarked(verdict, [
    {
      en: `isErrorOrder is ${shown}: only the number 1 refunds`,
      zh: `isErrorOrder 为 ${shown}：只有数字 1 才退款`,
    },
  ]);
}

function judgeConsumed({ isConsumed }: Record<string, unknown>): { outcome: Outcome; why: Text } {
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
