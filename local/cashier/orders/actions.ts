import { CashierError, notPaid } from '../error.ts';
import type { Faults } from '../faults.ts';
import type { Courier } from '../merchant/courier.ts';
import type { NewRefund, Refunds } from '../refund/refunds.ts';
import type { Text } from '../text.ts';
import { CHANNEL_NAMES, PAY_TYPES, type PayType } from './channels.ts';
import { makeOrder, type NewOrder, type Order, type RefundState } from './order.ts';
import type { CashierEvent, NewHop, OrderBook } from './order-book.ts';

const REFUND_NOTES: Record<RefundState, Text> = {
  PROCESSING: { en: 'In progress', zh: '退费中' },
  REFUNDED: { en: 'Refunded', zh: '退费成功' },
  FAILED: { en: 'Failed', zh: '退费失败' },
};

/** What can be done with orders at the cashier; each throws `NOT_FOUND`, or `CONFLICT` where its state forbids it. */
export function orderActions(
  book: OrderBook,
  courier: Courier,
  state: { faults: () => Faults; now: () => Date; appIds: readonly string[] },
) {
  const paid = (orderId: string): Order => {
    const order = book.get(orderId);
    if (order.payment === 'PAID') return order;
    throw notPaid(orderId);
  };
  const unpaid = (orderId: string): void => {
    const { payment } = book.get(orderId);
    if (payment === 'UNPAID') return;
    throw new CashierError('CONFLICT', {
      en: `order ${orderId} is ${payment.toLowerCase()} already`,
      zh: `订单 ${orderId} ${payment === 'PAID' ? '已支付' : '已取消'}`,
    });
  };
  return {
    createOrder: (given: NewOrder) => {
      const order = book.add(makeOrder(given, state.now(), state.appIds));
      book.record(order.orderId, { kind: 'created' });
      return order;
    },
    pay: async (orderId: string, { payType = '1117' }: { payType?: PayType } = {}) => {
      if (!PAY_TYPES.includes(payType)) {
        throw new CashierError('INVALID', {
          en: `no such channel: ${payType}`,
          zh: `没有这样的支付渠道：${payType}`,
        });
      }
      unpaid(orderId);
      const payTime = Math.floor(state.now().getTime() / 1000);
      book.change(orderId, { payment: 'PAID', payType, payTime, settlement: 'PENDING' });
      book.record(orderId, { kind: 'paid', tone: 'good', note: CHANNEL_NAMES[payType] });
      return courier.notify(orderId, 2);
    },
    // Asynchronous so that a refusal comes as a rejection, as it does from the others that send.
    notifyAgain: async (orderId: string) => courier.notify(paid(orderId).orderId, 2),
    cancel: async (orderId: string) => {
      unpaid(orderId);
      book.change(orderId, { payment: 'CANCELLED' });
      book.record(orderId, { kind: 'cancelled' });
      if (state.faults().cancelAnnounced) await courier.notify(orderId, -1);
      return book.get(orderId);
    },
    refund: (orderId: string, refund: RefundState) => {
      paid(orderId);
      const tones = { PROCESSING: 'neutral', REFUNDED: 'good', FAILED: 'bad' } as const;
      if (!Object.hasOwn(REFUND_NOTES, refund)) {
        throw new CashierError('INVALID', {
          en: `no such refund state: ${refund}`,
          zh: `没有这样的退款状态：${refund}`,
        });
      }
      book.record(orderId, { kind: 'refund', tone: tones[refund], note: REFUND_NOTES[refund] });
      return book.change(orderId, { refund });
    },
    verify: (orderId: string) => {
      if (paid(orderId).verification === 'VERIFIED') return book.get(orderId);
      book.record(orderId, { kind: 'verified', tone: 'good' });
      return book.change(orderId, { verification: 'VERIFIED' });
    },
  };
}

/** How refunds are played. */
export function refundActions(refunds: Refunds) {
  return {
    startRefund: (orderId: string, refund?: NewRefund) => refunds.start(orderId, refund),
    auditRefund: (orderId: string, refundBatchId?: string) => refunds.auditAgain(orderId, refundBatchId),
    notifyRefund: (orderId: string, refundBatchId?: string) => refunds.notifyAgain(orderId, refundBatchId),
  };
}

/** How orders and their time lines are read, and added to by those who see what the cashier cannot. */
export function timelines(book: OrderBook) {
  return {
    order: (orderId: string) => book.get(orderId),
    orders: () => book.all(),
    timeline: (orderId: string | null) => book.hops(orderId),
    record: (orderId: string | null, hop: NewHop) => book.record(orderId, hop),
    subscribe: (listener: (event: CashierEvent) => void) => book.subscribe(listener),
  };
}
