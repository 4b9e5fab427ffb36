// A notification is a hint, Baidu's answer to a question of ours is the truth: nothing is marked before it.

import { readFileSync } from 'node:fs';
import { createBaiduClient, readPrivateKey } from 'baidu-payment-status';
import { closeMessage, findByBaiduId, findOrder, markPaid, noteRefund, openMessages } from './orders.js';

const { BAIDU_APP_ID, BAIDU_APP_KEY, MERCHANT_KEY_FILE = 'merchant.pem', BAIDU_QUERY_URL } = process.env;

const app = {
  appId: BAIDU_APP_ID,
  appKey: BAIDU_APP_KEY,
  privateKey: readPrivateKey(readFileSync(MERCHANT_KEY_FILE, 'utf8')),
};
const askBaidu = createBaiduClient({ queryUrl: BAIDU_QUERY_URL });

/** Confirms what is stored, now and every so often: also what a run that ended, or an outage of Baidu's, left open. */
export async function keepConfirming(everyMs = Number(process.env.CONFIRM_EVERY_MS ?? 5000)) {
  for (;;) {
    // One after another: so a newer answer never comes before an older one.
    for (const message of openMessages()) await confirm(message).catch((error) => complain(message, error));
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

async function confirm(message) {
  const { kind, orderId, tpOrderId } = message;
  const siteId = message.siteId ?? findByBaiduId(orderId)?.baidu_site_id;
  // The refund of an order whose payment is not confirmed yet.
  if (!siteId) return;
  const { payment, refund } = await askBaidu(app, { orderId, siteId });
  // Not yet: it stays open, and is asked for again.
  if (payment.status !== 'PAID') return;
  if (kind === 'payment' && !markPaid({ tpOrderId, orderId, siteId })) {
    console.error(`Order ${tpOrderId} was paid twice: refund ${orderId} of Baidu.`);
  }
  // The notification of a refund may be ahead of Baidu's answer.
  const isAhead = kind === 'refund' && message.status === 'SUCCEEDED' && refund.status === 'NONE';
  const refunded = isAhead ? 'REFUNDED' : refund.status;
  noteRefund(orderId, refunded);
  closeMessage(message);
  console.log(JSON.stringify({ confirmed: kind, tpOrderId, refund: refunded }));
}

function complain({ kind, orderId }, { code, message }) {
  console.error(JSON.stringify({ failed: kind, orderId, code, message }));
}

/**
 * What to tell the customer: Baidu's word of this moment. YOURS TO ADD: see that the order is the caller's.
 *
 * @param {string} tpOrderId your own id
 * @returns {Promise<{status: number, body: object}>}
 */
export async function answerCustomer(tpOrderId) {
  const order = findOrder(tpOrderId);
  if (!order) return { status: 404, body: { code: 'UNKNOWN_ORDER' } };
  const { status, baidu_order_id: orderId, baidu_site_id: siteId } = order;
  // Baidu's ids come with the notification; before it nobody can be asked.
  if (!orderId) return { status: 200, body: { status } };
  try {
    const { payment, refund, verification } = await askBaidu(app, { orderId, siteId });
    return { status: 200, body: { status, payment, refund, verification } };
  } catch ({ code }) {
    return { status: 503, body: { status, code } };
  }
}
