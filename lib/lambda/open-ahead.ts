import type http from 'node:http';
import net from 'node:net';
import type { Duplex } from 'node:stream';
import tls from 'node:tls';
import { keptWay, type Way } from '../baidu/http/https.ts';

/** A way over kept connections, the first of which was opened ahead. */
export interface WayAhead extends Way {
  /** The connection opened ahead, whatever becomes of it. */
  readonly ahead: net.Socket;
}

/**
 * A connection opened ahead is taken within this many milliseconds or not at all: a sandbox that was frozen meanwhile
 * finds it dead, and does not learn of that before an attempt's time is over.
 */
const FRESH_MS = 4000;

/**
 * A way to one origin that begins at once: a connection, with its handshake, that the first request then takes. Nothing is
 * sent on it before.
 *
 * @param now the clock, in milliseconds since 1970: it goes on while a sandbox is frozen
 */
export function openAhead(origin: URL, now: () => number = Date.now): WayAhead {
  const agent: http.Agent = keptWay(origin).agent;
  const connect = agent.createConnection.bind(agent);
  const opened = new WeakSet<Duplex>();
  const peer = peerOf(origin);
  const openedAt = now();
  // What goes wrong with it is seen, and told, by the request that needs a connection; nobody waits for it.
  const ahead = connectTo(peer).on('error', ignore).unref();
  let isTaken = false;

  /** The connection opened ahead, where it is fit to be used; whatever it is, nobody gets it twice. */
  function take({ host, port }: http.ClientRequestArgs): net.Socket | undefined {
    if (isTaken || host !== peer.host || Number(port) !== peer.port) return undefined;
    isTaken = true;
    const age = now() - openedAt;
    if (ahead.destroyed || age < 0 || age > FRESH_MS) {
      ahead.destroy();
      return undefined;
    }
    if (!ahead.connecting) opened.add(ahead);
    return ahead.off('error', ignore).ref();
  }

  agent.createConnection = (options, done) => take(options) ?? connect(options, done);

  return { agent, ahead, wasOpen: (socket) => socket !== null && opened.has(socket) };
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
