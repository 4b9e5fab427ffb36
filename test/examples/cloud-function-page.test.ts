import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import vm from 'node:vm';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { readPage } from '../docs/markdown.ts';
import { EXAMPLE, NODE_8, RUNTIMES } from './cloud-function.ts';
import { answers, startServer, type TestServer } from './https-server.ts';

const [[, NODE] = ['', process.execPath]] = RUNTIMES;

const PAID = { status: 'PAID', code: 1, description: '支付成功' };
const NONE = { status: 'NONE', code: -1, description: '未退费' };
const STATUS = { tpOrderId: 'order-1', payment: PAID, refund: NONE, verification: {} };

/** What a merchant may put in the place of `findOrder`: an order of one customer, in a database that takes its time. */
const MERCHANTS = `async function findOrder(event, context) {
  await new Promise((resolve) => setImmediate(resolve));
  const mine = event.tpOrderId === 'order-1' && context.user === 'customer-1';
  if (!mine) throw new PaymentStatusError('NOT_YOURS', 'There is no such order of yours.');
  return event.tpOrderId;
}
`;

test('Node 8.5.0 is here, on platforms for which npm has one', () => {
  if (process.platform === 'linux' && process.arch === 'x64') expect(existsSync(NODE_8)).toBe(true);
});

describe('findOrder', () => {
  let folder: string;
  let server: TestServer;
  let source: string;

  beforeAll(async () => {
    server = await startServer('http', answers(200, STATUS));
    folder = await mkdtemp(path.join(os.tmpdir(), 'cloud-function-'));
    source = await readFile(path.join(EXAMPLE, 'index.js'), 'utf8');
    const config = { serviceUrl: server.url, apiToken: 'x'.repeat(32) };
    await writeFile(path.join(folder, 'config.json'), JSON.stringify(config));
  });
  beforeEach(() => {
    server.requests.length = 0;
  });
  afterAll(async () => {
    await server.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** Calls the function, as it is or filled in, as the cloud does. */
  async function call(event: unknown, { context = {}, findOrder = '' } = {}): Promise<unknown> {
    const filled = findOrder ? source.replace(/^async function findOrder.*?^}\n/ms, findOrder) : source;
    expect(filled === source).toBe(findOrder === '');
    await writeFile(path.join(folder, 'index.js'), filled);
    const args = [event, context].map((value) => JSON.stringify(value)).join();
    const script = `require('./index.js').main(${args}).then((it) => console.log(JSON.stringify(it)))`;
    const { stdout } = await promisify(execFile)(NODE, ['-e', script], { cwd: folder, env: {} });
    return JSON.parse(stdout);
  }

  test('as it stands takes the id from the event', async () => {
    expect(await call({ tpOrderId: 'order-1' })).toMatchObject({ ok: true, paid: true });
    expect(server.requests[0]?.url).toBe('/merchant-orders/order-1/payment-status');
  });

  test('filled in asks for the order of the customer', async () => {
    const filled = { context: { user: 'customer-1' }, findOrder: MERCHANTS };
    expect(await call({ tpOrderId: 'order-1' }, filled)).toMatchObject({ ok: true, paid: true });
    expect(server.requests).toHaveLength(1);
  });

  test.each([
    [{ tpOrderId: 'order-1' }, 'customer-2'],
    [{ tpOrderId: 'order-2' }, 'customer-1'],
  ])('filled in does not tell %j to %s', async (event, user) => {
    const message = 'There is no such order of yours.';
    const filled = { context: { user }, findOrder: MERCHANTS };
    expect(await call(event, filled)).toEqual({ ok: false, code: 'NOT_YOURS', message });
    expect(server.requests).toEqual([]);
  });
});

describe('the page of the README', () => {
  interface Call {
    readonly name: string;
    readonly data: unknown;
    success(answer: { result: unknown }): void;
    fail(error: { errCode: number; errMsg: string }): void;
  }

  const [page = ''] = readPage('examples/baidu-cloud-function/README.md')
    .blocks.filter(({ language }) => language === 'js')
    .map(({ text }) => text);

  /** Runs the page with a `swan` that takes notes, and has its call answered. */
  function run(answer: (call: Call) => void): unknown[][] {
    const shown: unknown[][] = [];
    const note =
      (name: string) =>
      (...args: unknown[]) =>
        shown.push([name, ...args]);
    const cloud = {
      init: note('init'),
      callFunction: (call: Call) => {
        shown.push(['callFunction', call.name, call.data]);
        answer(call);
      },
    };
    const swan = { cloud, ...{ showLoading: note('showLoading') }, hideLoading: note('hideLoading') };
    const console = { error: note('error') };
    vm.runInNewContext(page, { swan: { ...swan, showToast: note('showToast') }, console });
    return shown;
  }

  const BEFORE = [
    ['init', { env: 'your-environment' }],
    ['showLoading', { title: '查询中', mask: true }],
    ['callFunction', 'payment-status', { tpOrderId: '3028903626' }],
    ['hideLoading'],
  ];
  const answerOf = (changes: object) => ({ ok: true, paid: true, ...STATUS, ...changes });
  const unpaid = (status: string) => answerOf({ paid: false, payment: { status, code: 7, description: '' } });
  const refund = (status: string) => answerOf({ refund: { status, code: 7, description: '' } });

  test.each([
    ['paid', answerOf({}), '支付成功', 'success'],
    ['refunded', refund('REFUNDED'), '该订单有退款，请查看订单详情', 'none'],
    ['being refunded', refund('PROCESSING'), '该订单有退款，请查看订单详情', 'none'],
    [
      'paid with a refund that Baidu has not published',
      refund('UNKNOWN'),
      '该订单有退款，请查看订单详情',
      'none',
    ],
    ['unpaid', unpaid('UNPAID'), '尚未支付', 'none'],
    ['of an unknown status', unpaid('UNKNOWN'), '暂未确认，请稍后再查', 'none'],
    ['not known now', { ok: false, code: 'TIMEOUT' }, '暂未确认，请稍后再查', 'none'],
  ])('tells the customer of an order that is %s', (_name, answer, title, icon) => {
    const expected = [...BEFORE, ['showToast', { title, icon }]];
    expect(run(({ success }) => success({ result: answer }))).toEqual(expected);
    expect(run(({ success }) => success({ result: JSON.stringify(answer) }))).toEqual(expected);
  });

  test('tells the customer when the function has failed', () => {
    expect(run(({ fail }) => fail({ errCode: 1, errMsg: 'no such function' }))).toEqual([
      ...BEFORE,
      ['error', 1, 'no such function'],
      ['showToast', { title: '暂未确认，请稍后再查', icon: 'none' }],
    ]);
  });
});
