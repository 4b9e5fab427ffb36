import type { OrderStatus } from '../baidu/order-status.ts';
import {
  type Item,
  merchantOrderKey,
  type OrderKey,
  type OrderRecord,
  type Refund,
  refundAttribute,
  type Statuses,
  type Told,
} from './record.ts';

/** What must hold of an item for it to be written. */
export type Condition =
  | { readonly name: string; readonly is: 'absent' | 'present' }
  | { readonly name: string; readonly is: 'equal'; readonly value: string | number }
  /** There is no such attribute, or it is not above the value. */
  | { readonly name: string; readonly is: 'past'; readonly value: number };

/** A write to one item: all of it or, where a condition does not hold, nothing. */
export interface LedgerWrite {
  readonly set: Item;
  /** Set only where there is no such attribute. */
  readonly keep?: Item;
  readonly remove?: readonly string[];
  readonly when?: readonly Condition[];
}

/** What a genuine message of Baidu tells by itself. */
export interface Facts {
  readonly siteId?: string | undefined;
  readonly tpOrderId?: string | undefined;
  /** The fields of a payment notification, without the signature. */
  readonly notification?: Readonly<Record<string, string>> | undefined;
  readonly refund?: Pick<Refund, 'refundBatchId' | 'code'> | undefined;
}

/** The names of what can change about an order, in the order in which messages name them. */
export const CHANGES = ['payment', 'refund', 'verification', 'tpOrderId', 'notification', 'refunds'] as const;

/** One of them. */
export type Change = (typeof CHANGES)[number];

/** All that can be told of an order now. */
export interface Picture extends OrderKey, Statuses {
  readonly siteId: string;
  readonly tpOrderId: string | undefined;
  readonly notification: Readonly<Record<string, string>> | undefined;
  readonly refunds: readonly Refund[];
}

/** A decision over an order: who makes it, when (ms since 1970), and how long the item is kept afterwards (s since 1970). */
export interface Decision {
  /** A name of its own for each decision: who tries a write again finds it there, if it took place. */
  readonly writer: string;
  readonly now: number;
  readonly expiration: number;
}

/** In a notification the status 2 says that the order was paid. */
const PAID = '2';

/** Writes down what Baidu has signed, whoever decides over the order meanwhile. */
export function learn(
  { appId, orderId }: OrderKey,
  facts: Facts,
  now: number,
  expiration: number,
): LedgerWrite {
  const { siteId, tpOrderId, notification, refund } = facts;
  const paid = notification?.['status'] === PAID;
  return {
    set: {
      ...{ appId, orderId, expiration },
      ...(siteId !== undefined && { siteId }),
      ...(notification && !paid && { otherNotification: JSON.stringify(notification) }),
    },
    keep: {
      ...(tpOrderId !== undefined && { tpOrderId, merchantOrder: merchantOrderKey(appId, tpOrderId) }),
      ...(notification && paid && { paidNotification: JSON.stringify(notification), paidAt: now }),
      ...(refund && { [refundAttribute(refund.refundBatchId, refund.code)]: now }),
    },
  };
}

/** Whether somebody else may be telling just now. */
export function isClaimed({ claimUntil }: OrderRecord, now: number): boolean {
  return claimUntil !== undefined && claimUntil > now;
}

/** Puts together what the ledger knows and what Baidu has just said. An answer older than what was told says nothing new. */
export function pictureOf(record: OrderRecord, status: OrderStatus, observedAt: string): Picture {
  const { appId, orderId, tpOrderId, refunds } = record;
  // What may have gone out under a claim that ran out counts here as if it had.
  const told = record.telling ?? record.told;
  const { timestamp, cached } = status.source;
  const at = told?.timestamp ?? null;
  // Baidu's clock has whole seconds: of two answers of one second, the one out of a cache is the older.
  const isOlder = at !== null && timestamp !== null && (timestamp < at || (timestamp === at && cached));
  const { payment, refund, verification } = isOlder && told ? told : status;
  const notified = record.notification;
  const contradicts = payment.status === 'PAID' && notified?.['status'] !== PAID;
  return {
    ...{ appId, orderId, siteId: record.siteId ?? status.siteId, tpOrderId },
    ...{ payment, refund, verification },
    notification: contradicts ? undefined : notified,
    refunds,
    ...(isOlder && told
      ? { observedAt: told.observedAt, timestamp: told.timestamp }
      : { observedAt, timestamp }),
  };
}

/** What of a picture was not told yet; all that is known where nothing was. */
export function changesIn(picture: Picture, told: Told | undefined): Change[] {
  const changed: Readonly<Record<Change, boolean>> = {
    payment: differs(told?.payment, picture.payment),
    refund: differs(told?.refund, picture.refund),
    // Asked in a way that says nothing of it: no change.
    verification: picture.verification.code !== null && differs(told?.verification, picture.verification),
    tpOrderId: picture.tpOrderId !== undefined && picture.tpOrderId !== told?.tpOrderId,
    notification:
      picture.notification !== undefined && isNews(picture.notification['status'], told?.notified),
    refunds: picture.refunds.some(({ refundBatchId, code }) => told?.refunds[refundBatchId] !== code),
  };
  return CHANGES.filter((name) => changed[name]);
}

function differs(
  told: { readonly status: string; readonly code: number | null } | undefined,
  now: { readonly status: string; readonly code: number | null },
): boolean {
  return told?.status !== now.status || told.code !== now.code;
}

function isNews(status: string | undefined, told: string | undefined): boolean {
  return told === undefined || (status === PAID && told !== PAID);
}

/**
 * What is to be told of an order, as the names of what changed; nothing where all was told. A claim that has run out may
 * have been told or not, so that anything may differ from what was heard last: all is told again.
 */
export function newsOf(record: OrderRecord, picture: Picture): Change[] {
  const changed = changesIn(picture, record.told);
  const unsure = record.claimUntil !== undefined;
  return changed.length === 0 && unsure ? changesIn(picture, undefined) : changed;
}

/** Commits that nothing has changed: who asked Baidu before can then not tell an older answer any more. */
export function commit(record: OrderRecord, picture: Picture, decision: Decision): LedgerWrite {
  return decided(record, decision, { told: JSON.stringify(toldOf(picture, record.told)) }, picture.siteId);
}

/**
 * Claims the right to tell something, until a time in milliseconds since 1970. The `version` set is the number under
 * which it is told.
 */
export function claim(
  record: OrderRecord,
  { siteId, telling, until }: { siteId: string | undefined; telling: object; until: number },
  decision: Decision,
): LedgerWrite {
  return decided(record, decision, { claimUntil: until, telling: JSON.stringify(telling) }, siteId);
}

/** The number that the next decision over an order has. */
export function nextVersion({ version }: OrderRecord, now: number): number {
  // An order whose item has expired goes on above the numbers that it had.
  return (version ?? Math.floor(now / 1000)) + 1;
}

function decided(
  record: OrderRecord,
  { writer, now, expiration }: Decision,
  more: Item,
  siteId: string | undefined,
): LedgerWrite {
  const { appId, orderId, version } = record;
  return {
    set: { ...{ appId, orderId, writer, expiration, version: nextVersion(record, now) }, ...more },
    ...(siteId !== undefined && { keep: { siteId } }),
    when: [
      version === undefined
        ? { name: 'version', is: 'absent' }
        : { name: 'version', is: 'equal', value: version },
      { name: 'claimUntil', is: 'past', value: now },
    ],
  };
}

/** Records what was told under a claim, and ends it. */
export function settle(writer: string, told: object): LedgerWrite {
  return { set: { told: JSON.stringify(told) }, remove: ['claimUntil', 'telling'], when: ownClaim(writer) };
}

/** Gives a claim up whose message may have gone out or not: it counts as run out. */
export function giveUp(writer: string): LedgerWrite {
  return { set: { claimUntil: 0 }, when: ownClaim(writer) };
}

function ownClaim(writer: string): Condition[] {
  return [
    { name: 'writer', is: 'equal', value: writer },
    { name: 'claimUntil', is: 'present' },
  ];
}

/** What is remembered of a picture that was told. */
export function toldOf(picture: Picture, before: Told | undefined): Told {
  const { payment, refund, verification, tpOrderId, notification, refunds, observedAt, timestamp } = picture;
  return {
    ...{ payment, refund, tpOrderId, observedAt, timestamp },
    verification: verification.code === null && before ? before.verification : verification,
    notified: isNews(notification?.['status'], before?.notified)
      ? notification?.['status']
      : before?.notified,
    refunds: Object.fromEntries(refunds.map(({ refundBatchId, code }) => [refundBatchId, code])),
  };
}
