import { ServiceError } from '../baidu/errors.ts';
import {
  claim,
  commit,
  type Facts,
  giveUp,
  isClaimed,
  type LedgerWrite,
  learn,
  nextVersion,
  type Picture,
  settle,
} from './decisions.ts';
import { type OrderKey, type OrderRecord, orderItemId, readRecord } from './record.ts';
import type { LedgerStore } from './store.ts';

/** What deciding over orders takes. */
export interface LedgerWork {
  readonly ledger: LedgerStore;
  /** How long the ledger remembers an order after its last change, in milliseconds. */
  readonly rememberMs: number;
  /** How many milliseconds there are for all of it. */
  readonly leftMs: () => number;
  /** The clock, in milliseconds since 1970. */
  readonly now: () => number;
  readonly pause: (ms: number) => Promise<unknown>;
  /** Names a decision; no two may have the same name. */
  readonly nameDecision: () => string;
}

/** The pause before another look at what somebody else has under way, in milliseconds. */
const LOOK_AGAIN_MS = 200;

/** What a write after the publication may take at the least, in milliseconds. */
const SETTLE_MS = 1000;

/** A claim outlives the time for answering by this, in milliseconds: nobody may be telling any more when it runs out. */
const CLAIM_RESERVE_MS = 2500;

/** What the ledger knows of an order now. */
export async function readOrder(
  { appId, orderId }: OrderKey,
  { ledger, leftMs }: LedgerWork,
): Promise<OrderRecord> {
  return readRecord({ appId, orderId }, await ledger.read(orderItemId({ appId, orderId }), leftMs()));
}

/** Writes down what was signed, which also reads; where there is nothing of that, reads. */
export async function learnOrder(
  order: OrderKey,
  facts: Iterable<Facts>,
  work: LedgerWork,
): Promise<OrderRecord> {
  let record: OrderRecord | undefined;
  for (const fact of facts) {
    const write = learn(order, fact, work.now(), expirationOf(work));
    record = readRecord(order, await work.ledger.write(orderItemId(order), write, work.leftMs()));
  }
  return record ?? readOrder(order, work);
}

/** Waits while somebody else has the right to tell. Throws `LEDGER_UNAVAILABLE` where that takes too long. */
export async function whenUnclaimed(record: OrderRecord, work: LedgerWork): Promise<OrderRecord> {
  let latest = record;
  while (isClaimed(latest, work.now())) {
    if (work.leftMs() < 2 * LOOK_AGAIN_MS) {
      throw new ServiceError(
        'LEDGER_UNAVAILABLE',
        'Another invocation is telling of this order, or has died of it.',
      );
    }
    await work.pause(LOOK_AGAIN_MS);
    latest = await readOrder(latest, work);
  }
  return latest;
}

/** Commits that nothing has changed; `false` where somebody else has decided meanwhile. */
export async function commitOrder(record: OrderRecord, picture: Picture, work: LedgerWork): Promise<boolean> {
  const writer = work.nameDecision();
  const decision = { writer, now: work.now(), expiration: expirationOf(work) };
  return stands(writer, record, commit(record, picture, decision), work);
}

/**
 * Tells under a claim, and writes down what was told.
 *
 * @param publish tells, under the number given; where it throws, it may have told or not
 * @returns `false` where somebody else has decided meanwhile, and nothing was told
 */
export async function tellOrder(
  record: OrderRecord,
  {
    siteId,
    told,
    publish,
  }: {
    readonly siteId: string | undefined;
    readonly told: object;
    readonly publish: (sequence: number) => Promise<void>;
  },
  work: LedgerWork,
): Promise<boolean> {
  const writer = work.nameDecision();
  const now = work.now();
  const decision = { writer, now, expiration: expirationOf(work) };
  const until = now + work.leftMs() + CLAIM_RESERVE_MS;
  if (!(await stands(writer, record, claim(record, { siteId, telling: told, until }, decision), work)))
    return false;
  const id = orderItemId(record);
  const settleMs = () => Math.max(work.leftMs(), SETTLE_MS);
  try {
    await publish(nextVersion(record, now));
  } catch (error) {
    // It may have gone out all the same: the claim counts as run out, and whoever comes next tells again.
    await work.ledger.write(id, giveUp(writer), settleMs()).catch(() => undefined);
    throw error;
  }
  // Where the claim is not ours any more, it had run out, and whoever has it tells under a higher number.
  await work.ledger.write(id, settle(writer, told), settleMs());
  return true;
}

/** Whether a decision stands. A write whose answer was lost, and that was tried again, finds its own name there. */
async function stands(
  writer: string,
  record: OrderRecord,
  write: LedgerWrite,
  work: LedgerWork,
): Promise<boolean> {
  if (await work.ledger.write(orderItemId(record), write, work.leftMs())) return true;
  return (await readOrder(record, work)).writer === writer;
}

function expirationOf({ now, rememberMs }: LedgerWork): number {
  return Math.ceil((now() + rememberMs) / 1000);
}
