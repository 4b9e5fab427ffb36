import { randomUUID } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import type { ThreadAnswer } from './lambda-thread.ts';

/** What came of an invocation: a result or an error, and what the function wrote to its log meanwhile. */
export interface Invocation {
  readonly result: unknown;
  /** As Lambda reports an error: its name and message. */
  readonly error: { readonly name: string; readonly message: string } | undefined;
  readonly log: readonly string[];
}

/** A function on this machine, in sandboxes of its own as in Lambda. */
export interface LocalFunction {
  readonly timeoutMs: number;
  /** Never rejects while the function is open. */
  invoke(event: unknown): Promise<Invocation>;
  /** Ends every sandbox at once, whatever it is at. */
  close(): Promise<void>;
}

/** How a function is run. */
export interface LocalFunctionOptions {
  readonly name: string;
  /** The path of the bundle that exports `handler`. */
  readonly bundle: string;
  /** All of its variables; nothing of this process's own reaches it. */
  readonly environment: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** Told of each line of the log. */
  readonly onLog?: ((line: string) => void) | undefined;
}

/**
 * Starts a function: each sandbox is a thread with an environment of its own that works on one event at a time; when
 * all are at work, another is started. The first starts now.
 */
export function startFunction({
  name,
  bundle,
  environment,
  timeoutMs,
  onLog,
}: LocalFunctionOptions): LocalFunction {
  const { NODE_COMPILE_CACHE } = process.env;
  // For Node alone: the thread takes it away before the function sees its variables.
  const compiled = NODE_COMPILE_CACHE && { NODE_COMPILE_CACHE };
  const all = new Set<Worker>();
  const idle: Worker[] = [];
  let closed = false;

  const start = () => {
    const sandbox = new Worker(new URL('./lambda-thread.ts', import.meta.url), {
      env: { ...environment, AWS_LAMBDA_FUNCTION_NAME: name, TZ: ':UTC', ...compiled },
      workerData: { bundle },
    });
    all.add(sandbox);
    sandbox.once('exit', () => {
      all.delete(sandbox);
      if (idle.includes(sandbox)) idle.splice(idle.indexOf(sandbox), 1);
    });
    // What ends a sandbox ends its invocation, which reports it; an idle one is replaced when it is missed.
    sandbox.on('error', () => {});
    return sandbox;
  };
  idle.push(start());

  return {
    timeoutMs,
    invoke: async (event) => {
      if (closed) throw new Error(`${name} is closed.`);
      const sandbox = idle.pop() ?? start();
      const invocation = await run(sandbox, event, timeoutMs);
      if (all.has(sandbox)) idle.push(sandbox);
      for (const line of invocation.log) onLog?.(line);
      return invocation;
    },
    close: async () => {
      closed = true;
      await Promise.all([...all].map((sandbox) => sandbox.terminate()));
    },
  };
}

/** Has a sandbox work on an event; one that takes too long, or crashes, ends and is reported as Lambda does. */
function run(sandbox: Worker, event: unknown, timeoutMs: number): Promise<Invocation> {
  return new Promise((resolve) => {
    let error = { name: 'Runtime.ExitError', message: 'The sandbox ended.' };
    const finish = (invocation: Invocation) => {
      clearTimeout(timer);
      sandbox.off('message', answered).off('error', crashed).off('exit', ended);
      resolve(invocation);
    };
    const answered = ({ result, error: thrown, log }: ThreadAnswer) => finish({ result, error: thrown, log });
    // What is said of it waits until it has ended, so that nobody is given it again.
    const ended = () => finish({ result: undefined, error, log: [] });
    const crashed = ({ name, message }: Error) => {
      error = { name, message };
    };
    const timer = setTimeout(() => {
      error = { name: 'Sandbox.Timedout', message: `Task timed out after ${timeoutMs / 1000} seconds` };
      sandbox.off('message', answered);
      void sandbox.terminate();
    }, timeoutMs);
    sandbox.on('message', answered).on('error', crashed).on('exit', ended);
    sandbox.postMessage({ event, requestId: randomUUID(), deadline: Date.now() + timeoutMs });
  });
}
