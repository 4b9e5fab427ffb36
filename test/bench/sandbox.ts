import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { CpuShare } from './cpu.ts';
import { type RuntimeApi, startRuntimeApi } from './runtime-api.ts';

/** A function as it lies in a sandbox: its bundle, its environment, its memory in MB. */
export interface Deployment {
  readonly bundle: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly memoryMb?: number;
  /** What gives it a share of the processor; without it, all there is. */
  readonly cpu?: CpuShare | undefined;
}

/** A running sandbox. */
export interface Sandbox {
  /** When its process was asked for, on the clock of `performance.now()`. */
  readonly spawnedAt: number;
  readonly ready: RuntimeApi['ready'];
  readonly invoke: RuntimeApi['invoke'];
  /** The most memory that the process has held so far, in MB. */
  peakMemoryMb(): Promise<number>;
  stop(): Promise<void>;
}

/** Starts Node with the runtime client and a function, as Lambda's `nodejs24.x` does. */
export async function startSandbox(
  runtimeClient: string,
  { bundle, environment, memoryMb = 1024, cpu }: Deployment,
): Promise<Sandbox> {
  const api = await startRuntimeApi();
  const spawnedAt = performance.now();
  const program = [process.execPath, ...heapFlags(memoryMb), runtimeClient];
  const [command = '', ...args] = [...(cpu?.enter ?? []), ...program];
  const child = spawn(command, args, {
    env: { ...lambdaEnvironment(bundle, memoryMb), AWS_LAMBDA_RUNTIME_API: api.address, ...environment },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let errors = '';
  child.stderr.on('data', (chunk) => {
    errors += chunk;
  });
  const died = once(child, 'exit').then(([code]) => {
    throw new Error(`The sandbox ended with ${code}. ${errors}`);
  });
  died.catch(() => undefined);
  return {
    spawnedAt,
    ready: Promise.race([api.ready, died]),
    invoke: (event) => Promise.race([api.invoke(event), died]),
    peakMemoryMb: () => peakMemoryMb(child),
    stop: async () => {
      child.kill('SIGKILL');
      await died.catch(() => undefined);
      await api.close();
    },
  };
}

/** What Lambda's own bootstrap derives from a function's memory: a tenth for the young generation, the rest old. */
function heapFlags(memoryMb: number): string[] {
  const young = Math.floor(memoryMb / 10);
  return [`--max-semi-space-size=${Math.floor(young / 2)}`, `--max-old-space-size=${memoryMb - young}`];
}

function lambdaEnvironment(bundle: string, memoryMb: number): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '',
    TZ: ':UTC',
    LANG: 'en_US.UTF-8',
    LAMBDA_TASK_ROOT: path.dirname(bundle),
    _HANDLER: `${path.parse(bundle).name}.handler`,
    AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
    AWS_LAMBDA_FUNCTION_NAME: 'bench',
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memoryMb),
    AWS_LAMBDA_LOG_GROUP_NAME: 'bench',
    AWS_LAMBDA_LOG_STREAM_NAME: 'bench',
    AWS_REGION: 'cn-north-1',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_SESSION_TOKEN: 'local',
  };
}

async function peakMemoryMb({ pid }: ChildProcess): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
}
