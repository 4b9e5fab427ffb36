import { mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** Lambda gives a function with so much memory, in MB, the time of one processor, and less of it in proportion. */
export const WHOLE_PROCESSOR_MB = 1769;

/** How long Lambda's slices of time are, in microseconds. */
const PERIOD_US = 20_000;

/** Where the kernel keeps control groups over processor time: version 1, or 2. */
const HIERARCHIES = [
  {
    root: '/sys/fs/cgroup/cpu',
    write: (folder: string, quotaUs: number) => {
      writeFileSync(path.join(folder, 'cpu.cfs_period_us'), String(PERIOD_US));
      writeFileSync(path.join(folder, 'cpu.cfs_quota_us'), String(quotaUs));
    },
  },
  {
    root: '/sys/fs/cgroup',
    write: (folder: string, quotaUs: number) =>
      writeFileSync(path.join(folder, 'cpu.max'), `${quotaUs} ${PERIOD_US}`),
  },
];

/** A share of a processor, as Lambda gives it. */
export interface CpuShare {
  /** A program started by this runs within the share: `[command, ...its first arguments]`. */
  readonly enter: readonly [string, ...string[]];
  close(): void;
}

/** Sets the share of a function with so much memory up; `undefined` where the kernel does not let us. */
export function openCpuShare(memoryMb: number): CpuShare | undefined {
  for (const { root, write } of HIERARCHIES) {
    const folder = path.join(root, `bench-${process.pid}-${memoryMb}`);
    try {
      mkdirSync(folder);
      write(folder, Math.round((PERIOD_US * memoryMb) / WHOLE_PROCESSOR_MB));
    } catch {
      continue;
    }
    const script = `echo $$ > ${folder}/cgroup.procs && exec "$@"`;
    return {
      enter: ['/bin/sh', '-c', script, 'enter'],
      close: () => rmdirSync(folder),
    };
  }
  return undefined;
}
