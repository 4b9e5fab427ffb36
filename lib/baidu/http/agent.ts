import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import type { Duplex } from 'node:stream';
import tls from 'node:tls';

/** An agent that keeps connections. */
export interface KeepingAgent {
  readonly agent: http.Agent | https.Agent;
  /** The connection opened ahead, whatever becomes of it. */
  readonly ahead: net.Socket | undefined;
  /** Whether a connection was open before the request that it was given to was made. */
  wasOpen(socket: Duplex | null): boolean;
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
 * @param openAhead opens a connection at once, with its handshake, that the first request then takes; sends nothing on it
 * @param now the clock, in milliseconds since 1970: it goes on while a sandbox is frozen
 */
export function createKeepingAgent(
  origin: URL,
  { openAhead = false, now = Date.now }: { openAhead?: boolean; now?: () => number } = {},
): KeepingAgent {
  const { Agent } = origin.protocol === 'http:' ? http : https;
  const agent = new Agent({ keepAlive: true, maxFreeSockets: MOST_IDLE });
  const connect = agent.createConnection.bind(agent);
  const opened = new WeakSet<Duplex>();
  const peer = peerOf(origin);
  let ahead = openAhead ? { socket: connectTo(peer), at: now() } : undefined;
  // What goes wrong with it is seen, and told, by the request that needs a connection; nobody waits for it.
  ahead?.socket.on('error', ignore).unref();

  /** The connection opened ahead, where it is fit to be used; whatever it is, nobody gets it twice. */
  function take({ host, port }: http.ClientRequestArgs): net.Socket | undefined {
    if (!ahead || host !== peer.host || Number(port) !== peer.port) return undefined;
    const { socket, at } = ahead;
    ahead = undefined;
    const age = now() - at;
    if (socket.destroyed || age < 0 || age > FRESH_MS) {
      socket.destroy();
      return undefined;
    }
    if (!socket.connecting) opened.add(socket);
    return socket.off('error', ignore).ref();
  }

  agent.createConnection = (options, done) => take(options) ?? connect(options, done);

  return { agent, ahead: ahead?.socket, wasOpen: (socket) => socket !== null && opened.has(socket) };
}

function peerOf({ protocol, hostname, port }: URL) {
  const isPlain = protocol === 'http:';
  return { isPlain, host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || (isPlain ? 80 : 443)) };
}

function connectTo({ isPlain, host, port }: ReturnType<typeof peerOf>): net.Socket {
  const options = { host, port, noDelay: true };
  if (isPlain) return net.connect(options);
  const tlsOptions = { ...options, ALPNProtocols: ['http/1.1'] };
  // An address is not named to the server: RFC 6066, 3.
  return tls.connect(net.isIP(host) ? tlsOptions : { ...tlsOptions, servername: host });
}

function ignore(): void {}
