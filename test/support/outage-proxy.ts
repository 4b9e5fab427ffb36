import net from 'node:net';

/** What stands between a client and a service: it lets through, refuses, or takes and never answers. */
export type Weather = 'fair' | 'refusing' | 'silent';

/** A TCP proxy that a test can turn into an outage. */
export interface OutageProxy {
  readonly url: string;
  weather(next: Weather): void;
  close(): Promise<void>;
}

/** Starts a proxy on a free port of 127.0.0.1 in front of another one's URL. */
export async function startProxy(target: string): Promise<OutageProxy> {
  const { port } = new URL(target);
  const sockets = new Set<net.Socket>();
  let now: Weather = 'fair';
  const server = net.createServer((client) => {
    sockets.add(client);
    client.on('close', () => sockets.delete(client));
    client.on('error', () => undefined);
    if (now === 'refusing') return client.resetAndDestroy();
    if (now === 'silent') return;
    const upstream = net.connect(Number(port), '127.0.0.1');
    upstream.on('error', () => client.destroy());
    client.on('close', () => upstream.destroy());
    client.pipe(upstream).pipe(client);
    return;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as net.AddressInfo).port}`,
    weather: (next) => {
      now = next;
      // What is open now would carry on in the old weather.
      for (const socket of sockets) socket.resetAndDestroy();
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
