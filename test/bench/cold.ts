import type { Place, Stage } from './stage.ts';
import { inTurn, median } from './statistics.ts';

/** The cold start of a function: medians in milliseconds and MB. */
export interface ColdStart {
  /** From the start of the process until it asks for its first event. */
  readonly initMs: number;
  /** From the start of the process until its first answer. */
  readonly totalMs: number;
  readonly peakMb: number;
  /** What `totalMs` is the median of, by their rounds. */
  readonly totals: readonly number[];
}

/** What is started, how often, and where; each answers the same event. */
export interface ColdRun<Name extends string> {
  readonly bundles: readonly Name[];
  readonly event: unknown;
  readonly rounds: number;
  readonly place?: Place;
}

/** Starts each function anew and lets it answer one event, again and again, in turn. */
export async function measureColdStarts<Name extends string>(
  stage: Stage,
  { bundles, event, rounds, place }: ColdRun<Name>,
): Promise<Record<Name, ColdStart>> {
  const runs = await inTurn(bundles, rounds, async (bundle) => {
    const sandbox = await stage.start(bundle, {}, place);
    const { endedAt, result } = await sandbox.invoke(event);
    requireSuccess(bundle, result);
    const initMs = (await sandbox.ready) - sandbox.spawnedAt;
    const peakMb = await sandbox.peakMemoryMb();
    await sandbox.stop();
    return { initMs, totalMs: endedAt - sandbox.spawnedAt, peakMb };
  });
  const summary = bundles.map((bundle) => {
    const totals = runs[bundle].map(({ totalMs }) => totalMs);
    const initMs = median(runs[bundle].map((run) => run.initMs));
    const peakMb = median(runs[bundle].map((run) => run.peakMb));
    return [bundle, { initMs, totalMs: median(totals), peakMb, totals }];
  });
  return Object.fromEntries(summary);
}

/** A fast failure would look good. */
export function requireSuccess(bundle: string, result: unknown): void {
  const { statusCode, batchItemFailures } = Object(result);
  const ok = statusCode === 200 || (Array.isArray(batchItemFailures) && batchItemFailures.length === 0);
  if (!ok) throw new Error(`${bundle} answered ${JSON.stringify(result)}`);
}
