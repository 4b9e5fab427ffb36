// What a message of the status topic says, held against the order that it names.

import { findOrder, markPaid, noteState } from './orders.js';

/** The outcomes after which a message is done with. Any other one is for a person to look at. */
const DONE = ['paid', 'noted', 'already', 'ignored'];

/**
 * Handles a message: once, however often it comes.
 *
 * @param {string} body its text
 * @returns what came of it (README.md has the list), whether it is done, and the ids of its order, for the log
 * @throws what orders.js throws: then the message comes again
 */
export async function handle(body) {
  const state = readState(body);
  const outcome = state ? await compare(state) : 'BAD_MESSAGE';
  const ids = { tpOrderId: state?.tpOrderId, orderId: state?.orderId };
  return { outcome, done: DONE.includes(outcome), ids };
}

function readState(body) {
  try {
    const { eventType, payment, refund, verification, notification, ...ids } = JSON.parse(body);
    const { orderId, siteId, tpOrderId, observedAt } = ids;
    const texts = [orderId, siteId, tpOrderId ?? 'none', observedAt, payment.status, refund.status];
    if (eventType !== 'payment-status' || !texts.every((text) => text && typeof text === 'string')) return;
    const key = [orderId, payment.code, refund.code, verification.code].join(' ');
    const statuses = { payment: payment.status, refund: refund.status, verification: verification.status };
    return { key, orderId, siteId, tpOrderId, observedAt, totalMoney: notification?.totalMoney, ...statuses };
  } catch {
    return undefined;
  }
}

async function compare(state) {
  const { key, orderId, tpOrderId, totalMoney, payment, refund } = state;
  if (payment !== 'PAID') return 'ignored';
  const order = await findOrder(state);
  if (!order) return 'UNKNOWN_ORDER';
  if (tpOrderId && totalMoney !== String(order.totalMoney)) return 'WRONG_AMOUNT';
  if (order.baiduOrderId && order.baiduOrderId !== orderId) return 'PAID_TWICE';
  if (order.states.includes(key)) return 'already';
  return tpOrderId && refund === 'NONE' ? markPaid(order, state) : noteState(order, state);
}
