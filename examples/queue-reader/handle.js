// What a message of the status topic says, held against the order that it names.

import { decide } from './decide.js';
import { findOrder, keep } from './orders.js';

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
  const message = readMessage(body);
  const outcome = message ? await settle(message) : 'BAD_MESSAGE';
  const ids = { tpOrderId: message?.tpOrderId, orderId: message?.orderId };
  return { outcome, done: DONE.includes(outcome), ids };
}

async function settle(message) {
  // A refund audit is published, too, and asks nothing of an order.
  if (message.eventType !== 'payment-status') return 'ignored';
  for (;;) {
    const order = await findOrder(message);
    const { outcome, changes } = decide(order, message);
    if (!changes || (await keep(order, changes))) return outcome;
    // Somebody else has changed the order since it was read.
  }
}

function readMessage(body) {
  try {
    const { eventType, payment, refund, verification, notification, refunds, ...ids } = JSON.parse(body);
    if (eventType !== 'payment-status') return typeof eventType === 'string' ? { eventType } : undefined;
    const { orderId, siteId, tpOrderId, sequence } = ids;
    // The notification of a refund may be ahead of Baidu's answer.
    const isRefunded = refund.status === 'NONE' && refunds?.some(({ status }) => status === 'SUCCEEDED');
    const statuses = {
      ...{ payment: payment.status, refund: isRefunded ? 'REFUNDED' : refund.status },
      verification: verification.status,
    };
    const texts = [orderId, siteId, tpOrderId ?? 'none', ...Object.values(statuses)];
    if (!texts.every((text) => text && typeof text === 'string')) return;
    if (!Number.isSafeInteger(sequence) || sequence < 1) return;
    const { totalMoney } = notification ?? {};
    return { eventType, orderId, siteId, tpOrderId, sequence, totalMoney, ...statuses };
  } catch {
    return undefined;
  }
}
