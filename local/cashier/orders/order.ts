import { randomInt } from 'node:crypto';
import { CashierError } from '../error.ts';
import type { Refund } from '../refund/refund.ts';
import type { PayType } from './channels.ts';
import { isOwnId, WRONG_OWN_ID } from './own-id.ts';

/** The states of a refund that a person at the desk can choose. */
export const REFUND_STATES = ['PROCESSING', 'REFUNDED', 'FAILED'] as const;

/** One of `REFUND_STATES`. */
export type RefundState = (typeof REFUND_STATES)[number];

/**
 * What the merchant's answers made of the money: nothing paid yet, waiting for an answer that counts,
 * settled, taken note of, refunded, or no success after every repetition.
 */
export type Settlement = 'NONE' | 'PENDING' | 'SETTLED' | 'NOTED' | 'REFUNDED' | 'GIVEN_UP';

/** An order at the cashier; ids are decimal strings, money is whole fen, times are ISO 8601. */
export interface Order {
  /** The app whose order it is. */
  readonly appId: string;
  readonly orderId: string;
  readonly userId: string;
  readonly tpOrderId: string;
  readonly totalMoney: number;
  readonly title: string;
  readonly returnData: string;
  readonly promoDetail: string;
  readonly createdAt: string;
  readonly payment: 'UNPAID' | 'PAID' | 'CANCELLED';
  readonly payType: PayType | null;
  /** Seconds since 1970, as the notification carries it; 0 while unpaid. */
  readonly payTime: number;
  /** What the query says of refunds. */
  readonly refund: 'NONE' | RefundState;
  /** Every refund that was started, the oldest first. */
  readonly refunds: readonly Refund[];
  readonly verification: 'NOT_VERIFIED' | 'VERIFIED';
  readonly settlement: Settlement;
  /** How many notifications have been sent. */
  readonly notifications: number;
  /** When the next repetition is due, or `null`. */
  readonly nextNotificationAt: string | null;
}

/** What an order is made from; ids that are left out are drawn at random, `totalMoney` is in fen. */
export interface NewOrder {
  /** The first app by default. */
  appId?: string | undefined;
  orderId?: string | undefined;
  userId?: string | undefined;
  tpOrderId: string;
  totalMoney: number;
  title?: string | undefined;
  returnData?: string | undefined;
  promoDetail?: string | undefined;
}

const LONGEST = 9223372036854775807n;

/** Says whether a text is a positive Java Long in plain decimal: ASCII digits, no sign, no leading zero. */
export function isLong(text: string): boolean {
  return /^[1-9][0-9]{0,18}$/.test(text) && BigInt(text) <= LONGEST;
}

/** Checks what was given and makes an unpaid order of one of the apps; throws `INVALID`. */
export function makeOrder(given: NewOrder, now: Date, appIds: readonly string[]): Order {
  const appId = given.appId ?? appIds[0] ?? '';
  if (!appIds.includes(appId)) throw invalid(`there is no app ${appId}`, `没有应用 ${appId}`);
  const { tpOrderId, totalMoney, title = '', returnData = '', promoDetail = '' } = given;
  // Ids as long as those that have been seen in production: 14 and 13 digits.
  const orderId = given.orderId || String(randomInt(1e13, 1e14));
  const userId = given.userId || String(randomInt(1e12, 1e13));
  for (const [name, id] of Object.entries({ orderId, userId })) {
    if (isLong(id)) continue;
    throw invalid(`${name} must be a whole number up to 2^63 - 1`, `${name} 须为不超过 2^63 - 1 的正整数`);
  }
  if (!Number.isSafeInteger(totalMoney) || totalMoney < 0) {
    throw invalid('totalMoney must be a whole number of fen, not negative', 'totalMoney 须为非负整数（分）');
  }
  for (const [name, text] of Object.entries({ title, returnData, promoDetail })) {
    if (typeof text !== 'string' || text.length > 4096 || !text.isWellFormed()) {
      throw invalid(
        `${name} must be a text of 4096 characters at most`,
        `${name} 须为不超过 4096 个字符的文本`,
      );
    }
  }
  if (!isOwnId(tpOrderId)) throw new CashierError('INVALID', WRONG_OWN_ID);
  return {
    ...{ appId, orderId, userId, tpOrderId, totalMoney, title, returnData, promoDetail },
    createdAt: now.toISOString(),
    payment: 'UNPAID',
    payType: null,
    payTime: 0,
    refund: 'NONE',
    refunds: [],
    verification: 'NOT_VERIFIED',
    settlement: 'NONE',
    notifications: 0,
    nextNotificationAt: null,
  };
}

function invalid(en: string, zh: string): CashierError {
  return new CashierError('INVALID', { en, zh });
}
