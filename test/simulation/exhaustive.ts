import { ServiceError } from '../../lib/baidu/errors.ts';
import { confirmAll, type OrderEvent } from '../../lib/confirm.ts';
import type { Item } from '../../lib/ledger/record.ts';
import { tryLookup } from '../../lib/lookup-message.ts';
import type { Ending } from './history.ts';
import { partsIn } from './parts.ts';
import { settled, type Worker } from './scheduler.ts';
import { Table } from './table.ts';
import { answerOf, FIRST, faultsIn, MESSAGES, type State, told } from './world.ts';

/** The order is paid, and that was told; then it is verified, and then it is not any more. */
const STATES: readonly State[] = [
  { ...FIRST, payment: 'PAID' },
  { ...FIRST, payment: 'PAID', verification: 'VERIFIED' },
  { ...FIRST, payment: 'PAID' },
];

const FUNCTION_MS = 28_000;
/** Longer than any claim lives, in milliseconds. */
const AGES_MS = 60_000;

/** What was chosen in a history, and from how many. */
interface Choice {
  taken: number;
  readonly of: number;
}

/** What is tried. */
export interface Small {
  /** How many workers look the order up at each of its states. */
  readonly lookups: readonly number[];
  /** How many faults come at the most. */
  readonly faults: number;
  /** The name of a condition of `SWITCHES` that is taken out. */
  readonly off?: string | undefined;
}

/** Orders small enough: one that changes and changes back, a look-up for each, and one that changes and is looked up twice. */
export const SMALL_ORDERS: readonly Small['lookups'][] = [
  [0, 1, 1],
  [0, 2],
];

/** What came of trying all of them. */
export interface Exhaustion {
  readonly histories: number;
  /** The first that broke something. */
  readonly broken: Ending | undefined;
}

/**
 * Every history of a small order: each call of each worker may come before or after each of the other's and of the order's
 * next change, and so many faults may come in between: a worker dies before or after a call, an answer is lost, with or
 * without what it was about, a write is tried again by the client, a claim runs out under a living worker.
 *
 * @param onHistory told after each how many there were
 */
export async function runAll(small: Small, onHistory?: (count: number) => void): Promise<Exhaustion> {
  const start = await toldOfTheFirst();
  const path: Choice[] = [];
  for (let histories = 1; ; histories++) {
    const world = new SmallWorld(start, path, small);
    const ending = await world.run();
    onHistory?.(histories);
    if (ending.faults.length > 0) return { histories, broken: ending };
    while (path.length > 0 && path.at(-1)?.taken === (path.at(-1)?.of ?? 0) - 1) path.pop();
    const last = path.at(-1);
    if (!last) return { histories, broken: undefined };
    last.taken++;
  }
}

interface Start {
  readonly items: ReadonlyMap<string, Item>;
  readonly events: readonly OrderEvent[];
}

async function toldOfTheFirst(): Promise<Start> {
  const world = new SmallWorld({ items: new Map(), events: [] }, [], { lookups: [1], faults: 0 });
  await world.workAlone();
  return { items: world.table.items, events: world.events };
}

/** A call that has not taken place yet. */
interface Call {
  readonly worker: Worker;
  readonly what: string;
  /** Where it waits for somebody else: what the table had seen when it began to. */
  readonly since: number | undefined;
  /** Takes place; the worker hears of it. */
  readonly answer: () => void;
  /** Takes place, and nobody hears of it. */
  readonly happen: () => void;
  readonly fail: () => void;
}

interface Option {
  readonly words: string;
  readonly take: () => void;
  readonly isFault?: boolean;
}

class SmallWorld {
  readonly table = new Table();
  readonly events: OrderEvent[];
  readonly #path: Choice[];
  readonly #lookups: readonly number[];
  readonly #off: string | undefined;
  readonly #history: string[] = [];
  readonly #calls = new Map<Worker, Call>();
  #depth = 0;
  #now = 1_800_000_000_000;
  #state = 0;
  #faultsLeft: number;
  #isFaulty = false;
  #writes = 0;
  #decisions = 0;
  #workers = 0;
  #waiting = 0;

  constructor(start: Start, path: Choice[], { lookups, faults, off }: Small) {
    this.#lookups = lookups;
    for (const [id, item] of start.items) this.table.items.set(id, item);
    this.events = [...start.events];
    this.#path = path;
    this.#faultsLeft = faults;
    this.#off = off;
  }

  async run(): Promise<Ending> {
    this.#now += AGES_MS;
    this.#change();
    for (;;) {
      await settled();
      const options = this.#options();
      const chosen = options[this.#choose(options.length)];
      if (!chosen) break;
      this.#history.push(chosen.words);
      if (chosen.isFault) {
        this.#faultsLeft--;
        this.#isFaulty = true;
      }
      this.#now++;
      chosen.take();
    }
    // Whatever was not done with comes again, to one worker after the other.
    while (this.#waiting > 0) {
      this.#waiting--;
      this.#now += AGES_MS;
      await this.workAlone();
    }
    return { faults: this.#faults(), history: this.#history };
  }

  #faults(): string[] {
    const faults = faultsIn(this.events, STATES[this.#state] ?? FIRST);
    const words = [...this.events].sort((a, b) => a.sequence - b.sequence).map(told);
    if (!this.#isFaulty && words.some((word, index) => word === words[index - 1])) {
      faults.push('told twice without a fault');
    }
    return faults;
  }

  #choose(of: number): number {
    if (of < 2) return 0;
    const choice = this.#path[this.#depth] ?? { taken: 0, of };
    this.#path[this.#depth++] = choice;
    return choice.taken;
  }

  /** Who looks the order up does so for each change. */
  #change(): void {
    this.#state++;
    for (let count = this.#lookups[this.#state] ?? 0; count > 0; count--) void this.#work();
  }

  async #work(): Promise<void> {
    const worker: Worker = { name: `w${++this.#workers}`, dead: false };
    const startedAt = this.#now;
    const parts = partsIn(
      {
        table: this.table,
        answer: () => answerOf(STATES[this.#state] ?? FIRST, this.#state),
        ask: (what, take) => this.#ask(worker, what, take),
        tell: (event) => void this.events.push(event),
        send: () => undefined,
        write: (id, write) => this.table.write(id, write),
        now: () => this.#now,
        pause: () => this.#ask(worker, 'waits', () => undefined, this.#writes),
        nameDecision: () => `d${++this.#decisions}`,
        random: () => 0.5,
      },
      this.#off,
    );
    const leftMs = () => Math.max(startedAt + FUNCTION_MS - this.#now, 0);
    const [outcome] = await confirmAll([tryLookup(MESSAGES.lookup)], parts, leftMs);
    this.#history.push(
      `${worker.name} ends: ${outcome?.result instanceof ServiceError ? outcome.result.code : outcome?.result}`,
    );
    if (outcome?.result instanceof ServiceError) this.#waiting++;
  }

  #ask<T>(worker: Worker, what: string, take: () => T, since?: number): Promise<T> {
    const call = () => {
      if (what.startsWith('writes')) this.#writes++;
      return take();
    };
    return new Promise((resolve, reject) => {
      const answer = () => {
        try {
          resolve(call());
        } catch (error) {
          reject(error);
        }
      };
      const fail = () => reject(new ServiceError('LEDGER_UNAVAILABLE', 'The answer was lost.'));
      this.#calls.set(worker, { worker, what, since, answer, happen: call, fail });
    });
  }

  #options(): Option[] {
    const calls = [...this.#calls.values()];
    // Who waits looks again once something was written, or when nothing else can happen any more.
    const ready = calls.filter(({ since }) => since === undefined || since < this.#writes);
    const options: Option[] = ready.flatMap((call) => this.#optionsOf(call));
    if (this.#state < this.#lookups.length - 1) {
      options.push({ words: 'the order changes again', take: () => this.#change() });
    }
    if (options.length > 0) return options;
    return calls.map((call) => ({
      words: `${call.worker.name} waits on`,
      take: () => this.#end(call, 5000),
    }));
  }

  #end({ worker, answer }: Call, laterMs = 0): void {
    this.#now += laterMs;
    this.#calls.delete(worker);
    answer();
  }

  #optionsOf(call: Call): Option[] {
    const { worker, what, happen, fail } = call;
    const { name } = worker;
    const without = (words: string, act: () => void): Option => ({
      words: `${name} ${what}: ${words}`,
      isFault: true,
      take: () => {
        this.#calls.delete(worker);
        act();
      },
    });
    const dies = () => void this.#waiting++;
    const right = { words: `${name} ${what}`, take: () => this.#end(call) };
    if (this.#faultsLeft === 0 || call.since !== undefined) return [right];
    const isClaimed = [...this.table.items.values()].some(
      (item) => Number(item['claimUntil'] ?? 0) > this.#now,
    );
    return [
      right,
      without('dies before', dies),
      without('dies after', () => {
        happen();
        dies();
      }),
      without('the answer is lost', () => {
        happen();
        fail();
      }),
      without('nothing comes of it', fail),
      ...(what.startsWith('writes')
        ? [
            {
              words: `${name} ${what}, and once more`,
              isFault: true,
              take: () => {
                happen();
                this.#end(call);
              },
            },
          ]
        : []),
      ...(isClaimed
        ? [{ words: `${name} ${what} long after`, isFault: true, take: () => this.#end(call, AGES_MS) }]
        : []),
    ];
  }

  /** One worker, to whom nothing happens. */
  async workAlone(): Promise<void> {
    void this.#work();
    for (await settled(); this.#calls.size > 0; await settled()) {
      for (const call of this.#calls.values()) this.#end(call);
    }
  }
}
