import http from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Gateway, startGateway } from '../../../local/stack/gateway.ts';
import type { Invocation } from '../../../local/stack/lambda.ts';

/** An event of an HTTP API, payload 2.0, as far as it is looked at here. */
type HttpEvent = Record<string, unknown> & { headers: Record<string, string> };

const ANSWER = { statusCode: 201, headers: { 'x-own': 'yes' }, body: '{"ok":true}' };

let gateway: Gateway;
let events: HttpEvent[];
let invocation: Invocation;
beforeAll(async () => {
  const invoke = async (event: unknown) => {
    events.push(event as HttpEvent);
    return invocation;
  };
  gateway = await startGateway([
    { method: 'GET', path: '/orders/{orderId}/payment-status', invoke },
    { method: 'POST', path: '/notify', invoke },
  ]);
});
afterAll(() => gateway.close());
beforeEach(() => {
  events = [];
  invocation = { result: ANSWER, error: undefined, log: [] };
});

async function call(path: string, init: RequestInit = {}) {
  const response = await fetch(gateway.url + path, init);
  const { status, headers } = response;
  return { status, headers, body: await response.text(), event: events[0] };
}

describe('a request', () => {
  test('comes as payload 2.0, and its answer goes out as it is', async () => {
    const { status, headers, body, event } = await call('/orders/7/payment-status?siteId=8');
    expect({ status, own: headers.get('x-own'), body }).toEqual({
      status: 201,
      own: 'yes',
      body: ANSWER.body,
    });
    expect(event).toMatchObject({
      version: '2.0',
      routeKey: 'GET /orders/{orderId}/payment-status',
      rawPath: '/orders/7/payment-status',
      rawQueryString: 'siteId=8',
      queryStringParameters: { siteId: '8' },
      pathParameters: { orderId: '7' },
      requestContext: { http: { method: 'GET', path: '/orders/7/payment-status' } },
      isBase64Encoded: false,
    });
    expect(event).not.toHaveProperty('body');
  });

  test('a parameter that is given twice arrives joined with a comma, and twice in the raw text', async () => {
    const { event } = await call('/orders/7/payment-status?siteId=8&x=a%20b&siteId=9&empty=');
    expect(event).toMatchObject({
      rawQueryString: 'siteId=8&x=a%20b&siteId=9&empty=',
      queryStringParameters: { siteId: '8,9', x: 'a b', empty: '' },
    });
  });

  test('has neither parameters nor a body where there are none', async () => {
    const { event } = await call('/notify', { method: 'POST' });
    for (const name of ['queryStringParameters', 'pathParameters', 'body'])
      expect(event).not.toHaveProperty(name);
    expect(event).toMatchObject({ rawQueryString: '', isBase64Encoded: false });
  });

  test.each([
    ['/orders/%31%2B1/payment-status', '1+1'],
    ['/orders/%E8%AE%A2%E5%8D%95/payment-status', '订单'],
    ['/orders/%ZZ/payment-status', '%ZZ'],
  ])('%s is decoded', async (path, orderId) => {
    expect((await call(path)).event).toMatchObject({ pathParameters: { orderId } });
  });

  test('has its headers in lower case, those of one name joined with a comma', async () => {
    const { port } = gateway;
    const headers = { 'X-Mixed-Case': ['One', 'Two'], Authorization: 'Bearer T' };
    const request = http.get({ port, host: '127.0.0.1', path: '/orders/7/payment-status', headers });
    await new Promise((resolve) => request.on('response', (response) => resolve(response.resume())));
    expect(events[0]?.headers).toMatchObject({ 'x-mixed-case': 'One, Two', authorization: 'Bearer T' });
  });
});

describe('a body', () => {
  test.each([
    ['application/x-www-form-urlencoded', true],
    ['application/octet-stream', true],
    ['application/json', false],
    ['text/plain; charset=utf-8', false],
  ])('of type %s arrives base64-encoded: %s', async (type, encoded) => {
    const sent = 'a=1&b=中';
    const { event } = await call('/notify', {
      method: 'POST',
      body: sent,
      headers: { 'content-type': type },
    });
    const body = encoded ? Buffer.from(sent).toString('base64') : sent;
    expect(event).toMatchObject({ body, isBase64Encoded: encoded });
  });

  test('of 10 MB is taken, and a byte more is 413', async () => {
    const size = 10 * 1024 * 1024;
    expect((await call('/notify', { method: 'POST', body: Buffer.alloc(size) })).status).toBe(201);
    const { status, body } = await call('/notify', { method: 'POST', body: Buffer.alloc(size + 1) });
    expect({ status, body }).toEqual({ status: 413, body: '{"message":"Request Entity Too Large"}' });
    expect(events).toHaveLength(1);
  });
});

describe('what goes wrong', () => {
  test.each([
    ['GET', '/'],
    ['GET', '/notify'],
    ['POST', '/notify/'],
    ['POST', '/orders/7/payment-status'],
    ['GET', '/orders/payment-status'],
  ])('%s %s is 404', async (method, path) => {
    const { status, headers, body } = await call(path, { method });
    expect({ status, body }).toEqual({ status: 404, body: '{"message":"Not Found"}' });
    expect(headers.get('content-type')).toBe('application/json');
    expect(events).toEqual([]);
  });

  test('a function that throws is 500, and says nothing of why', async () => {
    invocation = { result: undefined, error: { name: 'TypeError', message: 'of the inside' }, log: [] };
    const { status, body } = await call('/notify', { method: 'POST' });
    expect({ status, body }).toEqual({ status: 500, body: '{"message":"Internal Server Error"}' });
  });
});

describe('startGateway(routes, port)', () => {
  test('gives way to a free port where the wanted one is taken', async () => {
    const second = await startGateway([], gateway.port);
    expect(second.port).not.toBe(gateway.port);
    expect((await fetch(second.url)).status).toBe(404);
    await second.close();
  });
});
