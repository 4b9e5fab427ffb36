import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** One invocation: when its event was handed out and its answer came, on the clock of `performance.now()`. */
export interface Invocation {
  readonly startedAt: number;
  readonly endedAt: number;
  readonly result: unknown;
}

/** The part of Lambda that a runtime client talks to. */
export interface RuntimeApi {
  /** For `AWS_LAMBDA_RUNTIME_API`. */
  readonly address: string;
  /** Resolves with the time at which the runtime first asked for an event: the end of its init phase. */
  readonly ready: Promise<number>;
  /** Hands an event to the runtime as soon as it asks for one; one at a time. */
  invoke(event: unknown): Promise<Invocation>;
  close(): Promise<void>;
}

const PREFIX = '/2018-06-01/runtime';
const TIMEOUT_MS = 30_000;

interface Job {
  event: string;
  startedAt: number;
  resolve: (invocation: Invocation) => void;
  reject: (error: Error) => void;
}

/**
 * A Runtime API for one sandbox on a free port of 127.0.0.1.
 *
 * @see AWS Lambda developer guide, using the Lambda runtime API
 */
export async function startRuntimeApi(): Promise<RuntimeApi> {
  let waiting: http.ServerResponse | undefined;
  let job: Job | undefined;
  let count = 0;
  const ready = Promise.withResolvers<number>();
  ready.promise.catch(() => undefined);

  function handOut(): void {
    if (!waiting || !job || job.startedAt) return;
    waiting.writeHead(200, {
      'content-type': 'application/json',
      'lambda-runtime-aws-request-id': `request-${++count}`,
      'lambda-runtime-deadline-ms': String(Date.now() + TIMEOUT_MS),
      'lambda-runtime-invoked-function-arn': 'arn:aws-cn:lambda:cn-north-1:000000000000:function:bench',
    });
    job.startedAt = performance.now();
    waiting.end(job.event);
    waiting = undefined;
  }

  function fail(error: Error): void {
    ready.reject(error);
    job?.reject(error);
    job = undefined;
  }

  const server = http.createServer(async (request, response) => {
    const path = request.url ?? '';
    if (path === `${PREFIX}/invocation/next`) {
      ready.resolve(performance.now());
      waiting = response;
      return handOut();
    }
    const body = await text(request);
    const endedAt = performance.now();
    response.writeHead(202).end();
    if (!path.endsWith('/response')) return fail(new Error(`${path} ${body}`));
    const { startedAt = 0, resolve } = job ?? {};
    job = undefined;
    resolve?.({ startedAt, endedAt, result: JSON.parse(body) });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    ready: ready.promise,
    invoke: (event) =>
      new Promise((resolve, reject) => {
        job = { event: JSON.stringify(event), startedAt: 0, resolve, reject };
        handOut();
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
