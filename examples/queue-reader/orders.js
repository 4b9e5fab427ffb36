// YOURS TO FILL IN: two functions on your own orders. Here they are kept in memory, and forgotten when the program
// ends; the one order is the sample order of `npm start`.

const ORDERS = new Map();
ORDERS.set('3028903626', {
  ...{ tpOrderId: '3028903626', totalMoney: 11300, orderStatus: 'OPEN', payments: {}, version: 0 },
});

/**
 * Finds an order by your own id, or, where the message names none, by Baidu's, which `keep` has stored.
 *
 * @param {{tpOrderId?: string, orderId: string}} ids
 * @returns the order: `totalMoney` (its price in fen), `orderStatus` (`OPEN` until it is paid), `baiduOrderId` (none
 *   before it is paid), `payments` (what was kept of each of Baidu's orders for it, `{}` at first), `version`; nothing
 *   where there is none
 */
export async function findOrder({ tpOrderId, orderId }) {
  if (tpOrderId) return ORDERS.get(tpOrderId);
  return [...ORDERS.values()].find(({ baiduOrderId }) => baiduOrderId === orderId);
}

/**
 * Writes the changes, and raises the version, if the order is still as it was read. In a database this is ONE statement:
 * `UPDATE … SET …, version = version + 1 WHERE tp_order_id = ? AND version = ? AND order_status = ?`.
 *
 * Deliver what is `PAID` while `payments[baiduOrderId].refund` is `NONE`, and nothing else.
 *
 * @returns {Promise<boolean>} whether it was
 */
export async function keep({ tpOrderId, version, orderStatus }, changes) {
  const order = ORDERS.get(tpOrderId);
  if (order.version !== version || order.orderStatus !== orderStatus) return false;
  ORDERS.set(tpOrderId, { ...order, ...changes, version: version + 1 });
  return true;
}
