import diagnostics from 'node:diagnostics_channel';
import { once } from 'node:events';
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createTransport, TransportError } from '../../../../lib/baidu/http/https.ts';
import {
  type Behaviour,
  hangs,
  resets,
  type ScriptedBaidu,
  says,
  startBaidu,
} from '../../../support/baidu.ts';

const LIMITS = { timeoutMs: 20_000, maxBytes: 10 };

let baidu: ScriptedBaidu;
let url: URL;
beforeEach(async () => {
  baidu = await startBaidu();
  url = new URL(baidu.url);
  baidu.always(says('fine'));
});
afterEach(async () => {
  vi.restoreAllMocks();
  await baidu.close();
});

/** What the two states of a request that came to nothing have to be. */
function fault(name: string, onKeptConnection = false) {
  return expect.objectContaining({
    name: 'TransportError',
    message: `The request ended without an answer (${name}).`,
    fault: name,
    onKeptConnection,
  });
}

test('TransportError is of a new connection where nothing else is said, and keeps its cause', () => {
  const cause = new Error('socket hang up');
  expect(new TransportError('timeout')).toMatchObject({ onKeptConnection: false, cause: undefined });
  expect(new TransportError('broken', { cause, onKeptConnection: true })).toMatchObject({
    onKeptConnection: true,
    cause,
  });
});

describe('createTransport()', () => {
  test('returns the whole answer, whatever its status', async () => {
    baidu.play(says('你好', 503), (_request, response) => {
      response.write('in ', () => response.end('two'));
    });
    const get = createTransport(url);
    expect(await get(url, LIMITS)).toEqual({ status: 503, body: Buffer.from('你好') });
    expect(await get(url, LIMITS)).toEqual({ status: 200, body: Buffer.from('in two') });
  });

  test('sends a GET that asks for JSON and says who asks', async () => {
    const asked = vi.fn();
    baidu.play((request, response) => {
      asked(
        request.method,
        request.headers.accept,
        request.headers['user-agent'],
        request.headers.connection,
      );
      says('fine')(request, response);
    });
    await createTransport(url)(url, LIMITS);
    expect(asked).toHaveBeenCalledExactlyOnceWith(
      'GET',
      'application/json',
      'baidu-payment-status',
      'keep-alive',
    );
  });

  test('sends a form as a POST that says how long it is', async () => {
    const asked = vi.fn();
    baidu.play(async (request, response) => {
      const { 'content-type': type, 'content-length': length, accept } = request.headers;
      asked(request.method, type, length, accept, await text(request));
      says('fine')(request, response);
    });
    await createTransport(url)(url, LIMITS, 'a=1&b=%26');
    expect(asked).toHaveBeenCalledExactlyOnceWith(
      'POST',
      'application/x-www-form-urlencoded',
      '9',
      'application/json',
      'a=1&b=%26',
    );
  });

  test('keeps nothing of an answer that is no HTTP', async () => {
    baidu.play((request) => request.socket.end('the-token-that-came\r\n\r\n'));
    const error = await createTransport(url)(url, LIMITS).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ fault: 'broken', cause: { code: expect.stringMatching(/^HPE_/) } });
    expect(error).not.toHaveProperty('cause.rawPacket');
  });

  test('follows no redirect', async () => {
    baidu.play(says('', 302, { location: '/elsewhere' }));
    expect((await createTransport(url)(url, LIMITS)).status).toBe(302);
    expect(baidu.requests).toHaveLength(1);
  });

  test('takes an answer up to its limit, and not a byte more', async () => {
    baidu.play(says('x'.repeat(10)), says('x'.repeat(11)));
    const get = createTransport(url);
    expect((await get(url, LIMITS)).body).toHaveLength(10);
    await expect(get(url, LIMITS)).rejects.toEqual(fault('too-large', true));
  });

  test('adds up what comes in pieces', async () => {
    baidu.play((_request, response) => {
      response.write('123456', () => setImmediate(() => response.write('789012')));
    });
    await expect(createTransport(url)(url, LIMITS)).rejects.toEqual(fault('too-large'));
  });

  test.each<[string, Behaviour]>([
    ['nothing', hangs],
    ['half an answer', (_request, response) => response.write('half')],
  ])('gives up in time after %s, and hangs up', async (_name, behaviour) => {
    const closed = vi.fn();
    baidu.play((request, response) => {
      request.socket.on('close', closed);
      behaviour(request, response);
    });
    await expect(createTransport(url)(url, { ...LIMITS, timeoutMs: 200 })).rejects.toEqual(fault('timeout'));
    await vi.waitFor(() => expect(closed).toHaveBeenCalled());
  });

  test.each<[string, Behaviour, Record<string, unknown>]>([
    ['ends', (request) => request.socket.end(), { code: 'ECONNRESET' }],
    ['is reset', resets, { code: 'ECONNRESET' }],
  ])('calls Baidu unreachable where the connection %s before an answer', async (_name, behaviour, cause) => {
    baidu.play(behaviour);
    const error = await createTransport(url)(url, LIMITS).catch((thrown: unknown) => thrown);
    expect(error).toEqual(fault('unreachable'));
    expect(error).toMatchObject({ cause });
  });

  test('calls Baidu unreachable where nothing listens', async () => {
    await baidu.close();
    await expect(createTransport(url)(url, LIMITS)).rejects.toEqual(fault('unreachable'));
  });

  test('calls Baidu unreachable after an error that has no code', async () => {
    const open = http.request;
    vi.spyOn(http, 'request').mockImplementation((...args: unknown[]) => {
      const request = (open as (...args: unknown[]) => http.ClientRequest)(...args);
      request.once('socket', () => request.emit('error', new Error('no code')));
      return request;
    });
    await expect(createTransport(url)(url, LIMITS)).rejects.toEqual(fault('unreachable'));
  });

  test.each<[string, Behaviour]>([
    [
      'ends',
      (request, response) => {
        response.writeHead(200, { 'content-length': 9 });
        response.write('half', () => request.socket.end());
      },
    ],
    [
      'is reset',
      (request, response) => {
        const onAnswer = () => {
          diagnostics.unsubscribe('http.client.response.finish', onAnswer);
          request.socket.resetAndDestroy();
        };
        diagnostics.subscribe('http.client.response.finish', onAnswer);
        response.writeHead(200, { 'content-length': 9 });
        response.write('half');
      },
    ],
    [
      'loses its framing',
      (request, response) => {
        response.flushHeaders();
        request.socket.write('no chunk\r\n');
      },
    ],
    ['speaks no HTTP', (request) => request.socket.end('SSH-2.0-OpenSSH_9.2\r\n\r\n')],
  ])('calls an answer broken whose connection %s', async (_name, behaviour) => {
    baidu.play(behaviour);
    const error = await createTransport(url)(url, LIMITS).catch((thrown: unknown) => thrown);
    expect(error).toEqual(fault('broken'));
    expect(error).toMatchObject({ cause: expect.any(Error) });
  });

  test.each<[string, Behaviour]>([
    ['an answer', says('fine')],
    ['a failure', resets],
  ])('leaves no timer behind after %s', async (_name, behaviour) => {
    baidu.play(behaviour);
    const set = vi.spyOn(globalThis, 'setTimeout');
    const clear = vi.spyOn(globalThis, 'clearTimeout');
    await createTransport(url)(url, { ...LIMITS, timeoutMs: 12_345 }).catch(() => undefined);
    const index = set.mock.calls.findIndex(([, ms]) => ms === 12_345);
    expect(clear).toHaveBeenCalledWith(set.mock.results[index]?.value);
  });

  test('speaks TLS unless told otherwise', async () => {
    const firstByte = Promise.withResolvers<number | undefined>();
    const server = net.createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', (chunk) => {
        firstByte.resolve(chunk[0]);
        socket.destroy();
      });
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    const secure = new URL(`https://127.0.0.1:${port}`);
    await expect(createTransport(secure)(secure, LIMITS)).rejects.toEqual(fault('unreachable'));
    expect(await firstByte.promise).toBe(0x16);
    server.close();
    await expect(createTransport(secure)(url, LIMITS)).rejects.toThrow('"http:" not supported');
  });
});

describe('createTransport(): connections', () => {
  test('are kept and used again', async () => {
    const get = createTransport(url);
    for (let count = 0; count < 3; count++) await get(url, LIMITS);
    expect(baidu.connections()).toBe(1);
  });

  test('are told from new ones when they turn out dead', async () => {
    const get = createTransport(url);
    await get(url, LIMITS);
    baidu.play(resets);
    await expect(get(url, LIMITS)).rejects.toEqual(fault('unreachable', true));
  });

  /** Opens two connections at the same time; both are idle afterwards, unless the second failed. */
  async function openTwo(get: ReturnType<typeof createTransport>, second: Behaviour) {
    const held: (() => void)[] = [];
    const hold =
      (behaviour: Behaviour): Behaviour =>
      (request, response) => {
        held.push(() => behaviour(request, response));
        if (held.length === 2) for (const release of held) release();
      };
    baidu.play(hold(says('fine')), hold(second));
    await Promise.allSettled([get(url, LIMITS), get(url, LIMITS)]);
    expect(baidu.connections()).toBe(2);
  }

  test('that are idle are all dropped when a kept one turns out dead', async () => {
    const get = createTransport(url);
    const closed = vi.fn();
    await openTwo(get, says('fine'));
    baidu.play((request, response) => {
      request.socket.on('close', closed);
      resets(request, response);
    });
    await expect(get(url, LIMITS)).rejects.toEqual(fault('unreachable', true));
    await get(url, LIMITS);
    expect(baidu.connections()).toBe(3);
  });

  test('that are idle are kept when a new one fails', async () => {
    const get = createTransport(url);
    await openTwo(get, resets);
    await get(url, LIMITS);
    expect(baidu.connections()).toBe(2);
  });
});
