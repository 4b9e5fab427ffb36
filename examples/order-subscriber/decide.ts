import type { Message } from './message.ts';

/** What was kept of one of Baidu's orders for an order of the merchant's. */
export type Payment = Pick<Message, 'sequence' | 'payment' | 'refund' | 'verification'>;

/** An order of the merchant's, as far as this function reads it. */
export interface Order {
  readonly tpOrderId: string;
  /** Its price in fen (分). */
  readonly totalMoney: number;
  /** `OPEN` until it is paid; what comes after `PAID` is the order system's. */
  readonly orderStatus: string;
  /** Baidu's order that has paid it. */
  readonly baiduOrderId?: string;
  /** What was kept of each of Baidu's orders for it. */
  readonly payments?: Readonly<Record<string, Payment>>;
  /** How often this function has written it. */
  readonly version?: number;
}

/** What is written of an order. */
export type Changes = Pick<Order, 'payments'> & Readonly<Record<string, unknown>>;

/** Done with: nothing is left to do. */
export const DONE = ['marked', 'noted', 'already', 'ignored'] as const;

/** For a person to look at: money has come that fits no open order. */
export type Trouble = 'UNKNOWN_ORDER' | 'WRONG_AMOUNT' | 'PAID_TWICE';

/** What a message comes to, and what is to be written. */
export interface Decision {
  readonly outcome: (typeof DONE)[number] | Trouble;
  readonly changes?: Changes;
}

/**
 * Decides what a message makes of an order, by the highest `sequence`: every message is the whole truth about Baidu's
 * order, so what is older is dropped, whatever comes in whatever order and however often.
 *
 * @param order as it is now; nothing where there is none
 */
export function decide(order: Order | undefined, message: Message): Decision {
  const { orderId, siteId, sequence, totalMoney, payTime, payment, refund, verification } = message;
  const isMine = order?.baiduOrderId === orderId;
  // Money that has come and stays, and that no order has taken.
  const isOwed = payment === 'PAID' && (refund === 'NONE' || refund === 'FAILED') && !isMine;
  if (!order) return { outcome: isOwed ? 'UNKNOWN_ORDER' : 'ignored' };
  if (sequence <= (order.payments?.[orderId]?.sequence ?? 0)) return { outcome: 'already' };
  if (isOwed && order.orderStatus !== 'OPEN') return { outcome: 'PAID_TWICE' };
  if (isOwed && totalMoney !== order.totalMoney) return { outcome: 'WRONG_AMOUNT' };
  const payments = { ...order.payments, [orderId]: { sequence, payment, refund, verification } };
  if (!isOwed || refund !== 'NONE') return { outcome: 'noted', changes: { payments } };
  const paid = { orderStatus: 'PAID', paidAt: payTime, baiduOrderId: orderId, baiduSiteId: siteId };
  return { outcome: 'marked', changes: { payments, ...paid } };
}
