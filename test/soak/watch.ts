import { readdirSync, readFileSync } from 'node:fs';

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

/** Samples processes each second until the function returned is called, which says whether they grew. */
export function watchProcesses(processes: Readonly<Record<string, number>>): () => Growth {
  const samples = new Map(Object.keys(processes).map((name) => [name, [] as Sample[]]));
  const timer = setInterval(() => {
    for (const [name, pid] of Object.entries(processes)) samples.get(name)?.push(sampleOf(pid));
  }, 1000);
  return () => {
    clearInterval(timer);
    const rows = [...samples].map(([name, taken]) => judge(name, taken));
    return {
      figures: rows.map(({ row }) => row).join('\n'),
      complaints: rows.flatMap(({ complaints }) => complaints),
    };
  };
}

function sampleOf(pid: number): Sample {
  const kilobytes = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return { megabytes: Number(kilobytes) / 1024, files: readdirSync(`/proc/${pid}/fd`).length };
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
  const row = `  ${name.padEnd(8)} memory ${memory.map((mb) => mb.toFixed(0)).join(' → ')} MB, open files ${files.join(' → ')}`;
  return { row, complaints };
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;
}
