import { type ColdStart, measureColdStarts, requireSuccess } from './cold.ts';
import { type CpuShare, openCpuShare, WHOLE_PROCESSOR_MB } from './cpu.ts';
import type { Check } from './report.ts';
import type { Stage } from './stage.ts';
import { medianRatio } from './statistics.ts';

/** Where a sandbox stands: the round trip to Baidu, in milliseconds, and the function's memory, in MB. */
interface Spot {
  readonly baiduMs: number;
  readonly memoryMb: number;
}

/** The round trip to each service of AWS, and what the services take to answer, in milliseconds. */
export const AWS_MS = 2;
const ANSWER_MS = { secrets: 20, baidu: 30, queue: 20, topic: 10, table: 5 };

/** How far Baidu is from where the service may run, and what less memory does to the middle of it. */
const SPOTS: readonly Spot[] = [
  ...[0, 10, 40, 120].map((baiduMs) => ({ baiduMs, memoryMb: WHOLE_PROCESSOR_MB })),
  ...[1024, 512].map((memoryMb) => ({ baiduMs: 40, memoryMb })),
];

/** The first answers of new sandboxes, over TLS and a distance, beside a floor and the usual stack. */
export async function measureColdHalf(
  stage: Stage,
  {
    rounds,
    say,
    progress,
  }: { rounds: number; say: (line?: string) => void; progress: (line: string) => void },
): Promise<Check[]> {
  const shares = new Map<number, CpuShare | undefined>();
  const shareOf = (memoryMb: number) => {
    if (!shares.has(memoryMb)) shares.set(memoryMb, openCpuShare(memoryMb));
    return shares.get(memoryMb);
  };
  for (const [name, ms] of Object.entries(ANSWER_MS)) {
    stage[name as keyof typeof ANSWER_MS].latencyMs = ms;
  }
  const start = async <Name extends string>(
    bundles: readonly Name[],
    event: unknown,
    { baiduMs, memoryMb }: Spot,
    limit: number | undefined,
  ) => {
    progress(`${bundles.at(-1)}, cold, ${baiduMs} ms to Baidu, ${memoryMb} MB …`);
    stage.setDistances({ baiduMs, awsMs: AWS_MS });
    const place = { memoryMb, cpu: shareOf(memoryMb) };
    // Where a limit decides, chance decides less.
    const enough = limit === undefined ? rounds : 3 * rounds;
    const cold = await measureColdStarts(stage, { bundles, event, rounds: enough, place });
    for (const name of bundles) say(coldRow(name, { baiduMs, memoryMb }, cold[name]));
    return cold;
  };
  try {
    if (!shareOf(WHOLE_PROCESSOR_MB))
      say('No share of the processor can be set here: each sandbox has all of it.\n');
    say('| cold | ms to Baidu | MB of memory | init, ms | first answer, ms | MB at first answer |');
    say('|---|---:|---:|---:|---:|---:|');
    const checks: Check[] = [];
    for (const spot of SPOTS) {
      const cold = await start(['floor-query', 'usual-query', 'query'], stage.query, spot, limitAt(spot));
      checks.push(...queryChecks(spot, cold['floor-query'], cold['usual-query'], cold.query));
    }
    const others = [
      { floor: 'floor-own-id', ours: 'query', what: 'query by the own id', event: stage.ownQuery },
      { floor: 'floor-notify', ours: 'notify', what: 'notify', event: stage.notification(), limit: 1.3 },
      { floor: 'floor-confirm', ours: 'confirm', what: 'confirm', event: stage.lookup, limit: 1.4 },
    ] as const;
    for (const { floor, ours, what, event, ...more } of others) {
      const limit = 'limit' in more ? more.limit : undefined;
      const cold = await start([floor, ours], event, { baiduMs: 40, memoryMb: WHOLE_PROCESSOR_MB }, limit);
      const value = medianRatio(cold[ours].totals, cold[floor].totals);
      checks.push({ what: `${what} cold, of the floor`, value, unit: '×', limit });
    }
    const calls = { notify: stage.notification(), confirm: stage.lookup };
    for (const [name, event] of Object.entries(calls)) {
      const limit = { notify: 1, confirm: 4 }[name];
      checks.push({
        what: `AWS calls of ${name} for an order`,
        value: await countCalls(stage, name, event),
        unit: '',
        limit,
      });
    }
    return checks;
  } finally {
    stage.setDistances({ baiduMs: 0, awsMs: 0 });
    for (const share of shares.values()) share?.close();
  }
}

/** How many requests to AWS an event takes, as they arrive there, beside the secret. */
async function countCalls(stage: Stage, bundle: string, event: unknown): Promise<number> {
  const count = () => stage.queue.requests + stage.topic.requests + stage.table.requests;
  const before = count();
  const sandbox = await stage.start(bundle);
  requireSuccess(bundle, (await sandbox.invoke(event)).result);
  await sandbox.stop();
  return count() - before;
}

/** What is asked of the first answer of a query, by where Baidu is. */
const LIMITS: Readonly<Record<number, number>> = { 0: 1.2, 40: 0.97 };

function limitAt({ baiduMs, memoryMb }: Spot): number | undefined {
  return memoryMb === WHOLE_PROCESSOR_MB ? LIMITS[baiduMs] : undefined;
}

function queryChecks(spot: Spot, floor: ColdStart, usual: ColdStart, ours: ColdStart): Check[] {
  const { baiduMs, memoryMb } = spot;
  const isWhole = memoryMb === WHOLE_PROCESSOR_MB;
  const where = `query cold, ${baiduMs} ms away${isWhole ? '' : `, ${memoryMb} MB`}`;
  const ratio = {
    ...({
      what: `${where}, of the floor`,
      unit: '×',
      limit: limitAt(spot),
    } as const),
    ...{ value: medianRatio(ours.totals, floor.totals), usual: medianRatio(usual.totals, floor.totals) },
  };
  if (!isWhole || baiduMs !== 40) return [ratio];
  return [
    ratio,
    {
      ...({ what: 'query cold, of the usual stack', unit: '×', limit: 1 } as const),
      value: medianRatio(ours.totals, usual.totals),
    },
    {
      ...({ what: 'query memory at the first answer, of the floor', unit: '×', limit: 1.05 } as const),
      ...{ value: ours.peakMb / floor.peakMb, usual: usual.peakMb / floor.peakMb },
    },
  ];
}

function coldRow(name: string, { baiduMs, memoryMb }: Spot, { initMs, totalMs, peakMb }: ColdStart): string {
  return `| ${[name, baiduMs, memoryMb, initMs.toFixed(0), totalMs.toFixed(0), peakMb.toFixed(0)].join(' | ')} |`;
}
