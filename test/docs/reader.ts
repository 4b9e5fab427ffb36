import { expect, vi } from 'vitest';
import { type Desk, openDesk } from '../support/desk.ts';
import { commandsToRun } from './commands.ts';
import type { Page } from './markdown.ts';

/** What pages say in words about their commands, by the command or by how it begins. */
export interface Words {
  /** Programs that run until Ctrl-C, with what they write when they are ready. */
  readonly untilInterrupted?: Readonly<Record<string, RegExp>>;
  /** What runs in a second terminal, by the first command that needs it. */
  readonly beside: Readonly<Record<string, readonly [command: string, ready: RegExp]>>;
  /** What commands print. */
  readonly prints: Readonly<Record<string, readonly RegExp[]>>;
  /** What a reader asks again until it says so. */
  readonly again?: Readonly<Record<string, RegExp>>;
  /** What a reader puts in the place of a sample: a text, or what was last seen on a screen. */
  readonly filled: Readonly<Record<string, string | RegExp>>;
}

/** What of the words is about no command that is printed. */
export function aboutNothing(words: Words, printed: readonly string[]): string[] {
  const { untilInterrupted = {}, beside, prints, again = {}, filled } = words;
  const starts = [untilInterrupted, beside, prints, again].flatMap((each) => Object.keys(each));
  return [
    ...starts.filter((start) => !printed.some((command) => command.startsWith(start))),
    ...Object.keys(filled).filter((sample) => !printed.some((command) => command.includes(sample))),
  ];
}

/** What a desk has that a reader has made ready before, and what is looked at beside the screen. */
export interface Surroundings {
  readonly environment: Readonly<Record<string, string>>;
  before(desk: Desk): Promise<void>;
  /** Called after each command. */
  after(command: string): Promise<void>;
}

/** Follows a page at a desk of its own: each command has to end well, and nothing may be left to commit. */
export async function follow(page: Page, words: Words, around?: Surroundings): Promise<void> {
  const desk = await openDesk(around?.environment);
  try {
    await around?.before(desk);
    const reader = new Reader(desk, words);
    for (const command of commandsToRun(page)) {
      await reader.run(command);
      await around?.after(command);
    }
    expect(await desk.changes()).toBe('');
  } finally {
    await desk.close();
  }
}

/** Who follows a page, command by command. */
class Reader {
  readonly #desk: Desk;
  readonly #words: Words;
  /** What was printed, in whichever terminal. */
  #seen = '';

  constructor(desk: Desk, words: Words) {
    this.#desk = desk;
    this.#words = words;
  }

  /** Runs a command to its end, which has to be good, or until it is ready. */
  run(command: string): Promise<void> {
    const ready = this.#words.untilInterrupted?.[command];
    return ready ? this.#runUntilInterrupted(command, ready) : this.#runToItsEnd(command);
  }

  async #runToItsEnd(command: string): Promise<void> {
    const { beside, prints } = this.#words;
    if (beside[command]) await this.#startBeside(...beside[command]);
    const { code, screen } = await this.#runAgain(command);
    expect(code, `${command}\n${screen}`).toBe(0);
    this.#seen += screen;
    for (const [start, patterns] of Object.entries(prints)) {
      if (command.startsWith(start)) for (const pattern of patterns) expect(screen, command).toMatch(pattern);
    }
  }

  #runAgain(command: string) {
    const { again = {} } = this.#words;
    const [, until] = Object.entries(again).find(([start]) => command.startsWith(start)) ?? [];
    const run = async () => {
      const outcome = await this.#desk.run(this.#filled(command));
      if (until) expect(outcome.screen).toMatch(until);
      return outcome;
    };
    return until ? vi.waitFor(run, { timeout: 60_000 }) : run();
  }

  async #runUntilInterrupted(command: string, ready: RegExp): Promise<void> {
    const program = await this.#desk.startHere(command, ready);
    // What it prints for readers to paste.
    for (const [, line = ''] of program.screen.matchAll(/^ *(curl .*)$/gm)) {
      const screen = expect.stringContaining('"payment":');
      expect(await this.#desk.run(line), line).toMatchObject({ code: 0, screen });
    }
    // npm takes Ctrl-C for its own end, too.
    expect([0, 130, 'SIGINT'], command).toContain(await program.interrupt());
  }

  async #startBeside(command: string, ready: RegExp): Promise<void> {
    const { screen } = await this.#desk.start(command, ready);
    this.#seen += screen;
    const { code } = await this.#desk.run((screen.match(/^export .*$/gm) ?? []).join('\n') || 'true');
    expect(code).toBe(0);
  }

  #filled(command: string): string {
    return Object.entries(this.#words.filled).reduce((text, [sample, value]) => {
      if (typeof value === 'string') return text.replaceAll(sample, value);
      return text.replaceAll(sample, [...this.#seen.matchAll(value)].at(-1)?.[1] ?? sample);
    }, command);
  }
}
