import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { readPage } from '../docs/markdown.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const EXAMPLE = path.join(ROOT, 'examples/queue-reader');

/** The blocks of JSON in the reader's README, parsed: the policy and the message. */
export const [POLICY, MESSAGE] = readPage('examples/queue-reader/README.md')
  .blocks.filter(({ language }) => language === 'json')
  .map(({ text }) => JSON.parse(text)) as [Record<string, unknown>, Record<string, unknown>];

/** A line of the reader's log. */
export type Line = Readonly<Record<string, unknown>> & { readonly message: string };

/** The reader at work, in a process of its own. */
export interface Reader {
  readonly child: ChildProcess;
  /** All that it has written. */
  screen(): string;
  lines(): Line[];
  /** Resolves when it has said so that often; rejects when it ends before. */
  says(message: string, times?: number): Promise<Line>;
  /** Resolves when it has written that many lines. */
  writes(count: number): Promise<void>;
  /** Its exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
}

export interface ReaderOptions {
  /** Where the program is: the example itself by default. */
  readonly folder?: string;
  /** Lets file-orders.js ask what to do before it marks an order. */
  readonly asks?: boolean;
  /** How often a second passes for its timers in one of ours: its limits are tens of seconds. */
  readonly haste?: number;
}

/** Starts the program with nothing but these variables. */
export function startReader(
  environment: Readonly<Record<string, string>>,
  { folder = EXAMPLE, asks = false, haste = 1 }: ReaderOptions = {},
): Reader {
  const clock = `const real = setTimeout; globalThis.setTimeout = (run, ms, ...rest) => real(run, ms / ${haste}, ...rest);`;
  const preload = haste === 1 ? [] : ['--import', `data:text/javascript,${encodeURIComponent(clock)}`];
  const child = spawn(process.execPath, [...preload, 'index.js'], {
    ...{ cwd: folder, env: environment, stdio: ['ignore', 'pipe', 'pipe', asks ? 'ipc' : 'ignore'] },
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk) => {
      text += chunk;
      child.emit('screen');
    });
  }
  const ended = once(child, 'close').then(([code, signal]) => code ?? signal);
  const whole = () => text.slice(0, text.lastIndexOf('\n') + 1).split('\n');
  const lines = () =>
    whole()
      .filter((line) => line.startsWith('{'))
      .map((line): Line => JSON.parse(line));
  const shows = async <T>(what: () => T | undefined): Promise<T> => {
    const over = ended.then(() => true);
    for (;;) {
      const found = what();
      if (found !== undefined) return found;
      const change = once(child, 'screen').then(() => false);
      if (await Promise.race([over, change])) throw new Error(`It has ended:\n${text}`);
    }
  };
  return {
    ...{ child, screen: () => text, lines, ended },
    says: (message, times = 1) => shows(() => lines().filter((line) => line.message === message)[times - 1]),
    writes: async (count) => void (await shows(() => lines()[count - 1])),
  };
}

/** A copy of the program whose orders are in a file. */
export interface Copy {
  readonly folder: string;
  /** The order as it is in the file now. */
  order(tpOrderId: string): Promise<Record<string, unknown>>;
  remove(): Promise<void>;
}

/** Copies the program, with file-orders.js in the place that a merchant fills in. */
export async function copyReader(prices: Readonly<Record<string, number>>): Promise<Copy> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'queue-reader-'));
  for (const file of ['index.js', 'handle.js', 'decide.js', 'package.json']) {
    await cp(path.join(EXAMPLE, file), path.join(folder, file));
  }
  await cp(path.join(import.meta.dirname, 'file-orders.js'), path.join(folder, 'orders.js'));
  await symlink(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'));
  const orders = Object.entries(prices).map(([tpOrderId, totalMoney]) => [
    tpOrderId,
    { tpOrderId, totalMoney, orderStatus: 'OPEN', payments: {}, version: 0, marks: 0 },
  ]);
  const file = path.join(folder, 'orders.json');
  await writeFile(file, JSON.stringify(Object.fromEntries(orders)));
  return {
    folder,
    order: async (tpOrderId) => JSON.parse(await readFile(file, 'utf8'))[tpOrderId],
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
