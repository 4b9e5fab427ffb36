import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';

const PROCESS = path.resolve(import.meta.dirname, 'lambda-process.ts');
const MARK = 'OUTCOME ';

/** A bundle in a process of its own, as in a Lambda sandbox. */
export interface Sandbox {
  readonly child: ChildProcess;
  /** What the process wrote beside outcomes, to standard output and standard error. */
  readonly output: readonly string[];
  /** What the handler returned, `{ thrown }` where it threw, or `undefined` where the process ended first. */
  // biome-ignore lint/suspicious/noExplicitAny: a handler may return anything, and tests look into it.
  invoke(event: unknown): Promise<any>;
  /** What the process holds in memory after a garbage collection. */
  memory(): Promise<NodeJS.MemoryUsage>;
  /** Ends the process; resolves when it is gone. */
  end(): Promise<void>;
}

/** Starts a sandbox whose invocations have `timeoutMs` each. */
export function startSandbox(
  bundle: string,
  env: Readonly<Record<string, string>>,
  { timeoutMs = 3000 } = {},
): Sandbox {
  const child = spawn(process.execPath, [PROCESS, bundle, String(timeoutMs)], {
    env: { ...process.env, ...env },
    stdio: 'pipe',
  });
  const exited = once(child, 'close');
  child.stdin.on('error', () => undefined);
  const output: string[] = [];
  child.stderr.on('data', (chunk) => output.push(String(chunk)));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const exchange = async (line: string) => {
    child.stdin.write(`${line}\n`);
    for (;;) {
      const { value, done } = await lines.next();
      if (done) return undefined;
      if (!value.startsWith(MARK)) output.push(value);
      else {
        const { result, error } = JSON.parse(value.slice(MARK.length));
        return error ? { thrown: error } : result;
      }
    }
  };
  return {
    ...{ child, output },
    invoke: (event) => exchange(JSON.stringify(event)),
    memory: () => exchange('MEMORY'),
    end: async () => {
      child.stdin.end();
      child.kill('SIGCONT');
      await exited;
    },
  };
}
