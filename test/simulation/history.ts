import { OVER_QPS_ERRNO } from '../../lib/baidu/errnos.ts';
import { BaiduError, ServiceError } from '../../lib/baidu/errors.ts';
import { type ConfirmParts, confirmAll, type OrderEvent } from '../../lib/confirm.ts';
import type { LedgerWrite } from '../../lib/ledger/decisions.ts';
import { tryLookup } from '../../lib/lookup-message.ts';
import { partsIn } from './parts.ts';
import { randomFrom, Scheduler, type Worker } from './scheduler.ts';
import { Table } from './table.ts';
import { answerOf, FIRST, faultsIn, MESSAGES, notifiedRefund, type State, told } from './world.ts';

/** What a history came to: what it broke, and what happened in it. */
export interface Ending {
  readonly faults: readonly string[];
  readonly history: readonly string[];
}

const FUNCTION_MS = 30_000;
const RESERVE_MS = 2000;
const VISIBILITY_MS = 60_000;
/** Baidu's cache answers with what was true so long ago at the most, in milliseconds. */
const CACHE_MS = 6000;
const LIMIT_MS = 4 * 3600 * 1000;
/** Baidu's query may show a refund so long after its notification, in milliseconds. */
const LATE_REFUND_MS = 40 * 60_000;

interface Message {
  readonly body: string;
  visibleAt: number;
}

/**
 * One random history of an order, from a seed: changes at Baidu, look-ups and notifications in the queue, batches side by
 * side, and faults.
 *
 * @param off the name of a condition of `SWITCHES` that is taken out
 */
export async function runHistory(seed: number, off?: string): Promise<Ending> {
  const world = new World(seed, off);
  await world.run();
  return { faults: world.faults(), history: world.scheduler.history };
}

class World {
  readonly scheduler = new Scheduler();
  readonly #random: () => number;
  readonly #off: string | undefined;
  readonly #table = new Table();
  readonly #events: OrderEvent[] = [];
  readonly #states: { readonly state: State; readonly since: number }[] = [];
  #queue: Message[] = [];
  #workers = 0;
  #working = 0;
  #decisions = 0;
  #coming = 0;
  /** How many faults may still come. */
  #faultsLeft: number;
  #faulty = false;
  /** How much more often than usual something goes wrong. */
  #trouble: number;
  readonly #hasClock: boolean;
  #isQuiet = false;
  /** What was taken from Baidu and has to be told: a payment, and of each refund the words that were said. */
  #isPaymentNotified = false;
  readonly #refunds = new Map<string, string[]>();

  constructor(seed: number, off: string | undefined) {
    this.#random = randomFrom(seed);
    this.#off = off;
    this.#hasClock = this.#chance(0.5);
    this.#faultsLeft = this.#chance(0.7) ? this.#whole(1, 5) : 0;
    this.#trouble = [0.5, 1, 4][this.#whole(0, 2)] ?? 1;
  }

  async run(): Promise<void> {
    this.#change(FIRST);
    this.#plan();
    const end = this.scheduler.now + LIMIT_MS;
    const isDone = () => this.#coming === 0 && this.#queue.length === 0 && this.#working === 0;
    for (let last = false; ; ) {
      while (!isDone() && this.scheduler.now < end && (await this.scheduler.step()));
      if (last || this.scheduler.now >= end) return;
      last = true;
      this.#isQuiet = true;
      // What Baidu's cache hid is asked for again by whoever asks next.
      if (this.#hasClock) this.#send(MESSAGES.lookup, CACHE_MS);
      if (this.#hasClock) this.scheduler.later(CACHE_MS, 'poll', () => this.#poll());
    }
  }

  faults(): string[] {
    const present = this.#states.at(-1)?.state ?? FIRST;
    const faults = faultsIn(this.#events, present);
    if (this.#queue.length > 0) faults.push('stuck');
    const last = [...this.#events].sort((a, b) => a.sequence - b.sequence).at(-1);
    if (this.#isPaymentNotified && last?.notification?.['status'] !== '2')
      faults.push('a notification was not told');
    if (this.#isPaymentNotified && !last?.tpOrderId) faults.push('a tpOrderId was not told');
    for (const [batch, words] of this.#refunds) {
      const word = last?.refunds.find(({ refundBatchId }) => refundBatchId === batch)?.code;
      if (!words.includes(String(word))) faults.push('a refund was not told');
    }
    const words = [...this.#events].sort((a, b) => a.sequence - b.sequence).map(told);
    const isTwice = words.some((word, index) => word === words[index - 1]);
    if (!this.#faulty && isTwice) faults.push('told twice without a fault');
    return faults;
  }

  /** When the order changes, and who asks for it when. */
  #plan(): void {
    let at = this.#whole(0, 3000);
    if (this.#chance(0.5)) this.#send(MESSAGES.lookup, at);
    if (this.#chance(0.3)) this.#send(MESSAGES.notifiedUnpaid, at);
    let state = FIRST;
    const count = this.#whole(1, 5);
    for (let index = 0; index < count; index++) {
      at += this.#chance(0.5) ? this.#whole(1, 1500) : this.#whole(1500, 90_000);
      state = this.#nextState(state);
      this.#changeLater(at, state);
      const isPayment = index === 0;
      for (let copies = this.#chance(0.4) ? 2 : 1; copies > 0; copies--) {
        this.#send(
          isPayment && this.#chance(0.8) ? MESSAGES.notifiedPaid : MESSAGES.lookup,
          at + this.#whole(1, 3000),
        );
      }
    }
    if (this.#chance(0.5)) this.#planRefunds(state, at);
    for (let poll = 0; poll < 3; poll++)
      this.scheduler.later(this.#whole(0, 3000), 'poll', () => this.#poll());
  }

  /** Refunds in part, of which Baidu tells whatever its query says; what the query says later, nobody tells. */
  #planRefunds(state: State, lastAt: number): void {
    for (let batch = this.#whole(1, 3); batch > 0; batch--) {
      for (let copies = this.#whole(1, 2); copies > 0; copies--) {
        const word = this.#chance(0.2) ? '2' : '1';
        this.#refunds.set(`R${batch}`, [...(this.#refunds.get(`R${batch}`) ?? []), word]);
        const at = this.#chance(0.5) ? lastAt + this.#whole(1, 5000) : this.#whole(0, lastAt);
        this.#send(notifiedRefund(`R${batch}`, word, this.#chance(0.6)), at);
      }
    }
    if (state.refund === 'REFUNDED' || !this.#chance(0.5)) return;
    const at = lastAt + this.#whole(5000, 10_000);
    this.#refunds.set('R9', ['1']);
    this.#send(notifiedRefund('R9', '1', true), at);
    this.#changeLater(at + this.#whole(0, LATE_REFUND_MS), { ...state, refund: 'REFUNDED' });
  }

  #nextState(state: State): State {
    if (state.payment === 'UNPAID') return { ...state, payment: 'PAID' };
    const others: State[] = [
      { ...state, verification: state.verification === 'VERIFIED' ? 'NOT_VERIFIED' : 'VERIFIED' },
      { ...state, refund: state.refund === 'PROCESSING' ? 'REFUNDED' : 'PROCESSING' },
      { ...state, refund: state.refund === 'NONE' ? 'PROCESSING' : 'NONE' },
    ];
    return others[this.#whole(0, others.length - 1)] ?? state;
  }

  #changeLater(at: number, state: State): void {
    this.#coming++;
    this.scheduler.later(at, 'change', () => {
      this.#coming--;
      this.#change(state);
    });
  }

  #change(state: State): void {
    this.#states.push({ state, since: this.scheduler.now });
    this.scheduler.say(`Baidu: ${this.#states.length - 1} ${Object.values(state).join(' ')}`);
  }

  #send(body: string, delayMs: number): void {
    if (body === MESSAGES.notifiedPaid) this.#isPaymentNotified = true;
    this.#queue.push({ body, visibleAt: this.scheduler.now + delayMs });
  }

  /** One of the pollers of Lambda's event source: takes what is visible, in any order, and works on it. */
  #poll(): void {
    const again = this.#whole(50, 2000);
    const visible = this.#queue.filter(({ visibleAt }) => visibleAt <= this.scheduler.now);
    const batch = visible.filter(() => this.#chance(0.8));
    if (batch.length > 0) void this.#work(batch);
    if (this.#queue.length === 0 && this.#coming === 0) return;
    const nextAt = Math.min(...this.#queue.map(({ visibleAt }) => visibleAt)) - this.scheduler.now;
    this.scheduler.later(Number.isFinite(nextAt) ? Math.max(again, nextAt) : again, 'poll', () =>
      this.#poll(),
    );
  }

  async #work(batch: readonly Message[]): Promise<void> {
    const worker: Worker = { name: `w${++this.#workers}`, dead: false };
    const startedAt = this.scheduler.now;
    this.#working++;
    for (const message of batch) message.visibleAt = startedAt + VISIBILITY_MS;
    this.scheduler.say(`${worker.name} is handed ${batch.length}`);
    this.scheduler.later(FUNCTION_MS, 'time is up', () => {
      if (!worker.dead) this.#working--;
      worker.dead = true;
    });
    const skewMs = this.#fault(0.1) ? this.#whole(-60_000, 30_000) : 0;
    const parts = this.#partsOf(worker, skewMs);
    const leftMs = () => Math.max(startedAt + FUNCTION_MS - RESERVE_MS - this.scheduler.now, 0);
    const outcomes = await confirmAll(
      batch.map(({ body }) => tryLookup(body)),
      parts,
      leftMs,
    );
    if (worker.dead) return;
    worker.dead = true;
    this.#working--;
    for (const [index, message] of batch.entries()) {
      const result = outcomes[index]?.result;
      this.scheduler.say(`${worker.name} ends: ${result instanceof ServiceError ? result.code : result}`);
      const isDone = !(result instanceof ServiceError) && !this.#chance(0.03);
      if (isDone) this.#queue = this.#queue.filter((other) => other !== message);
    }
  }

  #partsOf(worker: Worker, skewMs: number): ConfirmParts {
    const { scheduler } = this;
    const around = {
      ...{ table: this.#table, answer: () => this.#answer() },
      ask: <T>(what: string, take: () => T, typicalMs?: number) => this.#ask(worker, what, take, typicalMs),
      tell: (event: OrderEvent) => void this.#events.push(event),
      send: (body: string, delayMs: number) => this.#send(body, delayMs),
      write: (id: string, write: LedgerWrite) => this.#writeOnce(id, write),
      now: () => scheduler.now + skewMs,
      pause: (ms: number) => scheduler.ask(worker, ms, 'waits', () => undefined),
      nameDecision: () => `d${++this.#decisions}`,
      random: this.#random,
    };
    return partsIn(around, this.#off);
  }

  /** A write whose answer is lost inside the client is tried again there. */
  #writeOnce(id: string, write: LedgerWrite) {
    const item = this.#table.write(id, write);
    return this.#fault(0.05) ? this.#table.write(id, write) : item;
  }

  /** What takes place somewhere else, some time later; its answer comes later again, is lost, or finds nobody alive. */
  #ask<T>(worker: Worker, what: string, take: () => T, typicalMs = 20): Promise<T> {
    const wait = () => this.#whole(1, this.#chance(0.05) ? 6000 : typicalMs);
    const { scheduler } = this;
    return new Promise((resolve, reject) => {
      if (worker.dead) return;
      const isLost = this.#fault(0.04);
      const takesPlace = !isLost || this.#chance(0.5);
      if (this.#fault(0.04)) {
        scheduler.say(`${worker.name} dies`);
        worker.dead = true;
        this.#working--;
      }
      scheduler.later(wait(), what, () => {
        if (worker.dead && this.#chance(0.5)) return;
        scheduler.say(`${worker.name} ${what}${takesPlace ? '' : ': nothing came of it'}`);
        let answer = () => reject(new ServiceError('LEDGER_UNAVAILABLE', 'The answer was lost.'));
        try {
          const result = takesPlace ? take() : undefined;
          if (!isLost) answer = () => resolve(result as T);
        } catch (error) {
          answer = () => reject(error);
        }
        scheduler.later(wait(), isLost ? `hears nothing of “${what}”` : 'is answered', answer, worker);
      });
    });
  }

  #answer() {
    if (!this.#isQuiet && this.#chance(0.03)) throw new BaiduError(OVER_QPS_ERRNO, '', true);
    const isCached = this.#hasClock && !this.#isQuiet && this.#chance(0.2);
    const asOf = this.scheduler.now - (isCached ? this.#whole(2000, CACHE_MS) : 0);
    const number = Math.max(
      this.#states.findLastIndex(({ since }) => since <= asOf),
      0,
    );
    const timestamp = this.#hasClock ? Math.floor(asOf / 1000) : null;
    return answerOf(this.#states[number]?.state ?? FIRST, number, { timestamp, cached: isCached });
  }

  #fault(chance: number): boolean {
    if (this.#faultsLeft === 0 || !this.#chance(chance * this.#trouble)) return false;
    this.#faultsLeft--;
    this.#faulty = true;
    return true;
  }

  #chance(chance: number): boolean {
    return this.#random() < chance;
  }

  #whole(least: number, most: number): number {
    return least + Math.floor(this.#random() * (most - least + 1));
  }
}
