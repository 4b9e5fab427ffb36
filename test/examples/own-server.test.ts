import type { ChildProcess } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { copyFile, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { publicKeyText, readPrivateKey } from '../../lib/baidu/index.ts';
import { type Cashier, startCashier } from '../../local/cashier/index.ts';
import { readPage } from '../docs/markdown.ts';
import { type Installation, installLibrary } from '../package/install.ts';
import { COMPILED } from '../support/compiled.ts';
import { PAID, signedForm } from '../support/notification.ts';
import { type Program, startProgram, startShell } from '../support/shell.ts';
import { PLATFORM, SAMPLE } from '../support/vectors.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const EXAMPLE = path.join(ROOT, 'examples/own-server');
const platform = generateKeyPairSync('rsa', { modulusLength: 1024 });
const PRICE = 9900;

/** The example beside the package that was packed and installed, with the frameworks of this repository. */
let library: Installation;
beforeAll(async () => {
  library = await installLibrary();
  for (const file of await readdir(EXAMPLE)) {
    if (/\.js(on)?$/.test(file)) await copyFile(path.join(EXAMPLE, file), path.join(library.folder, file));
  }
  for (const name of ['express', 'koa', 'fastify']) {
    await symlink(path.join(ROOT, 'node_modules', name), path.join(library.folder, 'node_modules', name));
  }
  await writeFile(path.join(library.folder, 'merchant.pem'), SAMPLE.privateKey);
}, 60_000);
afterAll(() => library?.remove());

describe.each(['server.js', 'koa.js', 'fastify.js'])('%s, with the packed package', (program) => {
  let cashier: Cashier;
  let child: ChildProcess | undefined;
  let url = '';
  let screen = '';
  let orders = 0;

  beforeAll(async () => {
    cashier = await startCashier({
      merchantPublicKey: publicKeyText(readPrivateKey(SAMPLE.privateKey)),
      platformPrivateKey: platform.privateKey,
    });
    await start();
  });
  afterAll(async () => {
    await stop('SIGTERM');
    await cashier.close();
  });

  async function start(confirmEveryMs = 50): Promise<void> {
    const source = await readFile(path.join(EXAMPLE, program), 'utf8');
    const started = await library.start(program, source, {
      PLATFORM_PUBLIC_KEY: cashier.platformPublicKey,
      BAIDU_APP_ID: cashier.appId,
      BAIDU_APP_KEY: cashier.appKey,
      BAIDU_QUERY_URL: cashier.queryUrl,
      DATABASE: `${program}.db`,
      CONFIRM_EVERY_MS: String(confirmEveryMs),
      PORT: '0',
    });
    child = started.child;
    screen = '';
    child.stdout?.on('data', (chunk) => {
      screen += chunk;
    });
    url = `http://127.0.0.1:${/^listening on (\d+)$/.exec(started.line)?.[1]}`;
    cashier.setNotifyUrl(`${url}/baidu/payment-notify`);
    cashier.setRefundNotifyUrl(`${url}/baidu/refund-notify`);
    cashier.setRefundAuditUrl(`${url}/baidu/refund-audit`);
  }

  async function stop(signal: NodeJS.Signals): Promise<void> {
    if (!child) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }

  /** Writes an order as the shop does, and has the cashier know it. */
  async function place(price = PRICE) {
    const tpOrderId = `${program}-${++orders}`;
    const write = `import { placeOrder } from './orders.js';\nplaceOrder('${tpOrderId}', ${price});\n`;
    await library.run(`place-${program}`, write, { DATABASE: `${program}.db` });
    return cashier.createOrder({ tpOrderId, totalMoney: PRICE, returnData: '少糖 & 加冰' });
  }

  async function post(address: string, body: string) {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const response = await fetch(`${url}/baidu/${address}`, { method: 'POST', headers, body });
    return { status: response.status, body: (await response.json()) as { errno: number; msg: string } };
  }
  const ask = async (tpOrderId: string) => (await fetch(`${url}/orders/${tpOrderId}`)).json();
  const paid = (tpOrderId: string) =>
    vi.waitUntil(async () => ((await ask(tpOrderId)) as { status: string }).status === 'PAID', 20_000);

  test('settles a payment, and marks the order when Baidu says that it is paid', async () => {
    const { orderId, tpOrderId } = await place();
    expect(await ask(tpOrderId)).toEqual({ status: 'OPEN' });
    expect(await cashier.pay(orderId, {})).toMatchObject({ status: 200, outcome: 'settled' });
    await paid(tpOrderId);
    expect(await ask(tpOrderId)).toMatchObject({
      status: 'PAID',
      payment: { status: 'PAID' },
      refund: { status: 'NONE' },
    });
    // A repetition is answered as the first was.
    expect(await cashier.notifyAgain(orderId)).toMatchObject({ outcome: 'settled' });
    expect(await (await fetch(`${url}/orders/stranger`)).json()).toEqual({ code: 'UNKNOWN_ORDER' });
  });

  test('has stored what it has answered, when it is killed right after', async () => {
    await stop('SIGTERM');
    await start(600_000);
    const { orderId, tpOrderId } = await place();
    expect(await cashier.pay(orderId, {})).toMatchObject({ outcome: 'settled' });
    expect(await ask(tpOrderId)).toEqual({ status: 'OPEN' });
    await stop('SIGKILL');
    await start();
    await paid(tpOrderId);
  });

  test('marks nothing that Baidu does not call paid', async () => {
    const { orderId, userId, tpOrderId } = await place();
    const fields = { ...PAID, orderId, userId, tpOrderId, totalMoney: String(PRICE) };
    expect(await post('payment-notify', signedForm(fields, platform.privateKey))).toMatchObject({
      body: { errno: 0, data: { isConsumed: 2 } },
    });
    const later = await place();
    await cashier.pay(later.orderId, {});
    await paid(later.tpOrderId);
    expect(await ask(tpOrderId)).toEqual({ status: 'OPEN' });
  });

  test('sends back what fits no order, and says yes when Baidu asks, to no more than was paid', async () => {
    const { orderId, userId, tpOrderId } = await place(PRICE + 1);
    expect(await cashier.pay(orderId, {})).toMatchObject({ outcome: 'refunded' });
    expect(await ask(tpOrderId)).toEqual({ status: 'OPEN' });
    await vi.waitUntil(() => cashier.order(orderId).refund === 'REFUNDED', 20_000);
    const more = { orderId, userId, refundBatchId: '7', applyRefundMoney: String(PRICE + 1) };
    expect(await post('refund-audit', signedForm(more, platform.privateKey))).toEqual({
      status: 200,
      body: {
        ...{ errno: 0, msg: 'success' },
        data: { auditStatus: 3, calculateRes: { refundPayMoney: PRICE + 1 } },
      },
    });
  });

  test('leaves the refund of a good order to a person, makes it then, and notes it once', async () => {
    const { orderId, tpOrderId } = await place();
    await cashier.pay(orderId, {});
    await paid(tpOrderId);
    expect(await cashier.startRefund(orderId)).toMatchObject({ refund: { state: 'AUDIT' } });
    const approve = `import { approveRefund } from './orders.js';\napproveRefund('${orderId}', ${PRICE});\n`;
    await library.run(`approve-${program}`, approve, { DATABASE: `${program}.db` });
    expect(await cashier.auditRefund(orderId)).toMatchObject({ refund: { state: 'REFUNDED', told: true } });
    await cashier.notifyRefund(orderId);
    const confirmed = `{"confirmed":"refund","tpOrderId":"${tpOrderId}","refund":"REFUNDED"}`;
    await vi.waitUntil(() => screen.includes(confirmed), 20_000);
    expect(screen.split(confirmed)).toHaveLength(2);
    expect(await ask(tpOrderId)).toMatchObject({ status: 'PAID', refund: { status: 'REFUNDED' } });
  });

  test('notes a refund that was notified, and that Baidu does not show yet', async () => {
    const { orderId, tpOrderId } = await place();
    await cashier.pay(orderId, {});
    await paid(tpOrderId);
    const refund = { orderId, refundBatchId: '9', refundStatus: '1' };
    expect(await post('refund-notify', signedForm(refund, platform.privateKey))).toEqual({
      status: 200,
      body: { errno: 0, msg: 'success', data: {} },
    });
    await vi.waitUntil(() => screen.includes('{"confirmed":"refund","refund":"REFUNDED"}'), 20_000);
  });

  test('refuses what is forged, cut anew, of another platform, or at the wrong address, with a code', async () => {
    const form = signedForm(PAID, platform.privateKey);
    const refused = async (address: string, body: string) => {
      const answer = await post(address, body);
      expect(answer).toMatchObject({ status: 400, body: { errno: 400 } });
      return answer.body.msg.split(':')[0];
    };
    expect(await refused('payment-notify', form.replace('payMoney=11300', 'payMoney=1'))).toBe(
      'INVALID_SIGNATURE',
    );
    expect(await refused('payment-notify', form.replace('&status=2', '%26status%3D2'))).toBe(
      'INVALID_NOTIFICATION',
    );
    expect(await refused('payment-notify', PLATFORM.body)).toBe('INVALID_SIGNATURE');
    expect(await refused('refund-notify', form)).toBe('INVALID_NOTIFICATION');
    expect(await refused('payment-notify', '')).toBe('INVALID_NOTIFICATION');
    const audit = { orderId: '1', userId: '2', refundBatchId: '9', applyRefundMoney: '1' };
    const forged = signedForm(audit, platform.privateKey).replace('applyRefundMoney=1', 'applyRefundMoney=2');
    expect(await refused('refund-audit', forged)).toBe('INVALID_SIGNATURE');
  });

  test('answers in JSON what is too large, or at no address of Baidu’s', async () => {
    expect(await post('payment-notify', 'x'.repeat(65 * 1024))).toMatchObject({
      status: 413,
      body: { errno: 413 },
    });
    expect(await post('other', 'a=1')).toEqual({ status: 404, body: { errno: 404, msg: 'no such address' } });
    expect(await post('toString', 'a=1')).toMatchObject({ status: 404 });
  });

  test('takes the query string where the body is empty', async () => {
    const { orderId, userId, tpOrderId } = await place();
    const fields = { ...PAID, orderId, userId, tpOrderId, totalMoney: String(PRICE) };
    const form = signedForm(fields, platform.privateKey);
    expect(await post(`payment-notify?${form}`, '')).toMatchObject({ body: { errno: 0 } });
  });
});

describe('the page, as somebody follows it,', () => {
  const [install = '', keys = '', desk = '', server = '', shop = '', refund = ''] = readPage(
    'examples/own-server/README.md',
  )
    .blocks.filter(({ language }) => language === 'sh')
    .map(({ text }) => text);
  const programs: Program[] = [];
  afterAll(() => Promise.all(programs.map((program) => program.close())));

  test('installs what was packed', () => {
    const tarball = path.basename(library.tarball).replace(/-[^-]+$/, '');
    expect(install.split('\n').at(-1)).toBe(`npm install "$OLDPWD"/${tarball}-*.tgz`);
  });

  test('has an order paid and refunded', async () => {
    const environment = {
      PATH: process.env['PATH'] ?? '',
      HOME: library.folder,
      NO_COLOR: '1',
      PORT: '0',
      ...COMPILED,
    };
    const place = { folder: library.folder, environment };
    const shell = startShell(place);
    const run = async (commands: string) => {
      const outcome = await shell.run(commands);
      expect(outcome.code, outcome.screen).toBe(0);
      return outcome.screen;
    };
    await run(keys);
    // Ports of this test's own; the server's is known only when it runs.
    const command = `${desk.replaceAll('../own-server', library.folder)} --port 0`;
    const cashier = await startProgram(command, /Ctrl-C ends it/, { ...place, folder: ROOT });
    programs.push(cashier);
    const [, at = ''] = /^Page +(http:\S+)$/m.exec(cashier.screen) ?? [];
    const file = path.join(library.folder, 'start.sh');
    await writeFile(file, `set -e\n${server.replaceAll('http://127.0.0.1:8620', at)}\n`);
    const started = await startProgram(`bash '${file}'`, /listening on \d+/, place);
    programs.push(started);
    const url = `http://127.0.0.1:${/listening on (\d+)/.exec(started.screen)?.[1]}`;
    const body = JSON.stringify({
      notifyUrl: `${url}/baidu/payment-notify`,
      refundNotifyUrl: `${url}/baidu/refund-notify`,
      refundAuditUrl: `${url}/baidu/refund-audit`,
    });
    await fetch(`${at}/api/connection`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    const commands = shop.replaceAll('http://127.0.0.1:8620', at).replaceAll('http://127.0.0.1:8000', url);
    expect(await run(commands)).toContain('"outcome":"settled"');
    const [, ask = ''] = /\n(curl \S+)$/.exec(commands) ?? [];
    await vi.waitUntil(async () => (await run(ask)).includes('"status":"PAID","payment":'), 30_000);
    const refunding = await run(refund.replaceAll('http://127.0.0.1:8620', at));
    expect(refunding).toContain('"state":"REFUNDED"');
    await shell.close();
  });
});
