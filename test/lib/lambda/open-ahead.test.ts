import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo, Server, Socket } from 'node:net';
import path from 'node:path';
import tls from 'node:tls';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { createTransport } from '../../../lib/baidu/http/https.ts';
import { openAhead } from '../../../lib/lambda/open-ahead.ts';

const LIMITS = { timeoutMs: 20_000, maxBytes: 100 };
const CERTIFICATE = path.resolve(import.meta.dirname, '../../examples/localhost.pem');
const PEM = readFileSync(CERTIFICATE);

const trusted = tls.getCACertificates();
beforeAll(() => tls.setDefaultCACertificates([...trusted, PEM.toString()]));
afterAll(() => tls.setDefaultCACertificates(trusted));

const servers: Server[] = [];
afterEach(async () => {
  vi.restoreAllMocks();
  await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
});

type Protocol = 'http' | 'https';

/** A server that says “fine”, with its connections, on TLS after the handshake; on a port of its own unless one is named. */
async function serve(protocol: Protocol, port = 0, address = '127.0.0.1') {
  const answer: http.RequestListener = (_request, response) => void response.end('fine');
  const server =
    protocol === 'http' ? http.createServer(answer) : https.createServer({ key: PEM, cert: PEM }, answer);
  servers.push(server);
  const sockets: Socket[] = [];
  server.on(protocol === 'http' ? 'connection' : 'secureConnection', (socket: Socket) =>
    sockets.push(socket),
  );
  const connections: Socket[] = [];
  server.on('connection', (socket) => connections.push(socket));
  await once(server.listen(port, address), 'listening');
  const url = new URL(`${protocol}://localhost:${(server.address() as AddressInfo).port}`);
  const connected = () => vi.waitUntil(() => sockets[0], { timeout: 5000 });
  const cut = () => connections[0]?.resetAndDestroy();
  return { url, sockets, connected, cut };
}

/** One request by an agent. */
async function get(agent: http.Agent, url: URL): Promise<Socket | null> {
  const request = (url.protocol === 'http:' ? http : https).get(url, { agent });
  const [response] = await once(request, 'response');
  response.resume();
  await once(response, 'end');
  return request.socket;
}

describe.each(['http', 'https'] as const)('a connection opened ahead over %s', (protocol) => {
  test('is open before anything is asked, and sends nothing by itself', async () => {
    const { url, sockets, connected } = await serve(protocol);
    const { agent } = openAhead(url);
    const socket = await connected();
    const heard = vi.fn<() => void>();
    socket.on('data', heard);
    agent.createConnection({ host: url.hostname, port: Number(url.port) })?.destroy();
    await vi.waitUntil(() => socket.destroyed);
    expect(heard).not.toHaveBeenCalled();
    expect(sockets).toHaveLength(1);
  });

  test('is taken by the first request, once, and kept for the next', async () => {
    const { url, sockets, connected } = await serve(protocol);
    const { agent, wasOpen } = openAhead(url);
    await connected();
    const [first, second] = await Promise.all([get(agent, url), get(agent, url)]);
    expect(sockets).toHaveLength(2);
    expect([wasOpen(first), wasOpen(second), wasOpen(null)]).toEqual([true, false, false]);
    await get(agent, url);
    expect(sockets).toHaveLength(2);
    agent.destroy();
  });

  test('is taken while its handshake is still under way', async () => {
    const { url, sockets } = await serve(protocol);
    const { agent, wasOpen } = openAhead(url);
    expect(wasOpen(await get(agent, url))).toBe(false);
    expect(sockets).toHaveLength(1);
    agent.destroy();
  });

  test('is given to no request for another server', async () => {
    const [asked, other] = [await serve(protocol), await serve(protocol)];
    const { agent, wasOpen } = openAhead(asked.url);
    const heard = vi.fn<() => void>();
    (await asked.connected()).on('data', heard);
    expect(wasOpen(await get(agent, other.url))).toBe(false);
    expect(other.sockets).toHaveLength(1);
    expect(heard).not.toHaveBeenCalled();
    expect(wasOpen(await get(agent, asked.url))).toBe(true);
    agent.destroy();
  });

  test('does not keep a process alive', async () => {
    const { url } = await serve(protocol);
    const program = `import { openAhead } from ${JSON.stringify(path.resolve(import.meta.dirname, '../../../lib/lambda/open-ahead.ts'))};
      openAhead(new URL(${JSON.stringify(url.href)}));`;
    await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program], {
      timeout: 10_000,
      env: { ...process.env, NODE_EXTRA_CA_CERTS: CERTIFICATE },
    });
  });

  test('is not taken after a freeze: it may have died without a word', async () => {
    const { url, sockets, connected } = await serve(protocol);
    let now = 1_000_000;
    const { agent, wasOpen } = openAhead(url, () => now);
    const first = await connected();
    now += 4001;
    expect(wasOpen(await get(agent, url))).toBe(false);
    await vi.waitUntil(() => first.destroyed);
    expect(sockets).toHaveLength(2);
    agent.destroy();
  });

  test('is taken up to 4 s later, and not where the clock was set back', async () => {
    const { url, connected } = await serve(protocol);
    for (const [laterMs, taken] of [
      [4000, true],
      [-1, false],
    ] as const) {
      let now = 1_000_000;
      const { agent, wasOpen } = openAhead(url, () => now);
      await connected();
      await new Promise((resolve) => setImmediate(resolve));
      now += laterMs;
      expect(wasOpen(await get(agent, url))).toBe(taken);
      agent.destroy();
    }
  });

  test('is replaced where the server has closed it meanwhile', async () => {
    const { url, sockets, connected, cut } = await serve(protocol);
    const { agent, wasOpen } = openAhead(url);
    const closed = once(await connected(), 'close');
    cut();
    await closed;
    await new Promise((resolve) => setTimeout(resolve, 0));
    expect(wasOpen(await get(agent, url))).toBe(false);
    expect(sockets).toHaveLength(2);
    agent.destroy();
  });

  test('that breaks just when it is used is told from a new one, so that the request goes out again', async () => {
    const { url, connected, cut } = await serve(protocol);
    const send = createTransport(url, openAhead(url));
    const socket = await connected();
    await new Promise((resolve) => setImmediate(resolve));
    socket.removeAllListeners('data');
    socket.once('data', cut);
    await expect(send(url, LIMITS)).rejects.toMatchObject({ fault: 'unreachable', onKeptConnection: true });
    expect((await send(url, LIMITS)).status).toBe(200);
  });

  test('that cannot be opened costs nothing: the first request opens its own', async () => {
    const away = await serve(protocol);
    const { port } = away.url;
    await new Promise((resolve) => servers.pop()?.close(resolve));
    const { agent, wasOpen } = openAhead(away.url);
    await new Promise((resolve) => setTimeout(resolve, 20));
    const back = await serve(protocol, Number(port));
    expect(wasOpen(await get(agent, back.url))).toBe(false);
    expect(back.sockets).toHaveLength(1);
    agent.destroy();
  });
});

describe('the handshake of a connection opened ahead', () => {
  test('names the server and speaks HTTP/1.1', async () => {
    const { url, connected } = await serve('https');
    const { agent } = openAhead(url);
    expect(await connected()).toMatchObject({ servername: 'localhost', alpnProtocol: 'http/1.1' });
    await get(agent, url);
    agent.destroy();
  });

  test.each([
    ['127.0.0.1', undefined],
    ['127.0.0.2', 'ERR_TLS_CERT_ALTNAME_INVALID'],
  ])('holds the certificate against an address, too: %s', async (address, code) => {
    const { url } = await serve('https', 0, address);
    url.hostname = address;
    const { agent } = openAhead(url);
    const outcome = await get(agent, url).then(
      () => undefined,
      ({ code }) => code,
    );
    expect(outcome).toBe(code);
    agent.destroy();
  });

  test('that fails is told by the request that needs a connection', async () => {
    const { url } = await serve('https');
    url.hostname = '127.0.0.2';
    const { agent, ahead } = openAhead(url);
    await new Promise((resolve) => ahead.once('close', resolve));
    await expect(get(agent, url)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    agent.destroy();
  });
});
