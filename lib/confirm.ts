import { setTimeout as delay } from 'node:timers/promises';
import { asServiceError, isOverQps, ServiceError } from './baidu/errors.ts';
import { checkNotification, type NotificationKeys, parseNotification } from './baidu/notification.ts';
import type { OrderStatus } from './baidu/order-status.ts';
import {
  checkRefundAudit,
  checkRefundNotification,
  parseRefundAudit,
  parseRefundNotification,
} from './baidu/refund.ts';
import { type Change, type Facts, newsOf, type Picture, pictureOf, toldOf } from './ledger/decisions.ts';
import {
  commitOrder,
  type LedgerWork,
  learnOrder,
  readOrder,
  tellOrder,
  whenUnclaimed,
} from './ledger/protocol.ts';
import {
  merchantOrderKey,
  type OrderKey,
  type OrderRecord,
  orderItemId,
  readRecord,
} from './ledger/record.ts';
import type { LookupMessage } from './lookup.ts';
import type { Apps } from './merchant/apps.ts';
import type { ConfirmApp } from './merchant/secret.ts';
import { type Audit, type AuditParts, auditKey, tellAudit } from './refund-audit.ts';
import type { StatusQuery } from './status-query.ts';

/** A message of the topic for an order: all that is known of it, and which of that is new. */
export interface OrderEvent extends Picture {
  readonly sequence: number;
  readonly changed: readonly Change[];
}

/** What looking orders up takes; the clock and what goes with it have defaults. */
export interface ConfirmParts
  extends Pick<LedgerWork, 'ledger' | 'rememberMs'>,
    Partial<Pick<LedgerWork, 'now' | 'pause' | 'nameDecision'>>,
    AuditParts {
  /** 0 to 1, for what must not happen to all at once; `Math.random` by default. */
  readonly random?: () => number;
  readonly loadSecret: () => Promise<Pick<Apps<ConfirmApp>, 'find'>>;
  readonly queryOrder: StatusQuery['queryOrder'];
  /** Finds an order that the ledger does not know by the merchant's id. */
  readonly findOrder?: StatusQuery['findOrder'] | undefined;
  /** Tells everyone, in so many milliseconds; throws `TOPIC_UNAVAILABLE`. */
  readonly publish: (event: OrderEvent, budgetMs: number) => Promise<void>;
  /** Puts a message back into the queue, held back for some seconds; without it the look-up fails. */
  readonly sendBack?: ((message: unknown, options: SendBackOptions) => Promise<void>) | undefined;
}

interface SendBackOptions {
  readonly budgetMs: number;
  readonly delaySeconds: number;
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

/** How long a look-up is held back that Baidu refused for its QPS limit, in seconds; spread, lest all come at once. */
const DEFERRAL_SECONDS = { least: 30, most: 120 };

/** What sending a look-up back may take, in milliseconds; so much is kept for it, or for telling. */
const SEND_BACK_MS = 1500;

/** Baidu is not asked again with less time left than this, in milliseconds, beside what is kept. */
const ASK_AGAIN_MS = 1000;

/** When an order is asked for again whose refund Baidu's query does not show yet, in seconds; SQS holds back 900 at most. */
const REFUND_CHECK_SECONDS = [60, 240, 900, 900, 900];

/** In a notification the status 2 says that the order was paid. */
const NOTIFIED_PAID = '2';

/** An order to be looked up, and what Baidu has signed of it. */
interface Lookup {
  readonly app: ConfirmApp;
  readonly order: OrderKey;
  readonly siteId: string | undefined;
  readonly facts?: Facts | undefined;
  /** A question of Baidu's whether to refund, and what it was answered: that is told, and the order not looked up. */
  readonly audit?: Audit | undefined;
  /** How often it was asked for again because of a refund. */
  readonly refundCheck?: number;
  /** The message that asks for it. */
  readonly body: Readonly<Record<string, unknown>>;
}

/** Everything the functions of this module work with. */
type Work = ConfirmParts & LedgerWork & { readonly random: () => number };

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
      return lookupsOf(message, work).catch(asServiceError);
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

/** The orders that a message is about, by what Baidu has signed where it has: none where nobody knows the merchant's id. */
async function lookupsOf(message: LookupMessage, work: Work): Promise<Lookup[]> {
  const app = (await work.loadSecret()).find(message.appId);
  const { appId } = app;
  const { orderId, siteId, tpOrderId, signed, answer, body } = message;
  if (tpOrderId !== undefined) {
    const items = await work.ledger.find(merchantOrderKey(appId, tpOrderId), work.leftMs());
    if (items.length === 0) {
      const found = await work.findOrder?.(app, tpOrderId, work.leftMs() - SEND_BACK_MS);
      if (!found) return [];
      const facts = { siteId: found.siteId, tpOrderId };
      return [{ app, order: { appId, orderId: found.orderId }, siteId: found.siteId, facts, body }];
    }
    return items.map((item) => {
      const order = { appId, orderId: String(item['orderId']) };
      return { app, order, siteId: readRecord(order, item).siteId, body };
    });
  }
  if (signed) {
    const { facts, ...found } = verified(signed, app.keys());
    if (found.orderId !== orderId || (siteId !== undefined && found.siteId !== siteId)) {
      throw new ServiceError('INVALID_REQUEST', `The ${signed.kind} is of another order or user.`);
    }
    const audit = answer && { fields: found.fields, answer };
    return [{ app, order: { appId, orderId }, siteId: found.siteId, facts, audit, body }];
  }
  return [{ app, order: { appId, orderId: orderId ?? '' }, siteId, refundCheck: message.refundCheck, body }];
}

/** Verifies what Baidu has signed once more: a queue holds what anyone with the right to send has put there. */
function verified({ kind, form }: NonNullable<LookupMessage['signed']>, keys: NotificationKeys): Verified {
  if (kind === 'notification') {
    const { orderId, siteId, tpOrderId, fields } = parseNotification(checkNotification(form), keys);
    return { orderId, siteId, fields, facts: { siteId, tpOrderId, notification: fields } };
  }
  const parsed =
    kind === 'refundAudit'
      ? parseRefundAudit(checkRefundAudit(form), keys)
      : parseRefundNotification(checkRefundNotification(form), keys);
  const { orderId, siteId, tpOrderId, refundBatchId, fields } = parsed;
  const refund = 'code' in parsed ? { refundBatchId, code: parsed.code } : undefined;
  return { orderId, siteId, fields, facts: { siteId, tpOrderId, refund } };
}

/** What Baidu has signed, verified here. */
interface Verified {
  readonly orderId: string;
  readonly siteId: string | undefined;
  readonly fields: Readonly<Record<string, string>>;
  readonly facts: Facts;
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

/**
 * While Baidu refuses for its QPS limit, waits longer and longer within the time there is; after that, `undefined`. What
 * fails once Baidu has refused, for want of time, is that limit's doing, too.
 */
async function queryUnderLimit(
  app: ConfirmApp,
  order: Parameters<StatusQuery['queryOrder']>[1],
  { queryOrder, leftMs, pause, sendBack, random }: Work,
): Promise<OrderStatus | undefined> {
  let refused: unknown;
  for (let pauseMs = 500; ; pauseMs = Math.min(pauseMs * 2, 4000)) {
    const budgetMs = Math.max(leftMs() - SEND_BACK_MS, leftMs() / 2);
    try {
      return await queryOrder(app, order, budgetMs);
    } catch (error) {
      const isQps = isOverQps(error);
      const isLate = refused !== undefined && error instanceof ServiceError && error.passing;
      if (!isQps && !isLate) throw error;
      refused ??= error;
      const wait = pauseMs * (0.5 + random());
      if (wait + ASK_AGAIN_MS + SEND_BACK_MS < leftMs()) await pause(wait);
      else if (sendBack) return undefined;
      else throw refused;
    }
  }
}

/**
 * Asks for an order again later where Baidu's query does not show a refund yet that Baidu has notified; a few times, since
 * nobody has published what a refund in part looks like there.
 */
async function askAgainForRefund(
  lookups: readonly Lookup[],
  { appId, orderId, siteId, refund }: Picture,
  { sendBack }: Work,
): Promise<void> {
  const counts = lookups.flatMap(({ facts, refundCheck = 0 }) =>
    refundCheck > 0 || facts?.refund?.code === 1 ? [refundCheck] : [],
  );
  if (counts.length === 0 || (refund.status !== 'NONE' && refund.status !== 'PROCESSING')) return;
  const refundCheck = Math.min(...counts);
  const delaySeconds = REFUND_CHECK_SECONDS[refundCheck];
  if (delaySeconds === undefined) return;
  const message = { appId, orderId, siteId, refundCheck: refundCheck + 1 };
  await sendBack?.(message, { budgetMs: SEND_BACK_MS, delaySeconds });
}

/** Back into the queue as new messages: another try of the same ones would bring them nearer to the dead-letter queue. */
async function sendAllBack(lookups: readonly Lookup[], { sendBack, random }: Work): Promise<void> {
  const { least, most } = DEFERRAL_SECONDS;
  const bodies = new Set(lookups.map(({ body }) => body));
  await Promise.all(
    [...bodies].map((body) => {
      const delaySeconds = least + Math.floor(random() * (most - least));
      return sendBack?.(body, { budgetMs: SEND_BACK_MS, delaySeconds });
    }),
  );
}

function impossible(): never {
  throw new TypeError('A group of look-ups holds one at least.');
}
