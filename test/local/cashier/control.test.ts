import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Cashier, startCashier } from '../../../local/cashier/index.ts';
import { CONSUMED, merchantKeys } from './merchant.ts';

let cashier: Cashier;
beforeAll(async () => {
  cashier = await startCashier({ deliver: async () => ({ status: 200, body: CONSUMED }) });
});
afterAll(() => cashier.close());

const JSON_TYPE = { 'content-type': 'application/json' };

/** Sends something to a control route as the page does. */
async function send(path: string, body: unknown = {}, headers: Record<string, string> = JSON_TYPE) {
  const init = { method: 'POST', headers, body: JSON.stringify(body) };
  const response = await fetch(`${cashier.url}/api/${path}`, init);
  return { status: response.status, body: JSON.parse(await response.text()) };
}

/** Sends a GET with headers that fetch would not let through, and returns the status. */
function statusWith(headers: Record<string, string>, path = '/'): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const call = httpRequest(cashier.url + path, { headers, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    call.on('error', reject).end();
  });
}

/** Opens the page's events and returns what has arrived once there are so many. */
async function events(count: number, meanwhile: () => void) {
  const stop = new AbortController();
  const response = await fetch(`${cashier.url}/api/events`, { signal: stop.signal });
  const received: { type: string; [name: string]: unknown }[] = [];
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    const parts = text.split('\n\n');
    text = parts.pop() ?? '';
    for (const part of parts) received.push(JSON.parse(part.slice(part.indexOf('data: ') + 6)));
    if (received.length === 1) meanwhile();
    if (received.length >= count) break;
  }
  stop.abort();
  return { type: response.headers.get('content-type'), received };
}

describe('the page', () => {
  test.each([
    ['/', 'text/html; charset=utf-8', '<title>Cashier sandbox</title>'],
    ['/page/main.js', 'text/javascript; charset=utf-8', 'EventSource'],
    ['/page/style.css', 'text/css; charset=utf-8', 'prefers-color-scheme'],
    ['/page/icon.svg', 'image/svg+xml', '<svg'],
  ])('%s is served, and allows nothing from elsewhere', async (path, type, content) => {
    const response = await fetch(cashier.url + path);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe(type);
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(await response.text()).toContain(content);
  });

  test('loads nothing from elsewhere', async () => {
    for (const path of ['/', '/page/main.js', '/page/style.css']) {
      const text = await (await fetch(cashier.url + path)).text();
      const named = [...text.matchAll(/https?:\/\/[\w.-]+/g)].map(([address]) => address);
      // A name space and a sample value; neither is ever fetched.
      expect(named.filter((address) => !/w3\.org|127\.0\.0\.1/.test(address))).toEqual([]);
    }
  });

  test.each(['/page/main.ts', '/../package.json', '/page/%2e%2e/index.ts', '/api/orders'])(
    '%s is 404',
    async (path) => {
      expect((await fetch(cashier.url + path)).status).toBe(404);
    },
  );
});

describe('control routes', () => {
  test('lead an order from its creation to a refund', async () => {
    const given = { tpOrderId: 'T-1', totalMoney: 990, title: '拿铁', returnData: 'a=b&c', userId: '42' };
    const created = await send('orders', given);
    expect(created).toMatchObject({ status: 200, body: { ...given, payment: 'UNPAID' } });
    const order = `orders/${created.body.orderId}`;
    expect((await send(`${order}/pay`, { payType: '1124' })).body).toMatchObject({
      outcome: 'settled',
      order: { payType: '1124', settlement: 'SETTLED' },
    });
    expect((await send(`${order}/notify`)).body.order.notifications).toBe(2);
    expect((await send(`${order}/verify`)).body.verification).toBe('VERIFIED');
    expect((await send(`${order}/refund`, { state: 'PROCESSING' })).body.refund).toBe('PROCESSING');
    const part = await send(`${order}/refunds`, { money: 300, audit: false });
    expect(part.body).toMatchObject({ refund: { money: 300, state: 'REFUNDED' }, audit: null });
    const { refundBatchId } = part.body.refund;
    const again = await send(`${order}/refunds/notify`, { refundBatchId });
    expect(again.body.notification).toMatchObject({ outcome: 'repeat', why: { en: 'no URL for it is set' } });
    const other = await send('orders', given);
    expect((await send(`orders/${other.body.orderId}/cancel`)).body.payment).toBe('CANCELLED');
  });

  test('read an order with its time line', async () => {
    const { body } = await send('orders', { tpOrderId: 'T-read', totalMoney: 1 });
    await send(`orders/${body.orderId}/pay`);
    const response = await fetch(`${cashier.url}/api/orders/${body.orderId}`);
    const { order, hops } = JSON.parse(await response.text());
    expect(response.status).toBe(200);
    expect(order).toEqual(cashier.order(body.orderId));
    expect(order).toMatchObject({ payType: '1117', settlement: 'SETTLED' });
    expect(hops.map(({ kind }: { kind: string }) => kind)).toEqual(['created', 'paid', 'notification']);
  });

  test('are for the methods that they name', async () => {
    const headers = JSON_TYPE;
    const put = await fetch(`${cashier.url}/api/faults`, {
      method: 'PUT',
      headers,
      body: '{"query":"down"}',
    });
    expect(put.status).toBe(404);
    expect(await put.json()).toMatchObject({ code: 'NOT_FOUND', message: 'there is no PUT /api/faults' });
    const read = await fetch(`${cashier.url}/api/orders/1`);
    expect(await read.json()).toEqual({
      code: 'NOT_FOUND',
      message: 'there is no order 1',
      why: { en: 'there is no order 1', zh: '订单 1 不存在' },
    });
    expect(cashier.faults().query).toBe('none');
  });

  test('set switches and the connection', async () => {
    expect((await send('faults', { unknownStatus: true })).body.unknownStatus).toBe(true);
    expect((await send('faults', { unknownStatus: false })).body.unknownStatus).toBe(false);
    const key = merchantKeys.publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
    const connection = await send('connection', { merchantPublicKey: key });
    expect(connection.body).toMatchObject({
      merchantPublicKey: key,
      notifyUrl: '',
      queryUrl: cashier.queryUrl,
    });
  });

  test.each<[string, unknown, number, string]>([
    ['orders', { tpOrderId: 'T' }, 400, 'totalMoney must be a whole number of fen, not negative'],
    ['orders', { tpOrderId: 5, totalMoney: 1 }, 400, 'tpOrderId must be a text'],
    ['orders', [], 400, 'not a JSON object'],
    ['orders/1/pay', { payType: '1117' }, 404, 'there is no order 1'],
    ['orders/1/pay', { payType: null }, 400, 'payType must be one of 1117, 1087, 1108, 10004, 1124'],
    ['orders/1/pay', { payType: '1' }, 400, 'payType must be one of 1117, 1087, 1108, 10004, 1124'],
    ['orders/1/refund', { state: 'NONE' }, 400, 'state must be one of PROCESSING, REFUNDED, FAILED'],
    ['orders/1/refunds', { money: '1' }, 400, 'money must be a whole number of fen, 1 at least'],
    ['orders/1/refunds', { audit: 1 }, 400, 'audit must be true or false'],
    ['orders/1/refunds/notify', { refundBatchId: 1 }, 400, 'refundBatchId must be a text'],
    ['orders/1/refunds/audit', {}, 404, 'there is no order 1'],
    ['orders/1/ask', { by: 'name' }, 400, 'by must be one of orderId, tpOrderId'],
    ['faults', { refundUserId: true }, 400, 'no such switch: refundUserId = true'],
    ['connection', { refundAuditUrl: 'nowhere' }, 400, 'the notify URL is not an http or https URL: nowhere'],
    ['orders/1/burn', {}, 404, 'there is no POST /api/orders/1/burn'],
    ['faults', { query: 'on fire' }, 400, 'no such switch: query = on fire'],
    ['connection', { notifyUrl: 'nowhere' }, 400, 'the notify URL is not an http or https URL: nowhere'],
    ['connection', { merchantPublicKey: 'none' }, 400, 'not an RSA public key that can be read'],
    ['orders', { title: 'x'.repeat(70_000) }, 400, 'more than 64 KB were sent'],
  ])('%s with %o is refused', async (path, body, status, message) => {
    expect(await send(path, body)).toMatchObject({
      status,
      body: { message, why: { en: message, zh: expect.stringMatching(/\p{Script=Han}/u) } },
    });
  });

  test.each([
    [undefined, 'there is no order 1'],
    ['*', 'there is no order 1'],
    ['fr-FR,fr', 'there is no order 1'],
    ['en-GB,zh;q=0.8', 'there is no order 1'],
    ['zh', '订单 1 不存在'],
    ['fr, zh-CN;q=0.9, en;q=0.8', '订单 1 不存在'],
  ])('refuse in the language of accept-language %s', async (language, message) => {
    const asked = language === undefined ? {} : { 'accept-language': language };
    const { body } = await send('orders/1/pay', {}, { ...JSON_TYPE, ...asked });
    expect(body).toMatchObject({ code: 'NOT_FOUND', message });
  });

  test('refuse in the cashier’s own language where none is asked for', async () => {
    const chinese = await startCashier({ language: 'zh' });
    const answer = await fetch(`${chinese.url}/api/orders/1`);
    await chinese.close();
    expect(await answer.json()).toMatchObject({ message: '订单 1 不存在' });
  });

  test('a conflict is told apart', async () => {
    const { body } = await send('orders', { tpOrderId: 'T', totalMoney: 1 });
    expect(await send(`orders/${body.orderId}/verify`)).toEqual({
      status: 409,
      body: {
        code: 'CONFLICT',
        message: `order ${body.orderId} is not paid`,
        why: { en: `order ${body.orderId} is not paid`, zh: `订单 ${body.orderId} 未支付` },
      },
    });
  });
});

describe('a page elsewhere on the web', () => {
  test('cannot drive the cashier by a form or from its own origin', async () => {
    const form = { 'content-type': 'text/plain' };
    expect((await send('faults', { query: 'down' }, form)).status).toBe(400);
    const origin = { ...JSON_TYPE, origin: 'https://example.com' };
    expect((await send('faults', { query: 'down' }, origin)).status).toBe(400);
    expect(cashier.faults().query).toBe('none');
    expect((await send('faults', {}, { ...JSON_TYPE, origin: cashier.url })).status).toBe(200);
  });

  test('cannot read it under a name of its own', async () => {
    expect(await statusWith({ host: 'evil.example' })).toBe(400);
    expect(await statusWith({ host: 'evil.example' }, '/api/events')).toBe(400);
    expect(await statusWith({ host: `localhost:${cashier.port}` })).toBe(200);
  });
});

describe('events', () => {
  test('begin with everything and go on with each change', async () => {
    const order = cashier.createOrder({ tpOrderId: 'T-events', totalMoney: 1 });
    await cashier.pay(order.orderId);
    const { type, received } = await events(3, () => cashier.verify(order.orderId));
    expect(type).toBe('text/event-stream');
    expect(received.map((event) => event.type)).toEqual(['snapshot', 'hop', 'order']);
  });
});
