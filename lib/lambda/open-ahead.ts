import type http from 'node:http';
import net from 'node:net';
import type { Duplex } from 'node:stream';
import { setImmediate as immediate } from 'node:timers/promises';
import tls from 'node:tls';
import { keptWay, type Way } from '../baidu/http/https.ts';

/** A way over kept connections, and the one of them that was opened ahead. */
export interface WayAhead extends Way {
  /** What becomes of the connection opened ahead. */
  readonly ahead: Ahead;
}

/** How far a connection opened ahead has come; both are resolved where it comes to nothing, too. */
export interface Ahead {
  /** It has reached its peer. */
  readonly reached: Promise<void>;
  /** Its handshake is over. */
  readonly secured: Promise<void>;
}

/**
 * A connection opened ahead is taken within this many milliseconds or not at all: a sandbox that was frozen meanwhile
 * finds it dead, and does not learn of that before an attempt's time is over.
 */
const FRESH_MS = 4000;

/**
 * A way to one origin that begins at once: a connection with its handshake that the first request then takes, and on which
 * nothing is sent before.
 *
 * @param after what is more urgent: the handshake, some milliseconds of work, waits for it, but no longer than until a
 *   request comes
 * @param now the clock, in milliseconds since 1970: it goes on while a sandbox is frozen
 */
export function openAhead(
  origin: URL,
  { after, now = Date.now }: { after?: Promise<void> | undefined; now?: () => number } = {},
): WayAhead {
  const { agent } = keptWay(origin);
  const connect = agent.createConnection.bind(agent);
  const opened = new WeakSet<Duplex>();
  const peer = peerOf(origin);
  const first = open(peer, after);
  let ahead: (typeof first & { at: number }) | undefined = { ...first, at: now() };

  /** The connection opened ahead, where it is fit to be used; whatever it is, nobody gets it twice. */
  function take({ host, port }: http.ClientRequestArgs) {
    if (!ahead || host !== peer.host || Number(port) !== peer.port) return undefined;
    const { at, ...taken } = ahead;
    ahead = undefined;
    const age = now() - at;
    if (!taken.tcp.destroyed && age >= 0 && age <= FRESH_MS) return taken;
    taken.tcp.destroy();
    return undefined;
  }

  agent.createConnection = (
    options: http.ClientRequestArgs,
    done?: (error: Error | null, socket: Duplex) => void,
  ) => {
    const taken = take(options);
    if (!taken) return connect(options, done);
    const { tcp, reached, secure } = taken;
    const use = () => secure().off('error', ignore).ref();
    if (tcp.connecting) {
      void reached.then(() => {
        const socket = tcp.destroyed ? connect(options) : use();
        if (socket) done?.(null, socket);
      });
      return undefined;
    }
    const socket = use();
    opened.add(socket);
    return socket;
  };

  return { agent, ahead: first, wasOpen: (socket) => socket !== null && opened.has(socket) };
}

function peerOf({ protocol, hostname, port }: URL) {
  const isPlain = protocol === 'http:';
  return { isPlain, host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || (isPlain ? 80 : 443)) };
}

/** Connects at once. */
function open({ isPlain, host, port }: ReturnType<typeof peerOf>, after: Promise<void> | undefined) {
  const tcp = quiet(net.connect({ host, port, noDelay: true }));
  const reached = settled(tcp, 'connect');
  if (isPlain) return { tcp, reached, secured: reached, secure: () => tcp };
  // An address is not named to the server (RFC 6066, 3); the certificate must hold it nevertheless.
  const identity = net.isIP(host) ? { host } : { host, servername: host };
  const options = { ...identity, socket: tcp, ALPNProtocols: ['http/1.1'] };
  let socket: tls.TLSSocket | undefined;
  /** Begins the handshake, unless it has begun; not before the peer was reached, by whichever of its addresses. */
  const secure = () => (socket ??= quiet(tls.connect(options)));
  // What waits for the urgent one, and is written with its last event, goes first, too.
  const secured = Promise.all([reached, after?.then(() => immediate())]).then(() =>
    tcp.destroyed ? undefined : settled(secure(), 'secureConnect'),
  );
  return { tcp, reached, secured, secure };
}

/** Resolves with the event, or when there will be none. */
function settled(socket: net.Socket, event: 'connect' | 'secureConnect'): Promise<void> {
  return new Promise((resolve) => socket.once(event, resolve).once('close', () => resolve()));
}

/** What goes wrong with it is seen, and told, by the request that needs a connection; nobody waits for it. */
function quiet<T extends net.Socket>(socket: T): T {
  return socket.on('error', ignore).unref();
}

function ignore(): void {}
