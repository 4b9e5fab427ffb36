import type { KeyObject } from 'node:crypto';
import { encodedTexts } from '../canonical.ts';
import { ServiceError } from '../errors.ts';
import { isLong, isOwnId, type OrderRef } from '../order.ts';
import { verifyAnyText, verifyParams } from '../sign.ts';
import {
  checkForm,
  type FormRules,
  isMoney,
  isWhole,
  type NotificationKeys,
  type UnverifiedForm,
  wrongSignature,
} from './signed-form.ts';

export type { NotificationKeys } from './signed-form.ts';

/** A payment notification that Baidu's platform has signed; `parseNotification` is the only way to one. */
export interface Notification extends OrderRef {
  /** The merchant's own order id. */
  readonly tpOrderId: string;
  readonly status: 'PAID' | 'UNPAID' | 'CANCELLED';
  /** What the order costs, in fen (分). */
  readonly totalMoney: number;
  /** Whether Baidu signed the values as they are, or URL-encoded: its pages contradict each other. */
  readonly reading: 'raw' | 'encoded';
  /** Every field that was signed, as it arrived. */
  readonly fields: Readonly<Record<string, string>>;
}

/** A payment notification whose form is as it should be, and whose signature nobody has looked at yet. */
export type UnverifiedNotification = UnverifiedForm;

const STATUS = { '1': 'UNPAID', '2': 'PAID', '-1': 'CANCELLED' } as const;

/**
 * Free text may hold anything but this: a second `&promoMoney=` is the one thing with which it could move
 * money in a signed text that is cut apart another way. Every other field bars `&` altogether.
 */
const isFreeText = (value: string) => !value.includes('&promoMoney=');

/** What every field that Baidu documents must look like. */
const GRAMMAR: Readonly<Record<string, (value: string) => boolean>> = {
  userId: isLong,
  orderId: isLong,
  unitPrice: isMoney,
  count: isWhole,
  totalMoney: isMoney,
  payMoney: isMoney,
  promoMoney: isMoney,
  hbMoney: isMoney,
  hbBalanceMoney: isMoney,
  giftCardMoney: isMoney,
  dealId: isLong,
  payTime: isWhole,
  promoDetail: isFreeText,
  payType: isWhole,
  partnerId: isWhole,
  status: (value) => Object.hasOwn(STATUS, value),
  tpOrderId: isOwnId,
  returnData: isFreeText,
};

/** What the form of a payment notification has to look like. @internal */
export const PAYMENT_FORM: FormRules = { kind: 'payment', needed: GRAMMAR };

/** What URL-encoding may change. */
const FREE_TEXTS = Object.keys(GRAMMAR).filter((name) => GRAMMAR[name] === isFreeText);

/**
 * Checks the form of a payment notification, before any key is at hand: a signature in canonical base64, every
 * documented field there, every value in its grammar.
 *
 * @param form as `readForm` returns it
 * @throws ServiceError `INVALID_NOTIFICATION` naming the field, or the address where a refund message belongs,
 *   `INVALID_SIGNATURE` for a field that no signature covers
 * @see Baidu's cashier documentation, 通知支付状态
 */
export function checkNotification(form: Readonly<Record<string, string>>): UnverifiedNotification {
  return checkForm(form, PAYMENT_FORM);
}

/**
 * Verifies a notification with the platform's keys and reads it, both from the same values. They are taken as they are;
 * where no key fits, and a free text holds something that URL-encoding changes, as URL-encoded too.
 *
 * @throws ServiceError `INVALID_SIGNATURE` where no key fits, `UNKNOWN_DEAL` for another merchant's deal
 */
export function parseNotification(
  unverified: UnverifiedNotification,
  { platformKeys, dealIds }: NotificationKeys,
): Notification {
  const reading = readingOf(unverified, platformKeys);
  if (!reading) throw wrongSignature();
  const { fields } = unverified;
  const { orderId = '', userId = '', tpOrderId = '', status = '', totalMoney = '', dealId = '' } = fields;
  if (dealIds && !dealIds.has(dealId)) throw new ServiceError('UNKNOWN_DEAL', 'The dealId is not ours.');
  return {
    orderId,
    siteId: userId,
    tpOrderId,
    status: STATUS[status as keyof typeof STATUS],
    totalMoney: Number(totalMoney),
    reading,
    fields,
  };
}

function readingOf(
  { fields, signature }: UnverifiedNotification,
  keys: readonly KeyObject[],
): Notification['reading'] | undefined {
  if (keys.some((key) => verifyParams(fields, signature, key))) return 'raw';
  // What no encoder changes was read already, and a forger is to cost no more than that.
  if (FREE_TEXTS.every((name) => /^[\w.-]*$/.test(fields[name] ?? ''))) return undefined;
  const encoded = keys.some((key) => verifyAnyText(encodedTexts(fields, FREE_TEXTS), signature, key));
  return encoded ? 'encoded' : undefined;
}
