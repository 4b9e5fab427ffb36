import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** A moment on the wire: a call of a service has arrived, or its answer is about to go back. */
export type Moment = `${string} ${'asked' | 'answered'}`;

/** An HTTP proxy that names the calls that pass and can stop the world at one. */
export interface WireTap {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Starts a proxy on a free port of 127.0.0.1 in front of another one's URL.
 *
 * @param onMoment called for each moment, named by the service's action (`PutItem`, `Publish`, …); while it returns
 *   `false` the call goes no further
 */
export async function startWireTap(target: string, onMoment: (moment: Moment) => boolean): Promise<WireTap> {
  const { port } = new URL(target);
  const agent = new http.Agent({ keepAlive: true });
  const server = http.createServer(async (request, response) => {
    const body = await buffer(request).catch(() => undefined);
    if (!body) return;
    const name = actionOf(request, body);
    if (!onMoment(`${name} asked`)) return request.socket.destroy();
    const { method, url, headers } = request;
    const options = { host: '127.0.0.1', port, method, path: url, headers, agent };
    const forwarded = http.request(options, async (answer) => {
      const content = await buffer(answer);
      if (!onMoment(`${name} answered`)) return request.socket.destroy();
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      response.end(content);
      return;
    });
    forwarded.on('error', () => request.socket.destroy());
    forwarded.end(body);
    return;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
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
