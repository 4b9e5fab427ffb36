import http from 'node:http';
import https from 'node:https';
import type { Duplex } from 'node:stream';

/** A whole answer, whatever its status. */
export interface HttpAnswer {
  readonly status: number;
  readonly body: Buffer;
}

/**
 * Why there is no whole answer: nothing in time, no connection, a connection that broke inside the answer or
 * spoke no HTTP, or an answer over the size limit.
 */
export type TransportFault = 'timeout' | 'unreachable' | 'broken' | 'too-large';

/** A request that brought no whole answer. */
export class TransportError extends Error {
  readonly fault: TransportFault;
  /** Whether the request went out on a connection that an earlier request had opened. */
  readonly onKeptConnection: boolean;

  constructor(fault: TransportFault, options: { cause?: unknown; onKeptConnection?: boolean } = {}) {
    super(`The request ended without an answer (${fault}).`, { cause: options.cause });
    this.name = 'TransportError';
    this.fault = fault;
    this.onKeptConnection = options.onKeptConnection ?? false;
  }
}

/**
 * Sends one GET, or with a form (URL-encoded) one POST: no redirects, no retries, one time limit up to the last
 * byte, one size limit.
 */
export type Transport = (
  url: URL,
  limits: { timeoutMs: number; maxBytes: number },
  form?: string,
) => Promise<HttpAnswer>;

const FORM_HEADERS = { 'content-type': 'application/x-www-form-urlencoded' };

/** A way to an origin. */
export interface Way {
  readonly agent: http.Agent | https.Agent;
  /** Whether a connection was open before the request that it was given to was made. */
  wasOpen(socket: Duplex | null): boolean;
}

/** A way over connections that are kept, 32 idle ones at most. */
export function keptWay({ protocol }: URL): Way {
  const { Agent } = protocol === 'http:' ? http : https;
  return { agent: new Agent({ keepAlive: true, maxFreeSockets: 32 }), wasOpen: () => false };
}

/**
 * A transport over kept-alive connections to one origin, on TLS where it says so. When one that was kept turns out dead,
 * all that are idle are dropped: they were frozen together.
 */
export function createTransport(origin: URL, { agent, wasOpen }: Way = keptWay(origin)): Transport {
  const { request: open } = origin.protocol === 'http:' ? http : https;
  const headers = { accept: 'application/json', 'user-agent': 'baidu-payment-status' };
  const get = { agent, headers };
  const post = { agent, method: 'POST', headers: { ...headers, ...FORM_HEADERS } };

  return (url, { timeoutMs, maxBytes }, form) =>
    new Promise((resolve, reject) => {
      let answering = false;
      const request = open(url, form === undefined ? get : post, (response) => {
        answering = true;
        const chunks: Buffer[] = [];
        let size = 0;
        response.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size > maxBytes) fail('too-large');
          else chunks.push(chunk);
        });
        response.on('error', (cause) => fail('broken', cause));
        response.on('end', () => {
          clearTimeout(timer);
          resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks) });
        });
      });
      request.on('error', (cause: NodeJS.ErrnoException & { rawPacket?: unknown }) => {
        // The parser hands over the bytes that it stumbled on; those of an answer may hold a token.
        delete cause.rawPacket;
        fail(answering || cause.code?.startsWith('HPE_') ? 'broken' : 'unreachable', cause);
      });
      const timer = setTimeout(() => fail('timeout'), timeoutMs);
      request.end(form);

      function fail(fault: TransportFault, cause?: unknown): void {
        clearTimeout(timer);
        const onKeptConnection = request.reusedSocket || wasOpen(request.socket);
        reject(new TransportError(fault, { cause, onKeptConnection }));
        request.destroy();
        if (onKeptConnection) dropIdle(agent);
      }
    });
}

function dropIdle(agent: http.Agent | https.Agent): void {
  for (const sockets of Object.values(agent.freeSockets)) {
    for (const socket of sockets ?? []) socket.destroy();
  }
}
