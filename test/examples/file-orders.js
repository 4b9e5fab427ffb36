// Stands in for orders.js of the queue reader: the orders are in a file, so that they outlive the program, and the test
// can hold or break the program while it works on them.
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';

const FILE = new URL('orders.json', import.meta.url);
const read = () => JSON.parse(readFileSync(FILE, 'utf8'));

export async function findOrder({ tpOrderId, orderId }) {
  const orders = Object.values(read());
  return orders.find((order) => (tpOrderId ? order.tpOrderId === tpOrderId : order.baiduOrderId === orderId));
}

export async function markPaid({ tpOrderId }, { key, orderId }) {
  if (process.send) {
    process.send('marking');
    const [order] = await once(process, 'message');
    if (order === 'break') throw Object.assign(new Error('Duplicate entry 3747777038'), { code: 'ER_DUP' });
  }
  const orders = read();
  const order = orders[tpOrderId];
  Object.assign(order, { baiduOrderId: orderId, marks: order.marks + 1, states: [...order.states, key] });
  writeFileSync(FILE, JSON.stringify(orders));
  return 'paid';
}

export async function noteState() {
  return 'noted';
}
