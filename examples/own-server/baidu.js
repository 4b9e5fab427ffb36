// What Baidu's platform says, verified, stored, and answered: in that order. No framework in here.

import {
  auditAnswer,
  parsePaymentNotification,
  parseRefundAudit,
  parseRefundNotification,
  paymentAnswer,
  readPublicKey,
  refundAnswer,
  ServiceError,
} from 'baidu-payment-status';
import { approveRefund, findOrder, isApproved, store } from './orders.js';

const keys = { platformKeys: [readPublicKey(process.env.PLATFORM_PUBLIC_KEY)] };

const MESSAGES = {
  'payment-notify': (form) => {
    const payment = parsePaymentNotification(form, keys);
    if (payment.status !== 'PAID') return paymentAnswer('noted');
    const order = findOrder(payment.tpOrderId);
    // The mini-program runs on the customer's phone: what was paid there may be no order of yours, or not its price.
    if (order?.total_money !== payment.totalMoney) {
      approveRefund(payment.orderId, payment.totalMoney);
      return paymentAnswer('refund');
    }
    store('payment', payment.orderId, payment);
    return paymentAnswer('consumed');
  },
  'refund-notify': (form) => {
    const refund = parseRefundNotification(form, keys);
    store('refund', `${refund.refundBatchId} ${refund.status}`, refund);
    return refundAnswer();
  },
  'refund-audit': (form) => {
    const audit = parseRefundAudit(form, keys);
    store('audit', audit.refundBatchId, audit);
    const refundPayMoney = audit.applyRefundMoney ?? 0;
    // 1 refund, 3 undecided: Baidu asks again every 5 minutes.
    return auditAnswer({ auditStatus: isApproved(audit) ? 1 : 3, refundPayMoney });
  },
};

/**
 * Answers what Baidu has posted. Whatever Baidu repeats gets the same answer again.
 *
 * @param {string} message the last part of the address
 * @param {string | Record<string, string>} form the text of the body, or of the query string where the body is empty
 * @returns {{status: number, body: object}} what to answer, as JSON
 */
export function answerBaidu(message, form) {
  try {
    if (!Object.hasOwn(MESSAGES, message)) return refuse(404, 'no such address');
    return { status: 200, body: MESSAGES[message](form) };
  } catch (error) {
    // What Baidu did not sign is refused; what could not be stored is our fault, and Baidu repeats it.
    if (error instanceof ServiceError) return refuse(400, `${error.code}: ${error.message}`);
    console.error(error);
    return refuse(500, 'try again');
  }
}

/** An answer by which Baidu knows that its message was not taken. */
export function refuse(status, msg) {
  return { status, body: { errno: status, msg } };
}
