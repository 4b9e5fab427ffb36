import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { SWITCHES } from './conditions.ts';
import { runAll, SMALL_ORDERS } from './exhaustive.ts';
import { runHistory } from './history.ts';

const HELP = `npm run simulate -- [--seeds N] [--seed N] [--exhaustive] [--without NAME]

Random histories of one order against the ledger, in virtual time; or all there are of small orders with two workers.

  --seeds N       how many, from seed 1 on (10000)
  --seed N        one, with its history
  --exhaustive    all of the small orders with two faults at the most, some 200000
  --without NAME  with a condition taken out, to see that it is found:
${Object.keys(SWITCHES)
  .map((name) => `                  ${name}`)
  .join('\n')}
`;

/** How many seeds a thread works on before it says how it stands. */
const SLICE = 200;

interface Share {
  readonly first: number;
  readonly step: number;
  readonly seeds: number;
  readonly without: string | undefined;
}

if (isMainThread) await main();
else await work(workerData);

async function main(): Promise<void> {
  const options = {
    seeds: { type: 'string' },
    seed: { type: 'string' },
    without: { type: 'string' },
    exhaustive: { type: 'boolean' },
    help: { type: 'boolean' },
  } as const;
  let values: ReturnType<typeof parseArgs<{ options: typeof options }>>['values'];
  try {
    ({ values } = parseArgs({ options }));
  } catch (error) {
    return end(2, `${error instanceof Error ? error.message : error}\n\n${HELP}`);
  }
  if (values.help) return end(0, HELP);
  const { without } = values;
  const seeds = Number(values.seeds ?? 10_000);
  if (without !== undefined && !(without in SWITCHES))
    return end(2, `There is no condition “${without}”.\n\n${HELP}`);
  if (!Number.isSafeInteger(seeds) || seeds < 1)
    return end(2, `--seeds must be a whole number from 1 up.\n\n${HELP}`);
  if (values.seed !== undefined) {
    const { faults, history } = await runHistory(Number(values.seed), without);
    return end(faults.length > 0 ? 1 : 0, `${history.join('\n')}\n${faults.join('; ') || 'holds'}\n`);
  }
  if (values.exhaustive) return exhaust(without);
  const found = await searchAll(seeds, without);
  if (found === undefined) return end(0, `${seeds} histories hold.\n`);
  const { faults, history } = await runHistory(found, without);
  end(1, `${history.join('\n')}\nseed ${found}: ${faults.join('; ')}\n`);
}

async function exhaust(off: string | undefined): Promise<void> {
  for (const lookups of SMALL_ORDERS) {
    const { histories, broken } = await runAll({ lookups, faults: 2, off }, (count) => {
      if (count % 1000 === 0) process.stderr.write(`\r${count} histories `);
    });
    process.stderr.write('\n');
    if (broken)
      return end(1, `${broken.history.join('\n')}\nhistory ${histories}: ${broken.faults.join('; ')}\n`);
    process.stdout.write(
      `all ${histories} histories of an order looked up ${lookups.join(', ')} times hold.\n`,
    );
  }
}

/** Searches on all processors; the first seed that breaks something, if any does. */
async function searchAll(seeds: number, without: string | undefined): Promise<number | undefined> {
  const step = availableParallelism();
  let done = 0;
  let found: number | undefined;
  const threads: Worker[] = [];
  const startedAt = performance.now();
  const workers = Array.from({ length: step }, (_, index) => {
    const share: Share = { first: index + 1, step, seeds, without };
    const worker = new Worker(new URL(import.meta.url), { workerData: share });
    return new Promise<void>((resolve, reject) => {
      worker.on('error', reject);
      worker.on('exit', () => resolve());
      worker.on('message', ({ count, broken }: { count: number; broken?: number }) => {
        done += count;
        if (broken !== undefined) found = Math.min(found ?? broken, broken);
        if (found !== undefined) for (const each of threads) void each.terminate();
        const perSecond = Math.round((done / (performance.now() - startedAt)) * 1000);
        process.stderr.write(`\r${done} of ${seeds} histories, ${perSecond} a second `);
      });
      threads.push(worker);
    });
  });
  await Promise.all(workers);
  process.stderr.write('\n');
  return found;
}

async function work({ first, step, seeds, without }: Share): Promise<void> {
  let count = 0;
  for (let seed = first; seed <= seeds; seed += step) {
    const { faults } = await runHistory(seed, without);
    count++;
    if (faults.length > 0) return parentPort?.postMessage({ count, broken: seed });
    if (count === SLICE) {
      parentPort?.postMessage({ count });
      count = 0;
    }
  }
  parentPort?.postMessage({ count });
}

function end(code: number, words: string): void {
  process.stdout.write(words);
  process.exitCode = code;
}
