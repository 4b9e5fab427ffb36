// YOURS TO FILL IN: three functions on your own orders. Here they are kept in memory, and forgotten when the program
// ends; the one order is the sample order of `npm start`.

const ORDERS = new Map();
ORDERS.set('3028903626', { tpOrderId: '3028903626', totalMoney: 11300, orderStatus: 'OPEN', states: [] });

/**
 * Finds an order by your own id, or, where the message names none, by Baidu's, which the other two have stored.
 *
 * @param {{tpOrderId?: string, orderId: string}} ids
 * @returns the order: `totalMoney` (its price in fen), `baiduOrderId` (none before it is paid), `states` (the keys that
 *   are stored with it); nothing where there is none
 */
export async function findOrder({ tpOrderId, orderId }) {
  if (tpOrderId) return ORDERS.get(tpOrderId);
  return [...ORDERS.values()].find(({ baiduOrderId }) => baiduOrderId === orderId);
}

/**
 * Marks an order paid: its price is right, and no other payment has paid it. In a database this is ONE transaction: it
 * stores the key where it is not stored yet, and sets PAID where the order is still OPEN. Where either has happened
 * since the order was read, it does nothing.
 *
 * @param {{key: string, orderId: string, siteId: string}} state with Baidu's ids of the order and of the user
 * @returns 'paid', or 'already' where nothing was to do
 */
export async function markPaid(order, { key, orderId, siteId }) {
  if (order.states.includes(key)) return 'already';
  order.states.push(key);
  Object.assign(order, { baiduOrderId: orderId, baiduSiteId: siteId });
  // A refund may have been told first: messages come in any order.
  if (order.orderStatus !== 'OPEN') return 'already';
  order.orderStatus = 'PAID';
  return 'paid';
}

/**
 * Stores any other state of a paid order, in one transaction, too: a refund (PROCESSING, REFUNDED, FAILED, UNKNOWN), or
 * what a look-up has found. Deliver nothing for a refunded order. Of two refund states the later `observedAt` holds.
 *
 * @param {{key: string, orderId: string, siteId: string, refund: string, observedAt: string}} state
 * @returns 'noted', or 'already' where nothing was to do
 */
export async function noteState(order, { key, orderId, siteId, refund, observedAt }) {
  if (order.states.includes(key)) return 'already';
  order.states.push(key);
  Object.assign(order, { baiduOrderId: orderId, baiduSiteId: siteId });
  if (refund === 'NONE' || observedAt < order.refundObservedAt) return 'noted';
  Object.assign(order, { orderStatus: 'REFUND', refund, refundObservedAt: observedAt });
  return 'noted';
}
