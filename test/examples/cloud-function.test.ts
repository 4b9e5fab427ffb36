import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import type http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { type SampleParts, startSampleParts } from '../../local/samples/parts.ts';
import { ownQueryEvent } from '../../local/stack/events.ts';
import { coldStart, contextOf } from '../support/cold-start.ts';
import { EXAMPLE, RUNTIMES } from './cloud-function.ts';
import { answers, breaksOff, hangs, problem, resets, startServer, type TestServer } from './https-server.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');

const TOKEN = 'sample-token-for-the-local-events-only';
const ORDER = { tpOrderId: '18607895241' };
const STATUS = {
  ...{ orderId: '2645985458', siteId: '3269234686470', ...ORDER },
  payment: { status: 'PAID', code: 1, description: '支付成功' },
  refund: { status: 'NONE', code: -1, description: '未退费' },
  verification: { status: 'NOT_VERIFIED', code: -1, description: '无核销数据' },
  source: { api: 'queryorderdetail', timestamp: 1482735200, cached: false, serverLogId: '3200820823' },
};

/** A configuration with another address. */
const at = (serviceUrl: string) => ({ serviceUrl, apiToken: TOKEN });

/** Short pauses, and time enough for a machine that is busy with other tests. */
const LIMITS = { attemptMs: 5000, totalMs: 20_000, pauseMs: 20 };
/** For a server that never answers. */
const IMPATIENT = { attemptMs: 1000 };

/** Takes a piece of script a line, with the function loaded anew for each. */
const INTERPRETER = `require('readline').createInterface({ input: process.stdin }).on('line', (line) => {
  for (const file of Object.keys(require.cache)) delete require.cache[file];
  new Promise((resolve) => resolve(eval(JSON.parse(line)))).then(
    (value) => console.log(JSON.stringify({ version: process.version, value })),
    (error) => console.log(JSON.stringify({ name: error.name, code: error.code, message: error.message })),
  );
})`;

type Listener = http.RequestListener;
const PROBLEM = 'application/problem+json';

test('the folder that is copied has nothing to install', async () => {
  const { main, ...about } = JSON.parse(await readFile(path.join(EXAMPLE, 'package.json'), 'utf8'));
  expect(main).toBe('index.js');
  expect(Object.keys(about).filter((name) => /dependencies|scripts/i.test(name))).toEqual([]);
});

describe.each(RUNTIMES)('the cloud function on Node %s', (version, node) => {
  let folder: string;
  let server: TestServer | undefined;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'cloud-function-'));
    await cp(path.join(EXAMPLE, 'index.js'), path.join(folder, 'index.js'));
  });

  afterEach(async () => {
    await server?.close();
    server = undefined;
  });

  afterAll(async () => {
    for (const each of processes.values()) each.kill();
    await rm(folder, { recursive: true, force: true });
  });

  /** Processes that take one piece of script after another, by the certificate that they trust. */
  const processes = new Map<string | undefined, ChildProcess>();

  const environment = () => ({ NODE_EXTRA_CA_CERTS: server?.certificate, NODE_NO_WARNINGS: '1' });

  /** Runs a piece of script beside the function, which is loaded anew, and returns what it resolves to. */
  async function run(script: string): Promise<Record<string, unknown>> {
    const trusted = server?.certificate;
    const child =
      processes.get(trusted) ?? spawn(node, ['-e', INTERPRETER], { cwd: folder, env: environment() });
    processes.set(trusted, child);
    if (!child.stdin || !child.stdout) throw new Error('The process has no pipes.');
    child.stdin.write(`${JSON.stringify(script)}\n`);
    const [line] = await once(createInterface({ input: child.stdout }), 'line');
    return JSON.parse(line);
  }

  /** Runs a piece of script as `run` does, in a process of its own, which has to end by itself. */
  async function runAlone(script: string): Promise<Record<string, unknown>> {
    const program = promisify(execFile)(node, ['-e', INTERPRETER], { cwd: folder, env: environment() });
    program.child.stdin?.end(`${JSON.stringify(script)}\n`);
    return JSON.parse((await program).stdout);
  }

  const configure = (config: unknown) =>
    writeFile(path.join(folder, 'config.json'), typeof config === 'string' ? config : JSON.stringify(config));

  /** Calls the function as the cloud does. */
  async function call(
    event: unknown,
    config: unknown = { serviceUrl: server?.url, apiToken: TOKEN },
    by = run,
  ) {
    await configure(config);
    const { value } = await by(`require('./index.js').main(${JSON.stringify(event)}, {})`);
    return value as Record<string, unknown>;
  }

  /** Asks with short limits. */
  async function ask(limits: Record<string, number> = {}): Promise<Record<string, unknown>> {
    const args = [ORDER.tpOrderId, { serviceUrl: server?.url, apiToken: TOKEN }, { ...LIMITS, ...limits }];
    return run(`require('./index.js').paymentStatus(...${JSON.stringify(args)})`);
  }

  /** Plays the listeners in turn, and the last one from then on. */
  async function serve(protocol: 'http' | 'https', ...listeners: Listener[]): Promise<void> {
    let count = 0;
    server = await startServer(protocol, (request, response) => {
      listeners[Math.min(count++, listeners.length - 1)]?.(request, response);
    });
  }

  test('says that the order is paid, over TLS, and keeps no process from its end', async () => {
    await serve('https', answers(200, STATUS));
    const { payment, refund, verification } = STATUS;
    expect(await call(ORDER, at(server?.url ?? ''), runAlone)).toEqual({
      ok: true,
      paid: true,
      payment,
      refund,
      verification,
    });
    expect(server?.requests).toHaveLength(1);
    expect(server?.requests[0]).toMatchObject({
      method: 'GET',
      url: `/merchant-orders/${ORDER.tpOrderId}/payment-status`,
      headers: { authorization: `Bearer ${TOKEN}` },
    });
  });

  test('is what it says it is', async () => {
    expect((await run('1'))['version']).toBe(version === 'current' ? process.version : `v${version}`);
  });

  test('trusts no certificate that it does not know', async () => {
    await serve('https', answers(200, STATUS));
    server = server && { ...server, certificate: '' };
    const answer = await ask({ attempts: 1 });
    expect(answer).toMatchObject({ code: 'UNREACHABLE', message: expect.stringContaining('SELF_SIGNED') });
  });

  test.each(['UNPAID', 'UNKNOWN'])('does not take %s for paid', async (status) => {
    await serve('http', answers(200, { ...STATUS, payment: { status, code: 7, description: '' } }));
    expect(await call(ORDER)).toMatchObject({ ok: true, paid: false, payment: { status } });
  });

  test.each([
    [undefined],
    [{}],
    [{ tpOrderId: 18607895241 }],
    [{ tpOrderId: '' }],
    [{ tpOrderId: '..' }],
    [{ tpOrderId: 'a&b' }],
    [{ tpOrderId: 'a b' }],
    [{ tpOrderId: '订单' }],
    [{ tpOrderId: '1\n' }],
    [{ tpOrderId: 'x'.repeat(129) }],
  ])('asks nobody for %j', async (event) => {
    await serve('http', answers(200, STATUS));
    expect(await call(event)).toMatchObject({ ok: false, code: 'INVALID_REQUEST' });
    expect(server?.requests).toEqual([]);
  });

  test.each(['a/../b?c#d', '%2e', "!$%'()*+,-./:;<>?@[]^_`{|}~", 'x'.repeat(128)])(
    'takes %s for one part of the address',
    async (tpOrderId) => {
      await serve('http', answers(200, { ...STATUS, tpOrderId }));
      expect(await call({ tpOrderId })).toMatchObject({ ok: true });
      const [, first, part = '', last, more] = server?.requests[0]?.url?.split('/') ?? [];
      expect([first, decodeURIComponent(part), last, more]).toEqual([
        'merchant-orders',
        tpOrderId,
        'payment-status',
        undefined,
      ]);
    },
  );

  test.each(['', '/', '//'])('takes an address that ends in “%s”', async (end) => {
    await serve('http', answers(200, STATUS));
    const config = { serviceUrl: `${server?.url}${end}`, apiToken: TOKEN };
    expect(await call(ORDER, config)).toMatchObject({ ok: true, paid: true });
    expect(server?.requests[0]?.url).toBe(`/merchant-orders/${ORDER.tpOrderId}/payment-status`);
  });

  test.each([
    ['nonsense', 'config.json is missing or not JSON'],
    [null, 'serviceUrl in config.json must be https:// and a host'],
    [{ apiToken: TOKEN }, 'serviceUrl in config.json must be https:// and a host'],
    [at('http://example.com'), 'serviceUrl in config.json must be https:// and a host'],
    [at('http://127.0.0.1'), 'serviceUrl in config.json must be https:// and a host'],
    [at('http://127.0.0.1:@example.com'), 'serviceUrl in config.json must be https:// and a host'],
    [at('http://127.0.0.1.example.com:80'), 'serviceUrl in config.json must be https:// and a host'],
    [at('http://127.0.0.1:80@example.com'), 'must end after http://127.0.0.1:80: take off @example.com'],
    [at('https://example.com?x=1'), 'must end after https://example.com: take off ?x=1'],
    [
      at('https://example.com/orders/{orderId}/payment-status'),
      'must end after https://example.com: take off /orders/{orderId}/payment-status',
    ],
    [{ serviceUrl: 'https://example.com', apiToken: 'short' }, 'apiToken in config.json must be the token'],
  ])('says what is wrong with the configuration %j', async (config, words) => {
    const answer = await call(ORDER, config);
    expect(answer).toMatchObject({ ok: false, code: 'BAD_CONFIG', message: expect.stringContaining(words) });
    expect(JSON.stringify(answer)).not.toContain(TOKEN);
  });

  test.each<[string, Listener]>([
    ['502', problem(502, 'BAIDU_UNREACHABLE')],
    ['503', problem(503, 'CONFIGURATION_UNAVAILABLE')],
    ['504', problem(504, 'BAIDU_TIMEOUT')],
    ['the gateway’s 503', answers(503, { message: 'Service Unavailable' })],
    ['the gateway’s 429', answers(429, { message: 'Too Many Requests' })],
    ['a reset', resets],
    ['an answer that breaks off', breaksOff],
    ['silence', hangs],
  ])('asks again after %s', async (_name, listener) => {
    await serve('http', listener, listener, answers(200, STATUS));
    expect((await ask(listener === hangs ? IMPATIENT : {}))['value']).toEqual(STATUS);
    expect(server?.requests).toHaveLength(3);
  });

  test.each<[string, Listener, Record<string, unknown>]>([
    ['504', problem(504, 'BAIDU_TIMEOUT'), { code: 'BAIDU_TIMEOUT', message: 'About BAIDU_TIMEOUT.' }],
    ['a reset', resets, { code: 'UNREACHABLE' }],
    ['silence', hangs, { code: 'TIMEOUT' }],
  ])('gives up after three times %s', async (_name, listener, error) => {
    await serve('http', listener);
    expect(await ask(IMPATIENT)).toMatchObject({ name: 'PaymentStatusError', ...error });
    expect(server?.requests).toHaveLength(3);
  });

  test.each<[string, Listener, string]>([
    ['400', problem(400, 'INVALID_REQUEST'), 'INVALID_REQUEST'],
    ['401', problem(401, 'UNAUTHORIZED'), 'UNAUTHORIZED'],
    ['500', problem(500, 'INTERNAL_ERROR'), 'INTERNAL_ERROR'],
    ['502 with Baidu’s error', problem(502, 'BAIDU_ERROR'), 'BAIDU_ERROR'],
    ['404 of an order of which nobody has told', problem(404, 'ORDER_UNKNOWN'), 'ORDER_UNKNOWN'],
    ['404 of the gateway', answers(404, { message: 'Not Found' }), 'BAD_ANSWER'],
    ['400 with another service’s code', answers(400, { code: 'INVALID', requestId: '7' }), 'BAD_ANSWER'],
    ['404 with another’s problem', answers(404, { code: 'NONE' }, PROBLEM), 'BAD_ANSWER'],
    ['404 with a problem without code', answers(404, { requestId: '7' }, PROBLEM), 'BAD_ANSWER'],
    ['a redirect', answers(302, ''), 'BAD_ANSWER'],
    ['200 with HTML', answers(200, '<html>'), 'BAD_ANSWER'],
    ['200 with another order', answers(200, { ...STATUS, tpOrderId: '1' }), 'BAD_ANSWER'],
    ['200 without a status', answers(200, ORDER), 'BAD_ANSWER'],
    ['200 without end', answers(200, `"${'x'.repeat(100 * 1024)}"`), 'BAD_ANSWER'],
  ])('asks once after %s', async (_name, listener, code) => {
    await serve('http', listener);
    expect(await ask()).toMatchObject({ name: 'PaymentStatusError', code });
    expect(server?.requests).toHaveLength(1);
  });

  test('ends in its whole time', async () => {
    await serve('http', hangs);
    expect(await ask({ attempts: 50, attemptMs: 300, totalMs: 700 })).toMatchObject({ code: 'TIMEOUT' });
    expect(server?.requests.length).toBeLessThanOrEqual(3);
  });

  test('hands on the id of the request, for whoever runs the service', async () => {
    await serve('http', problem(401, 'UNAUTHORIZED'));
    expect(await call(ORDER)).toEqual({
      ok: false,
      code: 'UNAUTHORIZED',
      message: 'About UNAUTHORIZED.',
      requestId: 'request-7',
    });
  });

  describe('against the service itself', () => {
    let parts: SampleParts;
    let query: Awaited<ReturnType<typeof coldStart>>;

    beforeAll(async () => {
      parts = await startSampleParts();
      const environment = { ...parts.environment, LOG_LEVEL: 'SILENT' };
      // Baidu's notification has come.
      const confirm = await coldStart('confirm', environment);
      await confirm(
        JSON.parse(await readFile(path.join(ROOT, 'events/confirm-sqs.json'), 'utf8')),
        contextOf(),
      );
      query = await coldStart('query', environment);
    });

    afterAll(async () => {
      vi.unstubAllEnvs();
      await parts.close();
    });

    /** What API Gateway does between a request and the function. */
    const gateway: Listener = async (request, response) => {
      const event = ownQueryEvent(decodeURIComponent(request.url?.split('/')[2] ?? ''), {
        authorization: request.headers.authorization ?? '',
      });
      const answer = (await query(event, contextOf())) as {
        statusCode: number;
        headers: http.OutgoingHttpHeaders;
        body: string;
      };
      response.writeHead(answer.statusCode, answer.headers).end(answer.body);
    };

    test.each([
      [ORDER, TOKEN, { ok: true, paid: true, payment: { status: 'PAID' } }],
      // No notification of this one has come: Baidu's second generation knows it by the own id.
      [{ tpOrderId: '3028903626' }, TOKEN, { ok: true, paid: false }],
      [{ tpOrderId: 'stranger' }, TOKEN, { ok: false, code: 'ORDER_UNKNOWN' }],
      [ORDER, 'x'.repeat(40), { ok: false, code: 'UNAUTHORIZED', requestId: 'request-1' }],
    ])('%j', async (event, apiToken, answer) => {
      await serve('https', gateway);
      expect(await call(event, { serviceUrl: server?.url, apiToken })).toMatchObject(answer);
    });

    test('and against the cashier’s address in the place of its own', async () => {
      const { origin } = new URL(parts.environment['BAIDU_QUERY_URL'] ?? '');
      expect(await call(ORDER, at(origin))).toEqual({
        ...{ ok: false, code: 'BAD_ANSWER' },
        message: '404 was answered by the gateway, or by something else that serviceUrl leads to.',
      });
    });
  });
});
