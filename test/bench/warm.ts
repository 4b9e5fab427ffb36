import { requireSuccess } from './cold.ts';
import type { Stage } from './stage.ts';
import { inTurn, median, percentile } from './statistics.ts';

/** A function that has answered for a while: times in milliseconds, memory in MB. */
export interface WarmRun {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly peakMb: number;
}

/** Runs until V8 has compiled what is hot; they do not count. */
const WARM_UP = 2000;

/** Sends blocks of events to each function, one event at a time, the functions in turn. */
export async function measureWarm<Name extends string>(
  stage: Stage,
  {
    bundles,
    event,
    rounds,
    block,
  }: { bundles: readonly Name[]; event: unknown; rounds: number; block: number },
): Promise<Record<Name, WarmRun>> {
  const entries = await Promise.all(
    bundles.map(async (bundle) => [bundle, await stage.start(bundle)] as const),
  );
  const sandboxes = new Map(entries);
  const time = async (bundle: Name, count: number) => {
    const times: number[] = [];
    for (let sent = 0; sent < count; sent++) {
      const run = await sandboxes.get(bundle)?.invoke(event);
      requireSuccess(bundle, run?.result);
      if (run) times.push(run.endedAt - run.startedAt);
    }
    return times;
  };
  for (const bundle of bundles) await time(bundle, WARM_UP);
  const blocks = await inTurn(bundles, rounds, (bundle) => time(bundle, block));
  const summary = await Promise.all(
    entries.map(async ([bundle, sandbox]) => {
      const times = blocks[bundle].flat();
      const peakMb = await sandbox.peakMemoryMb();
      await sandbox.stop();
      return [bundle, { p50Ms: median(times), p99Ms: percentile(times, 99), peakMb }] as const;
    }),
  );
  return Object.fromEntries(summary) as Record<Name, WarmRun>;
}
