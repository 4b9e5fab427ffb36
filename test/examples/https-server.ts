import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import path from 'node:path';

const CERTIFICATE = path.resolve(import.meta.dirname, 'localhost.pem');

/** A server on a free port that a test can script. */
export interface TestServer {
  /** Without a path. */
  readonly url: string;
  /** The certificate to trust, for `NODE_EXTRA_CA_CERTS`. */
  readonly certificate: string;
  readonly requests: http.IncomingMessage[];
  close(): Promise<void>;
}

/** Starts a server on this machine, on TLS with a certificate that is worth nothing, or without. */
export async function startServer(
  protocol: 'http' | 'https',
  listener: http.RequestListener,
): Promise<TestServer> {
  const requests: http.IncomingMessage[] = [];
  const pem = readFileSync(CERTIFICATE);
  const create =
    protocol === 'https'
      ? (handle: http.RequestListener) => https.createServer({ key: pem, cert: pem }, handle)
      : http.createServer;
  const server = create((request, response) => {
    requests.push(request);
    listener(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: protocol === 'https' ? `https://localhost:${port}` : `http://127.0.0.1:${port}`,
    certificate: CERTIFICATE,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Answers with a status and a body, JSON unless it is text already. */
export function answers(status: number, body: unknown, type = 'application/json'): http.RequestListener {
  return (_request, response) => {
    response.writeHead(status, { 'content-type': type });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };
}

/** Answers with a problem, as the service does. */
export function problem(status: number, code: string): http.RequestListener {
  const body = { type: 'about:blank', status, code, detail: `About ${code}.`, requestId: 'request-7' };
  return answers(status, body, 'application/problem+json');
}

/** Hangs up. */
export const resets: http.RequestListener = (request) => request.socket.destroy();

/** Never answers. */
export const hangs: http.RequestListener = () => undefined;

/** Hangs up in the middle of its answer. */
export const breaksOff: http.RequestListener = (request, response) => {
  response.writeHead(200, { 'content-length': 9999 });
  response.write('{', () => request.socket.destroy());
};
