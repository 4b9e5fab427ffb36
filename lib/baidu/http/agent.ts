import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import type { Duplex } from 'node:stream';
import { setImmediate as immediate } from 'node:timers/promises';
import tls from 'node:tls';

/** An agent that keeps connections. */
export interface KeepingAgent {
  readonly agent: http.Agent | https.Agent;
  /** What becomes of the connection opened ahead. */
  readonly ahead: Ahead | undefined;
  /** Whether a connection was open before the request that it was given to was made. */
  wasOpen(socket: Duplex | null): boolean;
}

/** How far a connection opened ahead has come; both are resolved where it comes to nothing, too. */
export interface Ahead {
  /** It has reached its peer. */
  readonly reached: Promise<void>;
  /** Its handshake is over. */
  readonly secured: Promise<void>;
}

/** Whether a connection is opened before there is a request for it, and when. */
export interface AheadOptions {
  /** Opens a connection at once, with its handshake, that the first request then takes; sends nothing on it. */
  readonly openAhead?: boolean | undefined;
  /** What is more urgent: the handshake, some milliseconds of work, waits for it, but no longer than until a request comes. */
  readonly after?: Promise<void> | undefined;
}

/**
 * A connection opened ahead is taken within this many milliseconds or not at all: a sandbox that was frozen meanwhile
 * finds it dead, and does not learn of that before an attempt's time is over.
 */
const FRESH_MS = 4000;

/** Idle connections to one origin that are kept. */
const MOST_IDLE = 32;

/**
 * An agent with kept-alive connections to one origin.
 *
 * @param now the clock, in milliseconds since 1970: it goes on while a sandbox is frozen
 */
export function createKeepingAgent(
  origin: URL,
  { openAhead = false, after, now = Date.now }: AheadOptions & { now?: () => number } = {},
): KeepingAgent {
  const { Agent } = origin.protocol === 'http:' ? http : https;
  const agent = new Agent({ keepAlive: true, maxFreeSockets: MOST_IDLE });
  const connect = agent.createConnection.bind(agent);
  const opened = new WeakSet<Duplex>();
  const peer = peerOf(origin);
  let ahead = openAhead ? { ...open(peer, after), at: now() } : undefined;

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

  agent.createConnection = (options, done) => {
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

  return { agent, ahead, wasOpen: (socket) => socket !== null && opened.has(socket) };
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
