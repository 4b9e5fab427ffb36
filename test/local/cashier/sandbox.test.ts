import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer, type Server } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { CHOICES, NO_FAULTS } from '../../../local/cashier/faults.ts';
import { EVENTS, ROUTES } from '../../../local/cashier/http/control.ts';
import { CHANNEL_NAMES, PAY_TYPES } from '../../../local/cashier/orders/channels.ts';
import { REFUND_STATES } from '../../../local/cashier/orders/order.ts';
import { publicKeyText, readPrivateKey, readPublicKey } from '../../../local/cashier/signature/keys.ts';
import { verify } from '../../../local/cashier/signature/signature.ts';
import { type Stack, startStack } from '../../../local/stack/stack.ts';
import { read, readPage, section } from '../../docs/markdown.ts';
import { CONSUMED, until } from './merchant.ts';

const root = path.resolve(import.meta.dirname, '../../..');
const page = readPage('docs/sandbox.md');
/** A section without its fenced blocks. */
const proseOf = (heading: string) => section({ ...page, text: page.prose }, heading);
const codeIn = (cell = '') => (cell.match(/`[^`]+`/g) ?? []).map((code) => code.slice(1, -1));

/** What a route answers; an order's time line is under `hops`. */
interface Answer {
  readonly hops?: readonly { readonly kind: string }[];
}

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
}

/** The rows of a section's table, without its heads. */
const rowsOf = (heading: string) =>
  section(page, heading)
    .split('\n')
    .filter((line) => line.startsWith('| `') || /^\| \d/.test(line))
    .map((line) => line.split(' | ').map((cell) => cell.replace(/^\| | \|$/g, '')));

/** The members of a union of strings, as the source has them. */
function unionIn(file: string, name: string): string[] {
  const declared = new RegExp(`export type ${name} =([^;]+);`).exec(read(file))?.[1] ?? '';
  return (declared.match(/'[^']+'/g) ?? []).map((member) => member.slice(1, -1));
}

const blocksOf = (heading: string, language = 'sh') =>
  page.blocks
    .filter((block) => block.language === language && section(page, heading).includes(block.text))
    .map((block) => block.text);

describe('docs/sandbox.md', () => {
  test('makes keys that the sandbox takes, one as PKCS#1 as Go wants it', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'sandbox-keys-'));
    const commands = blocksOf('Start it')
      .join('\n')
      .split('\n')
      .filter((line) => line.startsWith('openssl'));
    expect(commands).toHaveLength(3);
    const { code } = await run(spawn('bash', ['-ec', commands.join('\n')], { cwd: folder }));
    expect(code).toBe(0);
    const fileOf = (name: string) => readFileSync(path.join(folder, name), 'utf8');
    expect(fileOf('sandbox-pkcs1.pem')).toMatch(/^-----BEGIN RSA PRIVATE KEY-----/);
    const text = publicKeyText(readPrivateKey(fileOf('sandbox-pkcs1.pem')));
    expect(publicKeyText(readPrivateKey(fileOf('sandbox.pem')))).toBe(text);
    expect(publicKeyText(readPublicKey(fileOf('sandbox-public.pem')))).toBe(text);
    rmSync(folder, { recursive: true });
  });

  test('has each route, and no other', () => {
    const routes = rowsOf('Routes').flatMap(([first]) => codeIn(first));
    const known = [...Object.keys(ROUTES), `GET ${EVENTS}`];
    expect(routes.filter((route) => route.includes(' /'))).toEqual(known);
  });

  test('has each switch with its values', () => {
    const documented = rowsOf('Switches').map(([name, values]) => [...codeIn(name), codeIn(values)]);
    const known = Object.keys(NO_FAULTS).map((name) => [name, [...(CHOICES[name] ?? ['false', 'true'])]]);
    expect(documented).toEqual(known);
  });

  test('has each code of an error, and each outcome', () => {
    const codes = rowsOf('Routes').flatMap(([status = '', code]) => (/^\d/.test(status) ? codeIn(code) : []));
    expect(codes).toEqual([...unionIn('local/cashier/error.ts', 'CashierErrorCode'), 'INTERNAL']);
    const outcomes = rowsOf('Pay').flatMap(([outcome]) => codeIn(outcome));
    expect(outcomes).toEqual(unionIn('local/cashier/merchant/notification.ts', 'Outcome'));
    const ofRefunds = rowsOf('Refund').flatMap(([outcome]) => codeIn(outcome));
    expect(ofRefunds).toEqual(unionIn('local/cashier/refund/answers.ts', 'RefundOutcome'));
  });

  test('names channels, refund states, settlements and kinds of hops', () => {
    for (const payType of PAY_TYPES) {
      expect(section(page, 'Pay')).toContain(`\`${payType}\` (${CHANNEL_NAMES[payType].en}`);
    }
    expect(codeIn(proseOf('Cancel, verify, refund'))).toEqual(expect.arrayContaining([...REFUND_STATES]));
    const settlements = unionIn('local/cashier/orders/order.ts', 'Settlement');
    expect(settlements).toContain('SETTLED');
    expect(codeIn(proseOf('Make an order'))).toEqual(expect.arrayContaining(settlements));
    const kinds = unionIn('local/cashier/orders/order-book.ts', 'HopKind');
    expect(kinds).toContain('published');
    expect(codeIn(proseOf('See what happened'))).toEqual(expect.arrayContaining(kinds));
  });
});

describe('each curl of docs/sandbox.md', () => {
  let stack: Stack;
  let folder: string;
  /** The objects that the commands of each section have printed. */
  const printed = new Map<string, Answer[]>();
  const sections = [
    ...['Make an order', 'Pay', 'Cancel, verify, refund', 'Refund', 'Have this service asked'],
    ...['See what happened', 'Switches', 'Connection'],
  ];

  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'sandbox-page-'));
    writeFileSync(path.join(folder, '.curlrc'), 'silent\nshow-error\nwrite-out = "\\n"\n');
    stack = await startStack();
    for (const heading of sections) {
      for (const block of blocksOf(heading)) {
        // The merchant's table holds an order before it is paid, and the ledger a payment before it is refunded.
        await stack.ordersWritten();
        const isTold = () => unpublished(stack).length === 0;
        if (!isTold()) await until(stack.cashier, isTold);
        const env = { PATH: process.env['PATH'], CURL_HOME: folder, CASHIER: stack.cashier.url };
        const { stdout } = await run(spawn('bash', ['-ec', block], { env }));
        const objects = stdout.split('\n').filter((line) => line !== '');
        const parsed: Answer[] = objects.map((line) => JSON.parse(line.replace(/^data: /, '')));
        printed.set(heading, [...(printed.get(heading) ?? []), ...parsed]);
      }
    }
  }, 120_000);
  afterAll(async () => {
    await stack.close();
    rmSync(folder, { recursive: true });
  });

  test('is there, one for each route at least', () => {
    const commands = sections
      .flatMap((heading) => blocksOf(heading))
      .join('\n')
      .replaceAll('\\\n', ' ');
    const called = [...commands.matchAll(/^curl .*?"\$CASHIER([^"]*)".*$/gm)].map(([line, route = '']) => {
      const method = line.includes(' -d ') ? 'POST' : 'GET';
      return `${method} ${route.replace(/\/[0-9]+/, '/{orderId}')}`;
    });
    expect([...new Set(called)].sort()).toEqual([...Object.keys(ROUTES), `GET ${EVENTS}`].sort());
    expect([...commands.matchAll(/\bcurl\b/g)]).toHaveLength(called.length);
    expect([...printed.values()].flat()).toHaveLength(called.length);
  });

  test('is answered well', () => {
    for (const [heading, answers] of printed) {
      for (const answer of answers) expect(answer, heading).not.toHaveProperty('code');
    }
    expect(printed.get('Make an order')).toMatchObject([{ orderId: '2645985458', payment: 'UNPAID' }]);
    expect(printed.get('Pay')).toMatchObject([
      { outcome: 'settled', order: { payType: '1117', settlement: 'SETTLED' } },
      { outcome: 'settled', order: { notifications: 2 } },
    ]);
    expect(printed.get('Cancel, verify, refund')).toMatchObject([
      { payment: 'UNPAID' },
      { payment: 'CANCELLED' },
      { verification: 'VERIFIED' },
      { refund: 'PROCESSING' },
    ]);
    const [part, rest, again, , , , forged, , asked] = printed.get('Refund') ?? [];
    const made = { audit: { outcome: 'approved' }, notification: { outcome: 'told' } };
    expect(part).toMatchObject({ refund: { money: 300, state: 'REFUNDED', told: true }, ...made });
    expect(rest).toMatchObject({ refund: { money: 690, state: 'REFUNDED' }, ...made });
    expect(again).toMatchObject({ audit: null, notification: { outcome: 'told' } });
    expect(forged).toMatchObject({ refund: { state: 'AUDIT' }, audit: { outcome: 'repeat', status: 403 } });
    expect(asked).toMatchObject({ refund: { money: 1, state: 'REFUNDED' }, ...made });
    const [read, snapshot] = printed.get('See what happened') ?? [];
    expect(read).toMatchObject({ order: { orderId: '2645985458' } });
    expect(snapshot).toMatchObject({ type: 'snapshot', orders: [{}, {}, {}] });
    const kinds = read?.hops?.map(({ kind }) => kind);
    expect(kinds).toEqual(expect.arrayContaining(['created', 'paid', 'notification', 'asked', 'lookup']));
    expect(kinds).toEqual(expect.arrayContaining(['refundAudit', 'refundNotification', 'published']));
    expect(printed.get('Switches')).toEqual([
      { ...NO_FAULTS, signatureForged: true, query: 'slow' },
      NO_FAULTS,
    ]);
    expect(printed.get('Connection')?.[1]).toMatchObject({ notifyUrl: 'http://127.0.0.1:8000/notify' });
  });

  test.each(['Make an order', 'Pay', 'Refund', 'See what happened', 'Connection'])(
    'is shown with an answer: %s',
    (heading) => {
      const [example = ''] = blocksOf(heading, 'json');
      const [answer] = printed.get(heading) ?? [];
      const real = heading === 'See what happened' ? answer?.hops?.[0] : answer;
      expect(Object.keys(JSON.parse(example))).toEqual(Object.keys(real ?? {}));
    },
  );
});

describe('a webhook in CI, as docs/sandbox.md has it', () => {
  const children: ChildProcess[] = [];
  const webhooks: Server[] = [];
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'sandbox-ci-'));
    // A clone of the repository, as far as the commands see it; what they write stays out of this one.
    for (const name of ['package.json', 'local', 'node_modules']) {
      symlinkSync(path.join(root, name), path.join(folder, name));
    }
  });
  afterEach(() => {
    for (const { pid } of children.splice(0)) process.kill(-Number(pid), 'SIGKILL');
    for (const webhook of webhooks.splice(0)) webhook.close();
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  /** Runs the commands with a webhook that takes a form or refuses it; the port is where it listens. */
  async function pipeline(takes: (form: URLSearchParams) => boolean): Promise<Ended & { cashier: string }> {
    const webhook = createHttpServer(async (request, response) => {
      const form = new URLSearchParams(await text(request));
      const audit = '{"errno":0,"data":{"auditStatus":1,"calculateRes":{"refundPayMoney":300}}}';
      const answer = request.url === '/audit' ? audit : CONSUMED;
      response.end(takes(form) ? answer : '{"errno":1,"msg":"refused"}');
    });
    webhooks.push(webhook);
    webhook.listen(0, '127.0.0.1');
    await once(webhook, 'listening');
    const { port } = webhook.address() as AddressInfo;
    const cashier = String(await freePort());
    const [start = '', ...steps] = blocksOf('Test a webhook in CI');
    const script = [`CASHIER=http://127.0.0.1:8620`, 'set -e', start, ...steps].join('\n');
    const own = script.replaceAll('8620', cashier).replaceAll('8000', String(port));
    const child = spawn('bash', ['-c', own], { cwd: folder, detached: true });
    children.push(child);
    return { ...(await run(child)), cashier: `http://127.0.0.1:${cashier}` };
  }

  const verifies = (form: URLSearchParams): boolean => {
    const { rsaSign = '', ...fields } = Object.fromEntries(form);
    const key = readFileSync(path.join(folder, 'platform-public.pem'), 'utf8');
    return verify(fields, rsaSign, readPublicKey(key));
  };

  test('passes where the webhook verifies', async () => {
    const { code, stdout, cashier } = await pipeline(verifies);
    const [settled, repeat] = ['"outcome":"settled"', '"outcome":"repeat"'];
    const refunded = ['"outcome":"approved"', '"outcome":"told"'];
    expect(stdout.trim().split('\n')).toEqual([settled, settled, repeat, repeat, ...refunded, repeat]);
    expect(code).toBe(0);
    await expect.poll(() => fetch(cashier).catch(() => 'gone'), { timeout: 10_000 }).toBe('gone');
    expect(readFileSync(path.join(folder, 'cashier.log'), 'utf8')).toMatch(
      /1002 +Notification +Baidu will call again/,
    );
  }, 60_000);

  test('fails where the webhook takes whatever comes', async () => {
    const { code, stdout } = await pipeline(() => true);
    expect(stdout.trim().split('\n')).toEqual(['"outcome":"settled"', '"outcome":"settled"']);
    expect(code).toBe(1);
  }, 60_000);

  test('fails where the webhook takes nothing', async () => {
    expect(await pipeline(() => false)).toMatchObject({ code: 1, stdout: '' });
  }, 60_000);
});

/** The paid orders of which nothing was published yet. */
function unpublished({ cashier }: Stack): string[] {
  const paid = cashier.orders().filter(({ settlement }) => settlement === 'SETTLED');
  return paid.flatMap(({ orderId }) =>
    cashier.timeline(orderId).some(({ kind }) => kind === 'published') ? [] : [orderId],
  );
}

/** Resolves when a program has ended; what it left running may hold on to its output. */
async function run(child: ChildProcess): Promise<Ended> {
  let stdout = '';
  child.stdout?.on('data', (chunk) => {
    stdout += chunk;
  });
  const [code] = await once(child, 'exit');
  return { code, stdout };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}
