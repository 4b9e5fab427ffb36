import { isRecord } from '../baidu/json.ts';
import type { OrderStatus } from '../baidu/order-status.ts';

/** The attributes of an item of the table: texts and numbers, nothing nested. */
export type Item = Readonly<Record<string, string | number>>;

/** Names an order across all apps. */
export interface OrderKey {
  readonly appId: string;
  /** Baidu's order id. */
  readonly orderId: string;
}

/** A refund that Baidu has notified, by its last word. */
export interface Refund {
  readonly refundBatchId: string;
  readonly status: 'SUCCEEDED' | 'FAILED';
  /** Baidu's `refundStatus`. */
  readonly code: 1 | 2;
}

/** The three statuses, and when Baidu said so. */
export interface Statuses extends Pick<OrderStatus, 'payment' | 'refund' | 'verification'> {
  /** When the answer arrived, ISO 8601. */
  readonly observedAt: string;
  /** Baidu's clock in the answer, in seconds since 1970; `null` where it named none. */
  readonly timestamp: number | null;
}

/** What was told of an order last. */
export interface Told extends Statuses {
  readonly tpOrderId?: string | undefined;
  /** The `status` of the notification that was in the message. */
  readonly notified?: string | undefined;
  /** Baidu's `refundStatus` by `refundBatchId`. */
  readonly refunds: Readonly<Record<string, number>>;
}

/** What the ledger knows of an order. */
export interface OrderRecord extends OrderKey {
  readonly siteId: string | undefined;
  /** The merchant's own order id. */
  readonly tpOrderId: string | undefined;
  /** The genuine notification with status 2, else the last that came, without its signature. */
  readonly notification: Readonly<Record<string, string>> | undefined;
  /** When the notification with status 2 came first, in milliseconds since 1970. */
  readonly paidAt: number | undefined;
  readonly refunds: readonly Refund[];
  readonly told: Told | undefined;
  /** What is being told under a claim, or was when its owner was heard of last. */
  readonly telling: Told | undefined;
  /** Rises with each decision; `undefined` before the first. */
  readonly version: number | undefined;
  /** Who made the last decision. */
  readonly writer: string | undefined;
  /** Until when, in milliseconds since 1970, somebody may be telling; `undefined` where nobody is. */
  readonly claimUntil: number | undefined;
}

/** An attribute for each word that was said of a refund: when it came first, in milliseconds since 1970. */
export const refundAttribute = (refundBatchId: string, code: number) => `refund:${refundBatchId}:${code}`;

const REFUND = /^refund:([0-9A-Za-z]{1,64}):([12])$/;

/** The key of an order’s item. */
export function orderItemId({ appId, orderId }: OrderKey): string {
  return `${appId}#${orderId}`;
}

/** What the index over the merchant’s own ids holds of an order. */
export function merchantOrderKey(appId: string, tpOrderId: string): string {
  return `${appId}#${tpOrderId}`;
}

/** Reads an item of the table; an order that has none is one of which nothing is known. */
export function readRecord(key: OrderKey, item: Item = {}): OrderRecord {
  const text = (name: string) => (typeof item[name] === 'string' ? item[name] : undefined);
  const number = (name: string) => (typeof item[name] === 'number' ? item[name] : undefined);
  return {
    ...{ appId: key.appId, orderId: key.orderId },
    siteId: text('siteId'),
    tpOrderId: text('tpOrderId'),
    notification: jsonIn(text('paidNotification') ?? text('otherNotification')),
    paidAt: number('paidAt'),
    refunds: refundsIn(item),
    told: jsonIn(text('told')),
    telling: jsonIn(text('telling')),
    version: number('version'),
    writer: text('writer'),
    claimUntil: number('claimUntil'),
  };
}

/** Of each batch the word that came last; of two that came at once, the success. */
function refundsIn(item: Item): Refund[] {
  const last = new Map<string, { code: 1 | 2; at: number }>();
  for (const [name, at] of Object.entries(item)) {
    const [, refundBatchId = '', digit] = REFUND.exec(name) ?? [];
    if (digit === undefined || typeof at !== 'number') continue;
    const code = digit === '1' ? 1 : 2;
    const other = last.get(refundBatchId);
    if (!other || other.at < at || (other.at === at && code === 1)) last.set(refundBatchId, { code, at });
  }
  return [...last]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([refundBatchId, { code }]) => ({
      refundBatchId,
      status: code === 1 ? 'SUCCEEDED' : 'FAILED',
      code,
    }));
}

/** What only this service writes is read back as it was written; what somebody else has broken counts as nothing. */
function jsonIn<T extends object>(text: string | undefined): T | undefined {
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? (value as T) : undefined;
  } catch {
    return undefined;
  }
}
