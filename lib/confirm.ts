import { setTimeout as delay } from 'node:timers/promises';
import { askAgainForRefund, type LaterParts, queryUnderLimit, sendAllBack } from './ask-again.ts';
import { asServiceError, ServiceError } from './baidu/errors.ts';
import { type Change, newsOf, type Picture, pictureOf, toldOf } from './ledger/decisions.ts';
import {
  commitOrder,
  type LedgerWork,
  learnOrder,
  readOrder,
  tellOrder,
  whenUnclaimed,
} from './ledger/protocol.ts';
import { type OrderRecord, orderItemId } from './ledger/record.ts';
import type { LookupMessage } from './lookup-message.ts';
import { type Lookup, type LookupParts, lookupsOf } from './lookup-orders.ts';
import { type AuditParts, auditKey, tellAudit } from './refund-audit.ts';

/** A message of the topic for an order: all that is known of it, and which of that is new. */
export interface OrderEvent extends Picture {
  readonly sequence: number;
  readonly changed: readonly Change[];
}

/** What looking orders up takes; the clock and what goes with it have defaults. */
export interface ConfirmParts
  extends Pick<LedgerWork, 'ledger' | 'rememberMs'>,
    Partial<Pick<LedgerWork, 'now' | 'pause' | 'nameDecision'>>,
    Pick<LaterParts, 'queryOrder' | 'sendBack'>,
    Partial<Pick<LaterParts, 'random'>>,
    Pick<LookupParts, 'loadSecret' | 'findOrder'>,
    AuditParts {
  /** Tells everyone, in so many milliseconds; throws `TOPIC_UNAVAILABLE`. */
  readonly publish: (event: OrderEvent, budgetMs: number) => Promise<void>;
}

/**
 * What a look-up came to: news went out, all had been told, nobody knows the order, or it will be asked for later.
 */
export type Confirmation = 'published' | 'known' | 'unknown' | 'deferred';

/** What came of one message. */
export interface Outcome {
  readonly appId?: string | undefined;
  readonly orderId?: string | undefined;
  readonly tpOrderId?: string | undefined;
  readonly result: Confirmation | ServiceError;
}

/** In a notification the status 2 says that the order was paid. */
const NOTIFIED_PAID = '2';

/** Everything the functions of this module work with. */
type Work = ConfirmParts & LedgerWork & LaterParts;

/**
 * Looks orders up: asks Baidu for each, once for all messages about it, and tells what has changed.
 *
 * @param messages each parsed, or the error for which it could not be
 * @param leftMs how many milliseconds there are for all of it
 * @returns what came of each message, in their order; never rejects for a message's sake
 */
export async function confirmAll(
  messages: readonly (LookupMessage | ServiceError)[],
  parts: ConfirmParts,
  leftMs: () => number,
): Promise<Outcome[]> {
  const work: Work = {
    now: Date.now,
    pause: delay,
    nameDecision: () => crypto.randomUUID(),
    random: Math.random,
    ...parts,
    leftMs,
  };
  const understood = await Promise.all(
    messages.map(async (message) => {
      if (message instanceof ServiceError) return message;
      return lookupsOf(message, work, leftMs).catch(asServiceError);
    }),
  );
  const groups = Map.groupBy(
    understood.flatMap((lookups) => (lookups instanceof ServiceError ? [] : lookups)),
    ({ order, audit }) => orderItemId(audit ? auditKey(order, audit) : order),
  );
  const results = new Map<Lookup, Confirmation | ServiceError>();
  await Promise.all(
    [...groups.values()].map(async (lookups) => {
      for (const [lookup, result] of await confirmOrder(lookups, work)) results.set(lookup, result);
    }),
  );
  return understood.map((lookups, index) => outcomeOf(messages[index], lookups, results));
}

const NAMELESS = { appId: undefined, orderId: undefined, tpOrderId: undefined };

function outcomeOf(
  message: LookupMessage | ServiceError | undefined,
  lookups: readonly Lookup[] | ServiceError,
  results: ReadonlyMap<Lookup, Confirmation | ServiceError>,
): Outcome {
  const { appId, orderId, tpOrderId } = message instanceof ServiceError || !message ? NAMELESS : message;
  if (lookups instanceof ServiceError) return { appId, orderId, tpOrderId, result: lookups };
  const all = lookups.map((lookup) => results.get(lookup) ?? 'known');
  const result =
    all.find((one) => one instanceof ServiceError) ??
    (['deferred', 'published', 'known'] as const).find((name) => all.includes(name)) ??
    'unknown';
  const first = lookups[0];
  return {
    appId: first?.app.appId ?? appId,
    orderId: first?.order.orderId ?? orderId,
    tpOrderId: first?.facts?.tpOrderId ?? tpOrderId,
    result,
  };
}

/** Brings what is told of one order up to date; what came of each of the look-ups. */
async function confirmOrder(
  lookups: readonly Lookup[],
  work: Work,
): Promise<[Lookup, Confirmation | ServiceError][]> {
  const all = (result: (lookup: Lookup) => Confirmation | ServiceError) =>
    lookups.map((lookup): [Lookup, Confirmation | ServiceError] => [lookup, result(lookup)]);
  try {
    const [{ order, siteId, facts, audit } = impossible()] = lookups;
    if (audit) {
      const result = await tellAudit({ order, siteId, tpOrderId: facts?.tpOrderId, audit }, work);
      return all(() => result);
    }
    const { result, paid } = await bringUpToDate(lookups, work);
    return all((lookup) => (paid || !isNotifiedPaid(lookup) ? result : mismatch()));
  } catch (error) {
    return all(() => asServiceError(error));
  }
}

function isNotifiedPaid({ facts }: Lookup): boolean {
  return facts?.notification?.['status'] === NOTIFIED_PAID;
}

function mismatch(): ServiceError {
  return new ServiceError('PAYMENT_MISMATCH', 'The notification says paid, and Baidu’s answer does not.');
}

/**
 * The ledger's protocol (docs/architecture.md): what is told or found unchanged under a number was asked for after the
 * number before it was decided, so that newer comes after older without any clock.
 */
async function bringUpToDate(
  lookups: readonly Lookup[],
  work: Work,
): Promise<{ result: Confirmation; paid: boolean }> {
  const [{ app, order, siteId: askedSiteId } = impossible()] = lookups;
  const facts = new Map(
    lookups.flatMap((each) => (each.facts ? [[JSON.stringify(each.facts), each.facts]] : [])),
  );
  let record = await learnOrder(order, facts.values(), work);
  for (;;) {
    record = await whenUnclaimed(record, work);
    const siteId = record.siteId ?? askedSiteId;
    if (siteId === undefined) {
      throw new ServiceError('ORDER_UNKNOWN', 'Nobody has told yet of which user the order is.');
    }
    const status = await queryUnderLimit(
      app,
      { orderId: order.orderId, siteId, tpOrderId: record.tpOrderId },
      work,
    );
    if (!status) {
      await sendAllBack(lookups, work);
      return { result: 'deferred', paid: true };
    }
    const picture = pictureOf(record, status, new Date(work.now()).toISOString());
    const paid = isPaid(picture);
    if (!paid && lookups.every(isNotifiedPaid)) throw mismatch();
    const result = await decide(record, picture, work);
    if (result) {
      await askAgainForRefund(lookups, picture, work);
      return { result, paid };
    }
    record = await readOrder(order, work);
  }
}

/** Baidu's second generation calls an order cancelled that it has paid back: that does not contradict its payment. */
function isPaid({ payment, refund }: Picture): boolean {
  return payment.status === 'PAID' || (payment.status === 'CANCELLED' && refund.status !== 'NONE');
}

/** Commits or tells; `undefined` where somebody else has decided meanwhile. */
async function decide(record: OrderRecord, picture: Picture, work: Work): Promise<Confirmation | undefined> {
  const changed = newsOf(record, picture);
  if (changed.length === 0) return (await commitOrder(record, picture, work)) ? 'known' : undefined;
  const tell = {
    siteId: picture.siteId,
    told: toldOf(picture, record.told),
    publish: (sequence: number) => work.publish({ ...picture, sequence, changed }, work.leftMs()),
  };
  return (await tellOrder(record, tell, work)) ? 'published' : undefined;
}

function impossible(): never {
  throw new TypeError('A group of look-ups holds one at least.');
}
