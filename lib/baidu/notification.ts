import type { KeyObject } from 'node:crypto';
import { decodeBase64 } from './base64.ts';
import { encodedTexts, UNSIGNED_NAMES } from './canonical.ts';
import { ServiceError } from './errors.ts';
import { isLong, type OrderRef } from './order.ts';
import { verifyAnyText, verifyParams } from './sign.ts';

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

/** What a notification is verified with. */
export interface NotificationKeys {
  /** The platform's; a notification may match any. */
  readonly platformKeys: readonly KeyObject[];
  /** The merchant's own deals; `undefined` takes all. */
  readonly dealIds: ReadonlySet<string> | undefined;
}

/** The fields of a notification whose every value fits its grammar, and the signature that came with them. */
export interface UnverifiedNotification {
  readonly fields: Readonly<Record<string, string>>;
  readonly signature: string;
}

const STATUS = { '1': 'UNPAID', '2': 'PAID', '-1': 'CANCELLED' } as const;

const isWhole = (value: string) => /^(0|[1-9][0-9]{0,18})$/.test(value);
const isMoney = (value: string) => isWhole(value) && Number.isSafeInteger(Number(value));
const isOwnId = (value: string) => /^[!-%'-<>-~]{1,128}$/.test(value);

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

/** What URL-encoding may change. */
const FREE_TEXTS = Object.keys(GRAMMAR).filter((name) => GRAMMAR[name] === isFreeText);

/** The least that a signature by a key of 1024 bits has, in bytes. */
const MIN_SIGNATURE_BYTES = 128;

/**
 * Checks the form of a notification, before any key is at hand: a signature in canonical base64, every documented
 * field there, every value in its grammar. A signed text can be cut into fields in more than one way; the grammar
 * leaves one.
 *
 * @param form as `readForm` returns it
 * @throws ServiceError `INVALID_NOTIFICATION` naming the field, `INVALID_SIGNATURE` for a field that no signature covers
 * @see Baidu's cashier documentation, 通知支付状态
 */
export function checkNotification(form: Readonly<Record<string, string>>): UnverifiedNotification {
  const { rsaSign, ...fields } = form;
  // On its way through a form decoder the `+` of base64 can become a blank.
  const signature = rsaSign?.replaceAll(' ', '+') ?? '';
  const bytes = decodeBase64(signature);
  if (!bytes || bytes.length < MIN_SIGNATURE_BYTES) throw invalid('rsaSign', rsaSign);
  for (const [name, fits] of Object.entries(GRAMMAR)) {
    const value = fields[name];
    if (value === undefined || !fits(value)) throw invalid(name, value);
  }
  for (const [name, value] of Object.entries(fields)) {
    if (UNSIGNED_NAMES.has(name)) {
      throw new ServiceError('INVALID_SIGNATURE', `The field ${name} is covered by no signature.`);
    }
    if (!Object.hasOwn(GRAMMAR, name) && value.includes('&')) throw invalid(name, value);
  }
  return { fields, signature };
}

/**
 * Verifies a notification with the platform's keys and reads it, both from the same values. They are taken as they are;
 * where no key fits, and a free text holds something that URL-encoding changes, as URL-encoded too.
 *
 * @throws ServiceError `INVALID_SIGNATURE` where no key fits, `UNKNOWN_DEAL` for another merchant's deal
 */
export function parseNotification(
  { fields, signature }: UnverifiedNotification,
  { platformKeys, dealIds }: NotificationKeys,
): Notification {
  const reading = readingOf({ fields, signature }, platformKeys);
  if (!reading) {
    throw new ServiceError(
      'INVALID_SIGNATURE',
      'The signature is not of Baidu’s platform over these fields.',
    );
  }
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

function invalid(name: string, value: string | undefined): ServiceError {
  const fault = value === undefined ? 'is missing' : 'is malformed';
  return new ServiceError('INVALID_NOTIFICATION', `The field ${name} ${fault}.`);
}
