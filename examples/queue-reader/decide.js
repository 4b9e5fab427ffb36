// What a message makes of an order. Nothing in here reads or writes: it is for you to change, and easy to test.

/**
 * Decides by the highest `sequence`: every message is the whole truth about Baidu's order, so what is older is dropped,
 * whatever comes in whatever order and however often.
 *
 * @param order yours, as `findOrder` in orders.js returns it; nothing where there is none
 * @param message as `readMessage` in handle.js returns it
 * @returns {{outcome: string, changes?: object}} what came of it (README.md has the list), and what is to be written
 */
export function decide(order, message) {
  const { orderId, siteId, sequence, totalMoney, payment, refund, verification } = message;
  const isMine = order?.baiduOrderId === orderId;
  // Money that has come and stays, and that no order of yours has taken.
  const isOwed = payment === 'PAID' && (refund === 'NONE' || refund === 'FAILED') && !isMine;
  if (!order) return { outcome: isOwed ? 'UNKNOWN_ORDER' : 'ignored' };
  if (sequence <= (order.payments[orderId]?.sequence ?? 0)) return { outcome: 'already' };
  if (isOwed && order.orderStatus !== 'OPEN') return { outcome: 'PAID_TWICE' };
  if (isOwed && totalMoney !== String(order.totalMoney)) return { outcome: 'WRONG_AMOUNT' };
  const payments = { ...order.payments, [orderId]: { sequence, payment, refund, verification } };
  if (!isOwed || refund !== 'NONE') return { outcome: 'noted', changes: { payments } };
  return {
    outcome: 'paid',
    changes: { payments, orderStatus: 'PAID', baiduOrderId: orderId, baiduSiteId: siteId },
  };
}
