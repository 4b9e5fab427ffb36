import http from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** A moment on the wire: a call of a service has arrived, or its answer is about to go back. */
export type Moment = `${string} ${'asked' | 'answered'}`;

/**
 * What becomes of a call: it goes on, its connection is cut, it is never answered, its answer stalls after the headers, or
 * it is answered so.
 */
export type Fate = 'pass' | 'cut' | 'hang' | 'stall' | { status: number; body: string };

/** Where on its connection a call comes: 1 for the first. */
export interface Place {
  readonly useOfConnection: number;
}

/** An HTTP proxy that names the calls that pass and can decide over each. */
export interface WireTap {
  readonly url: string;
  /** Cuts every connection that is open now. */
  cut(): void;
  close(): Promise<void>;
}

/**
 * Starts a proxy on a free port of 127.0.0.1 in front of another one's URL.
 *
 * @param decide called for each moment, named by the service's action (`PutItem`, `Publish`, `query`, …)
 */
export async function startWireTap(
  target: string,
  decide: (moment: Moment, place: Place) => Fate | Promise<Fate>,
): Promise<WireTap> {
  const { port } = new URL(target);
  const agent = new http.Agent({ keepAlive: true });
  const uses = new WeakMap<Socket, number>();
  const server = http.createServer(async (request, response) => {
    const body = await buffer(request).catch(() => undefined);
    if (!body) return;
    const name = actionOf(request, body);
    const useOfConnection = (uses.get(request.socket) ?? 0) + 1;
    uses.set(request.socket, useOfConnection);

    async function goesOn(moment: Moment): Promise<boolean> {
      const fate = await decide(moment, { useOfConnection });
      if (fate === 'cut') request.socket.destroy();
      if (fate === 'stall') {
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
        response.write('{');
      }
      if (typeof fate === 'object') {
        response.writeHead(fate.status, { 'content-type': 'application/x-amz-json-1.0' });
        response.end(fate.body);
      }
      return fate === 'pass';
    }

    if (!(await goesOn(`${name} asked`))) return;
    const { method, url, headers } = request;
    const options = { host: '127.0.0.1', port, method, path: url, headers, agent };
    const forwarded = http.request(options, async (answer) => {
      const content = await buffer(answer);
      if (!(await goesOn(`${name} answered`))) return;
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      response.end(content);
    });
    forwarded.on('error', () => request.socket.destroy());
    forwarded.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut: () => server.closeAllConnections(),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
        agent.destroy();
      }),
  };
}

function actionOf({ headers, url }: http.IncomingMessage, body: Buffer): string {
  const target = headers['x-amz-target'];
  if (typeof target === 'string') return target.split('.')[1] ?? target;
  return (
    new URLSearchParams(body.toString()).get('Action') ??
    (url?.includes('queryorderdetail') ? 'query' : 'call')
  );
}
