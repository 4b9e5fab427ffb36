import type { OrderRef } from './baidu/order.ts';
import { badResponse, type OrderStatus } from './baidu/order-status.ts';
import { learn } from './ledger/decisions.ts';
import { merchantOrderKey, type OrderRecord, orderItemId, readRecord } from './ledger/record.ts';
import type { LedgerStore } from './ledger/store.ts';
import type { MerchantApp } from './merchant/secret.ts';
import { type StatusQuery, unknownOrder } from './status-query.ts';

/** What Baidu says of an order that was asked for by the merchant's own id, and what the ledger knows beside it. */
export interface MerchantOrderStatus extends OrderStatus {
  readonly tpOrderId: string;
  /** What the order costs, and what was paid for it, in fen (分). */
  readonly totalMoney?: number | undefined;
  readonly payMoney?: number | undefined;
  /** Baidu's ids of the other orders under the same id. */
  readonly otherOrders?: readonly string[] | undefined;
}

/** What asking takes. */
export interface AskParts extends StatusQuery {
  /** The ledger, opened at the first question that needs it; throws `LEDGER_UNAVAILABLE` where there is none. */
  readonly openLedger: () => LedgerStore;
  /** How long the ledger remembers an order after its last change, in milliseconds. */
  readonly rememberMs: number;
}

/** What the ledger may take of a question's time, in milliseconds. */
const LEDGER_MS = 3500;

/**
 * Asks Baidu for an order by its own ids. Where that is the second generation, the ledger names the merchant's id.
 *
 * @throws ServiceError what `StatusQuery` throws, and then `LEDGER_UNAVAILABLE`
 */
export async function askByIds(
  app: MerchantApp,
  order: OrderRef,
  { queryOrder, queryOwnId, openLedger }: AskParts,
  leftMs: () => number,
): Promise<OrderStatus> {
  if (!queryOwnId) return queryOrder(app, order, leftMs());
  const key = { appId: app.appId, orderId: order.orderId };
  const item = await openLedger().read(orderItemId(key), ledgerMs(leftMs));
  return queryOrder(app, { ...order, tpOrderId: readRecord(key, item).tpOrderId }, leftMs());
}

/**
 * Asks Baidu for the order with an id of the merchant's own. The ledger names it; where it does not, Baidu's 查询订单
 * does, and the ledger learns it. Where several orders of Baidu's carry the id, the one that is paid is meant, and of
 * several the one whose payment was notified last; Baidu's second generation itself knows one order for each id.
 *
 * @throws ServiceError `ORDER_UNKNOWN` where nobody has told of the id, `LEDGER_UNAVAILABLE`, and what the query throws
 */
export async function askByOwnId(
  app: MerchantApp,
  tpOrderId: string,
  parts: AskParts,
  leftMs: () => number,
): Promise<MerchantOrderStatus> {
  const ledger = parts.openLedger();
  const { appId } = app;
  const items = await ledger.find(merchantOrderKey(appId, tpOrderId), ledgerMs(leftMs));
  const known = items
    .map((item) => readRecord({ appId, orderId: String(item['orderId']) }, item))
    .sort(lastPaidFirst);
  const learnt = async (orderId: string, siteId: string | undefined) => {
    const now = Date.now();
    const expiration = Math.ceil((now + parts.rememberMs) / 1000);
    const write = learn({ appId, orderId }, { siteId, tpOrderId }, now, expiration);
    return readRecord(
      { appId, orderId },
      await ledger.write(orderItemId({ appId, orderId }), write, ledgerMs(leftMs)),
    );
  };

  if (parts.queryOwnId) {
    const answer = await parts.queryOwnId(app, tpOrderId, leftMs());
    if (!answer) throw unknownOrder(NOBODY);
    const isThis = ({ orderId }: OrderRecord) => orderId === answer.orderId;
    const record = known.find(isThis) ?? (await learnt(answer.orderId, answer.siteId));
    return { ...pricesOf(record), ...answer, ...othersOf(record, known) };
  }
  if (known.length > 0) return askForOneOf(known, app, tpOrderId, parts, leftMs);
  const found = await parts.findOrder(app, tpOrderId, leftMs());
  if (!found) throw unknownOrder(NOBODY);
  if (found.siteId === undefined) throw badResponse('names no user, and none is known', { passing: false });
  const record = await learnt(found.orderId, found.siteId);
  const { totalMoney, payMoney } = found;
  return { totalMoney, payMoney, ...(await askForOneOf([record], app, tpOrderId, parts, leftMs)) };
}

const NOBODY = 'Nobody has told of an order with this tpOrderId.';

/** The first that is paid, else the first of those whose user is known. */
async function askForOneOf(
  orders: readonly OrderRecord[],
  app: MerchantApp,
  tpOrderId: string,
  { queryOrder }: AskParts,
  leftMs: () => number,
): Promise<MerchantOrderStatus> {
  let first: MerchantOrderStatus | undefined;
  for (const order of orders) {
    const { orderId, siteId } = order;
    if (siteId === undefined) continue;
    const status = await queryOrder(app, { orderId, siteId, tpOrderId }, leftMs());
    const answer = { ...status, tpOrderId, ...pricesOf(order), ...othersOf(order, orders) };
    if (answer.payment.status === 'PAID') return answer;
    first ??= answer;
  }
  if (first) return first;
  throw unknownOrder(NOBODY);
}

function ledgerMs(leftMs: () => number): number {
  return Math.min(leftMs(), LEDGER_MS);
}

function lastPaidFirst(a: OrderRecord, b: OrderRecord): number {
  return (b.paidAt ?? 0) - (a.paidAt ?? 0);
}

function othersOf(
  { orderId }: OrderRecord,
  orders: readonly OrderRecord[],
): Pick<MerchantOrderStatus, 'otherOrders'> {
  const otherOrders = orders.map((other) => other.orderId).filter((other) => other !== orderId);
  return otherOrders.length > 0 ? { otherOrders } : {};
}

function pricesOf({ notification }: OrderRecord): Pick<MerchantOrderStatus, 'totalMoney' | 'payMoney'> {
  if (!notification) return {};
  return { totalMoney: Number(notification['totalMoney']), payMoney: Number(notification['payMoney']) };
}
