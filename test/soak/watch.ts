import { readdirSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** A process that is watched. */
export interface Watched {
  readonly pid: number;
  /** What it holds in memory after a garbage collection. */
  readonly memory: () => Promise<NodeJS.MemoryUsage>;
}

/** Memory and open files of a process at one time. */
interface Sample {
  readonly megabytes: number;
  readonly files: number;
}

/** What a run's watch came to. */
export interface Growth {
  /** One line for each process, for people. */
  readonly figures: string;
  readonly complaints: readonly string[];
}

/** The share of a run that counts as warm-up, and as its end. */
const WARM_UP = 0.3;
const END = 0.3;
/** How much more there may be at the end than after the warm-up. */
const MEMORY_FACTOR = 1.25;
const MORE_FILES = 4;

/** Samples processes every two seconds until the function returned is called, which says whether they grew. */
export function watchProcesses(processes: Readonly<Record<string, Watched>>): () => Promise<Growth> {
  const samples = new Map(Object.keys(processes).map((name) => [name, [] as Sample[]]));
  const stop = new AbortController();
  const watching = (async () => {
    while (!stop.signal.aborted) {
      for (const [name, watched] of Object.entries(processes))
        samples.get(name)?.push(await sampleOf(watched));
      await delay(2000, undefined, { signal: stop.signal }).catch(() => undefined);
    }
  })();
  return async () => {
    stop.abort();
    await watching;
    const rows = [...samples].map(([name, taken]) => judge(name, taken));
    return {
      figures: rows.map(({ row }) => row).join('\n'),
      complaints: rows.flatMap(({ complaints }) => complaints),
    };
  };
}

async function sampleOf({ pid, memory }: Watched): Promise<Sample> {
  const { heapUsed, external } = await memory();
  return { megabytes: (heapUsed + external) / 1024 / 1024, files: readdirSync(`/proc/${pid}/fd`).length };
}

function judge(name: string, taken: readonly Sample[]): { row: string; complaints: string[] } {
  const warm = Math.floor(taken.length * WARM_UP);
  const last = Math.ceil(taken.length * (1 - END));
  const early = taken.slice(warm, last);
  const late = taken.slice(last);
  const memory = [
    median(early.map(({ megabytes }) => megabytes)),
    median(late.map(({ megabytes }) => megabytes)),
  ];
  const files = [
    Math.max(...early.map((sample) => sample.files)),
    Math.max(...late.map((sample) => sample.files)),
  ];
  const [memoryBefore = 0, memoryAfter = 0] = memory;
  const [filesBefore = 0, filesAfter = 0] = files;
  const complaints: string[] = [];
  if (late.length === 0 || early.length === 0) complaints.push(`${name} ran too short to tell`);
  if (memoryAfter > memoryBefore * MEMORY_FACTOR) complaints.push(`${name} grew in memory`);
  if (filesAfter > filesBefore + MORE_FILES) complaints.push(`${name} leaks open files`);
  const row = `  ${name.padEnd(8)} memory ${memory.map((mb) => mb.toFixed(1)).join(' → ')} MB, open files ${files.join(' → ')}`;
  return { row, complaints };
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;
}
