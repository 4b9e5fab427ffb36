import net, { type AddressInfo } from 'node:net';

/** A way to a server that takes time to go, as a network does. */
export interface Distance {
  readonly port: number;
  /** There and back, in milliseconds. */
  roundTripMs: number;
  close(): Promise<void>;
}

/**
 * Starts a proxy in front of a port of this machine. Every byte is under way for half a round trip, and the first for one
 * more, which the handshake of TCP takes: the kernel of this machine does it at once.
 */
export async function startDistance(targetPort: number): Promise<Distance> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer({ noDelay: true }, (near) => {
    const openAt = performance.now() + distance.roundTripMs;
    const far = net.connect({ port: targetPort, host: '127.0.0.1', noDelay: true });
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => sockets.delete(socket));
    }
    carry(near, far, openAt);
    carry(far, near, openAt);
  });

  function carry(from: net.Socket, to: net.Socket, openAt: number): void {
    const later = (act: () => void) => {
      const now = performance.now();
      const leftMs = Math.max(openAt - now, 0) + distance.roundTripMs / 2;
      if (leftMs > 0) setTimeout(act, leftMs);
      else act();
    };
    from.on('data', (chunk) => later(() => to.write(chunk)));
    from.on('end', () => later(() => to.end()));
    from.on('close', () => later(() => to.destroy()));
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const distance: Distance = {
    port: (server.address() as AddressInfo).port,
    roundTripMs: 0,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
  return distance;
}
