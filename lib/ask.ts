import type { App, QueryOrder } from './baidu/client.ts';
import { ServiceError } from './baidu/errors.ts';
import { isOwnId } from './baidu/order.ts';
import type { OrderStatus } from './baidu/order-status.ts';
import { merchantOrderKey, type OrderRecord, readRecord } from './ledger/record.ts';
import type { LedgerStore } from './ledger/store.ts';

/** What Baidu says of an order that was asked for by the merchant's own id, and what the ledger knows beside it. */
export interface MerchantOrderStatus extends OrderStatus {
  readonly tpOrderId: string;
  /** What the order costs, and what was paid for it, in fen (分). */
  readonly totalMoney?: number | undefined;
  readonly payMoney?: number | undefined;
  /** Baidu's ids of the other orders under the same id. */
  readonly otherOrders?: readonly string[] | undefined;
}

/** What asking by the merchant's own id takes. */
export interface AskParts {
  readonly queryOrder: QueryOrder;
  /** The ledger, opened at the first question; throws `LEDGER_UNAVAILABLE` where there is none. */
  readonly openLedger: () => Promise<LedgerStore>;
}

/** What the ledger may take of a question's time, in milliseconds. */
const LEDGER_MS = 3500;

/**
 * Checks an order id of the merchant's own.
 *
 * @throws ServiceError `INVALID_REQUEST` saying what it must be
 */
export function parseOwnId(value: unknown): string {
  if (isOwnId(value)) return value;
  throw new ServiceError(
    'INVALID_REQUEST',
    'tpOrderId must be 1 to 128 visible ASCII characters without “&” and “=”.',
  );
}

/**
 * Asks Baidu for the order with an id of the merchant's own. Where several orders of Baidu's carry it, the one that is
 * paid is meant, and of several the one whose payment was notified last.
 *
 * @throws ServiceError `ORDER_UNKNOWN` where nobody has told of the id, `LEDGER_UNAVAILABLE`, and what the query throws
 */
export async function askByOwnId(
  app: App,
  tpOrderId: string,
  { queryOrder, openLedger }: AskParts,
  leftMs: () => number,
): Promise<MerchantOrderStatus> {
  const ledger = await openLedger();
  const items = await ledger.find(merchantOrderKey(app.appId, tpOrderId), Math.min(leftMs(), LEDGER_MS));
  const orders = items
    .map((item) => readRecord({ appId: app.appId, orderId: String(item['orderId']) }, item))
    .sort(lastPaidFirst);
  let first: MerchantOrderStatus | undefined;
  for (const order of orders) {
    const { orderId, siteId } = order;
    if (siteId === undefined) continue;
    const others = orders.filter((other) => other !== order).map((other) => other.orderId);
    const answer = {
      ...(await queryOrder(app, { orderId, siteId }, leftMs())),
      ...{ tpOrderId, ...pricesOf(order) },
      ...(others.length > 0 && { otherOrders: others }),
    };
    if (answer.payment.status === 'PAID') return answer;
    first ??= answer;
  }
  if (first) return first;
  throw new ServiceError('ORDER_UNKNOWN', 'No notification has told of an order with this tpOrderId.');
}

function lastPaidFirst(a: OrderRecord, b: OrderRecord): number {
  return (b.paidAt ?? 0) - (a.paidAt ?? 0);
}

function pricesOf({ notification }: OrderRecord): Pick<MerchantOrderStatus, 'totalMoney' | 'payMoney'> {
  if (!notification) return {};
  return { totalMoney: Number(notification['totalMoney']), payMoney: Number(notification['payMoney']) };
}
