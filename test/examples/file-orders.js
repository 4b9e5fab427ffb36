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

export async function keep({ tpOrderId, version }, changes) {
  if (process.send) {
    process.send('marking');
    const [order] = await once(process, 'message');
    if (order === 'break') throw Object.assign(new Error('Duplicate entry 3747777038'), { code: 'ER_DUP' });
  }
  const orders = read();
  const order = orders[tpOrderId];
  if (order.version !== version) return false;
  const marks = order.marks + (changes.orderStatus === 'PAID' ? 1 : 0);
  orders[tpOrderId] = { ...order, ...changes, marks, version: version + 1 };
  writeFileSync(FILE, JSON.stringify(orders));
  return true;
}
