/** Something that is asked of the world and not answered yet. */
interface Pending {
  readonly what: string;
  readonly worker: Worker | undefined;
  /** When it takes place, in virtual milliseconds. */
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

/** An invocation; one that is dead is never answered again. */
export interface Worker {
  readonly name: string;
  dead: boolean;
}

/** Virtual time: nothing happens but what is scheduled here, one thing after the other. */
export class Scheduler {
  now = 1_800_000_000_000;
  /** What has happened, for people. */
  readonly history: string[] = [];
  readonly #start = this.now;
  #pending: Pending[] = [];
  #count = 0;

  /** Lets something happen later, on behalf of a worker. */
  later(delayMs: number, what: string, run: () => void, worker?: Worker): void {
    this.#pending.push({ what, worker, at: this.now + delayMs, order: this.#count++, run });
  }

  /** What a worker asks: resolves once it has taken place, never if the worker has died. */
  ask<T>(worker: Worker, delayMs: number, what: string, take: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      const run = () => {
        try {
          resolve(take());
        } catch (error) {
          reject(error);
        }
      };
      this.later(delayMs, what, run, worker);
    });
  }

  say(words: string): void {
    this.history.push(`${((this.now - this.#start) / 1000).toFixed(3).padStart(9)} s  ${words}`);
  }

  /** What could happen next, the earliest first; the dead ask no more. */
  next(): readonly Pending[] {
    this.#pending = this.#pending.filter(({ worker }) => !worker?.dead);
    return this.#pending.sort((a, b) => a.at - b.at || a.order - b.order);
  }

  /** Lets one of them happen, and whatever follows from it without another question to the world. */
  async step(index = 0): Promise<boolean> {
    const chosen = this.next()[index];
    if (!chosen) return false;
    this.#pending.splice(this.#pending.indexOf(chosen), 1);
    this.now = Math.max(this.now, chosen.at);
    if (chosen.worker) this.say(`${chosen.worker.name}: ${chosen.what}`);
    chosen.run();
    await settled();
    return true;
  }
}

/** Resolves when no promise has anything left to do: those of one step are all micro-tasks. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Random numbers from a seed, the same on every machine (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
