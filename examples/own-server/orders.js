// The orders and what Baidu has said of them, in SQLite. YOURS TO REPLACE: each function is a statement or two.

import { DatabaseSync } from 'node:sqlite';

const database = new DatabaseSync(process.env.DATABASE ?? 'orders.db');
database.exec(`
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL; -- what was answered outlives a power cut
  PRAGMA busy_timeout = 1000;
  CREATE TABLE IF NOT EXISTS orders (
    tp_order_id TEXT PRIMARY KEY,
    total_money INTEGER NOT NULL, -- fen
    status TEXT NOT NULL DEFAULT 'OPEN', -- then PAID
    refund TEXT NOT NULL DEFAULT 'NONE',
    baidu_order_id TEXT UNIQUE, -- ids are text: they do not fit into JavaScript's numbers
    baidu_site_id TEXT
  );
  CREATE TABLE IF NOT EXISTS messages (
    kind TEXT, id TEXT, content TEXT NOT NULL, done INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (kind, id)
  );
  CREATE TABLE IF NOT EXISTS approvals (baidu_order_id TEXT PRIMARY KEY, up_to INTEGER NOT NULL);`);

/** Writes an order before the customer can pay it: your own id, 1 to 128 visible characters, and its price in fen. */
export function placeOrder(tpOrderId, totalMoney) {
  const insert = database.prepare('INSERT OR IGNORE INTO orders (tp_order_id, total_money) VALUES (?, ?)');
  insert.run(tpOrderId, totalMoney);
}

export function findOrder(tpOrderId) {
  return database.prepare('SELECT * FROM orders WHERE tp_order_id = ?').get(tpOrderId);
}

/** Stores a message, once: its id says which repetition is the same. */
export function store(kind, id, message) {
  const insert = database.prepare('INSERT OR IGNORE INTO messages (kind, id, content) VALUES (?, ?, ?)');
  insert.run(kind, id, JSON.stringify(message));
}

/** The messages that nobody has confirmed at Baidu yet; an audit asks nothing of Baidu. */
export function openMessages() {
  const rows = database
    .prepare("SELECT * FROM messages WHERE done = 0 AND kind IN ('payment', 'refund') ORDER BY rowid")
    .all();
  return rows.map(({ kind, id, content }) => ({ kind, id, ...JSON.parse(content) }));
}

export function closeMessage({ kind, id }) {
  database.prepare('UPDATE messages SET done = 1 WHERE kind = ? AND id = ?').run(kind, id);
}

/**
 * Marks an order paid, once, and only where no other payment has paid it.
 *
 * @returns whether this payment is the one
 */
export function markPaid({ tpOrderId, orderId, siteId }) {
  const update = database.prepare(`
    UPDATE orders SET status = 'PAID', baidu_order_id = ?, baidu_site_id = ?
    WHERE tp_order_id = ? AND status = 'OPEN'`);
  update.run(orderId, siteId, tpOrderId);
  return findOrder(tpOrderId)?.baidu_order_id === orderId;
}

/** The order that Baidu's id belongs to, once it was paid. */
export function findByBaiduId(orderId) {
  return database.prepare('SELECT * FROM orders WHERE baidu_order_id = ?').get(orderId);
}

export function noteRefund(orderId, refund) {
  database.prepare('UPDATE orders SET refund = ? WHERE baidu_order_id = ?').run(refund, orderId);
}

/** Lets Baidu refund a payment, up to so many fen. It asks before it does (退款审核). */
export function approveRefund(orderId, upTo) {
  database.prepare('INSERT OR REPLACE INTO approvals VALUES (?, ?)').run(orderId, upTo);
}

/** Whether a refund was approved, and no more is asked for. */
export function isApproved({ orderId, applyRefundMoney }) {
  const approval = database.prepare('SELECT up_to FROM approvals WHERE baidu_order_id = ?').get(orderId);
  return applyRefundMoney <= approval?.up_to;
}
