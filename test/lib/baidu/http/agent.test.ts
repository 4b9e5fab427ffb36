import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo, Server, Socket } from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { createKeepingAgent } from '../../../../lib/baidu/http/agent.ts';
import { createTransport } from '../../../../lib/baidu/http/https.ts';

const LIMITS = { timeoutMs: 20_000, maxBytes: 100 };
const PEM = readFileSync(path.resolve(import.meta.dirname, '../../../examples/localhost.pem'));

const servers: Server[] = [];
afterEach(async () => {
  vi.restoreAllMocks();
  await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
});

/** A server that says “fine”, with its connections; on a port of its own unless one is named. */
async function serve(protocol: 'http' | 'https' = 'http', port = 0) {
  const answer: http.RequestListener = (_request, response) => void response.end('fine');
  const server =
    protocol === 'http' ? http.createServer(answer) : https.createServer({ key: PEM, cert: PEM }, answer);
  servers.push(server);
  const sockets: Socket[] = [];
  server.on(protocol === 'http' ? 'connection' : 'secureConnection', (socket: Socket) =>
    sockets.push(socket),
  );
  await once(server.listen(port, '127.0.0.1'), 'listening');
  const url = new URL(`${protocol}://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const connected = () => vi.waitUntil(() => sockets[0], { timeout: 5000 });
  return { url, sockets, connected };
}

/** One request by an agent. */
async function get(agent: http.Agent, url: URL): Promise<Socket | null> {
  const request = http.get(url, { agent });
  const [response] = await once(request, 'response');
  response.resume();
  await once(response, 'end');
  return request.socket;
}

describe('a connection opened ahead', () => {
  test('is open before anything is asked, and sends nothing by itself', async () => {
    const { url, sockets, connected } = await serve();
    const { agent } = createKeepingAgent(url, { openAhead: true });
    const socket = await connected();
    expect(socket.bytesRead).toBe(0);
    agent.createConnection({ host: url.hostname, port: Number(url.port) })?.destroy();
    await vi.waitUntil(() => socket.destroyed);
    expect(socket.bytesRead).toBe(0);
    expect(sockets).toHaveLength(1);
  });

  test('is not opened where nobody wants it', async () => {
    const { url, sockets } = await serve();
    const { agent } = createKeepingAgent(url);
    await get(agent, url);
    expect(sockets).toHaveLength(1);
    agent.destroy();
  });

  test('is taken by the first request, once, and kept for the next', async () => {
    const { url, sockets, connected } = await serve();
    const { agent, wasOpen } = createKeepingAgent(url, { openAhead: true });
    await connected();
    const [first, second] = await Promise.all([get(agent, url), get(agent, url)]);
    expect(sockets).toHaveLength(2);
    expect([wasOpen(first), wasOpen(second), wasOpen(null)]).toEqual([true, false, false]);
    await get(agent, url);
    expect(sockets).toHaveLength(2);
    agent.destroy();
  });

  test('is taken while its handshake is still under way', async () => {
    const { url, sockets } = await serve();
    const { agent, wasOpen } = createKeepingAgent(url, { openAhead: true });
    expect(wasOpen(await get(agent, url))).toBe(false);
    expect(sockets).toHaveLength(1);
    agent.destroy();
  });

  test('holds its TLS handshake ahead, with the name of the server', async () => {
    const { url, sockets, connected } = await serve('https');
    url.hostname = 'localhost';
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [
        '--input-type=module',
        '--eval',
        `import { createTransport } from ${JSON.stringify(path.resolve(import.meta.dirname, '../../../../lib/baidu/http/https.ts'))};
         const url = new URL(${JSON.stringify(url.href)});
         const get = createTransport(url, { openAhead: true });
         for (let count = 0; count < 2; count++) {
           const { status, body } = await get(url, { timeoutMs: 5000, maxBytes: 100 });
           console.log(status, body.toString());
         }`,
      ],
      {
        env: {
          ...process.env,
          NODE_EXTRA_CA_CERTS: path.resolve(import.meta.dirname, '../../../examples/localhost.pem'),
        },
      },
    );
    expect(stdout).toBe('200 fine\n200 fine\n');
    expect(await connected()).toMatchObject({ servername: 'localhost', alpnProtocol: 'http/1.1' });
    expect(sockets).toHaveLength(1);
  });

  test('is given to no request for another server', async () => {
    const [asked, other] = [await serve(), await serve()];
    const { agent, wasOpen } = createKeepingAgent(asked.url, { openAhead: true });
    const socket = await asked.connected();
    expect(wasOpen(await get(agent, other.url))).toBe(false);
    expect([socket.bytesRead, other.sockets.length]).toEqual([0, 1]);
    expect(wasOpen(await get(agent, asked.url))).toBe(true);
    agent.destroy();
  });

  test('does not keep a process alive', async () => {
    const { url } = await serve();
    const program = `import { createKeepingAgent } from ${JSON.stringify(path.resolve(import.meta.dirname, '../../../../lib/baidu/http/agent.ts'))};
      createKeepingAgent(new URL(${JSON.stringify(url.href)}), { openAhead: true });`;
    await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program], {
      timeout: 10_000,
    });
  });

  test('is not taken after a freeze: it may have died without a word', async () => {
    const { url, sockets, connected } = await serve();
    let now = 1_000_000;
    const { agent, wasOpen } = createKeepingAgent(url, { openAhead: true, now: () => now });
    const first = await connected();
    now += 4001;
    expect(wasOpen(await get(agent, url))).toBe(false);
    await vi.waitUntil(() => first.destroyed);
    expect(sockets).toHaveLength(2);
    agent.destroy();
  });

  test('is taken up to 4 s later, and not where the clock was set back', async () => {
    const { url, connected } = await serve();
    for (const [laterMs, taken] of [
      [4000, true],
      [-1, false],
    ] as const) {
      let now = 1_000_000;
      const { agent, wasOpen } = createKeepingAgent(url, { openAhead: true, now: () => now });
      await connected();
      await new Promise((resolve) => setImmediate(resolve));
      now += laterMs;
      expect(wasOpen(await get(agent, url))).toBe(taken);
      agent.destroy();
    }
  });

  test('is replaced where the server has closed it meanwhile', async () => {
    const { url, sockets, connected } = await serve();
    const { agent, wasOpen } = createKeepingAgent(url, { openAhead: true });
    const socket = await connected();
    const closed = once(socket, 'close');
    socket.resetAndDestroy();
    await closed;
    await new Promise((resolve) => setTimeout(resolve, 0));
    expect(wasOpen(await get(agent, url))).toBe(false);
    expect(sockets).toHaveLength(2);
    agent.destroy();
  });

  test('that breaks just when it is used is told from a new one, so that the request goes out again', async () => {
    const { url, connected } = await serve();
    const send = createTransport(url, { openAhead: true });
    const socket = await connected();
    await new Promise((resolve) => setImmediate(resolve));
    socket.removeAllListeners('data');
    socket.once('data', () => socket.resetAndDestroy());
    await expect(send(url, LIMITS)).rejects.toMatchObject({ fault: 'unreachable', onKeptConnection: true });
    expect((await send(url, LIMITS)).status).toBe(200);
  });

  test('that cannot be opened costs nothing: the first request opens its own', async () => {
    const away = await serve();
    const { port } = away.url;
    await new Promise((resolve) => servers.pop()?.close(resolve));
    const { agent, wasOpen } = createKeepingAgent(away.url, { openAhead: true });
    await new Promise((resolve) => setTimeout(resolve, 20));
    const back = await serve('http', Number(port));
    expect(wasOpen(await get(agent, back.url))).toBe(false);
    expect(back.sockets).toHaveLength(1);
    agent.destroy();
  });
});
