import { createRequire } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';

/** What a thread is sent. */
interface ThreadRequest {
  readonly event: unknown;
  readonly requestId: string;
  /** When the function's time is up, in milliseconds since 1970. */
  readonly deadline: number;
}

/** What a thread sends back: the result or the error, and what was written to standard output. */
export interface ThreadAnswer {
  readonly result?: unknown;
  readonly error?: { readonly name: string; readonly message: string };
  readonly log: readonly string[];
}

let log: string[] = [];
process.stdout.write = (chunk: string | Uint8Array) => {
  log.push(String(chunk).trimEnd());
  return true;
};

// Node has read it, and the function is given what it is deployed with.
delete process.env['NODE_COMPILE_CACHE'];
const { handler } = createRequire(import.meta.url)(workerData.bundle);

parentPort?.on('message', async ({ event, requestId, deadline }: ThreadRequest) => {
  const context = { awsRequestId: requestId, getRemainingTimeInMillis: () => deadline - Date.now() };
  const answer: Omit<ThreadAnswer, 'log'> = await Promise.resolve()
    .then(() => handler(event, context))
    .then(
      (result: unknown) => ({ result }),
      (error: Error) => ({ error: { name: error.name, message: error.message } }),
    );
  parentPort?.postMessage({ ...answer, log });
  log = [];
});
