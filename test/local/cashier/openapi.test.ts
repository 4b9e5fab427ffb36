import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createSecondGenerationClient } from '../../../lib/baidu/second-generation/client.ts';
import { NO_FAULTS } from '../../../local/cashier/faults.ts';
import { type Cashier, startCashier } from '../../../local/cashier/index.ts';
import { ask, CONSUMED, merchantKeys, SAMPLE, signedQuery } from './merchant.ts';

const PAIR = { smartAppKey: 'k'.repeat(32), smartAppSecret: 's'.repeat(32) };
const SERVICE = '/rest/2.0/smartapp/pay/paymentservice';
const LONG = {
  orderId: '9007199254740993',
  userId: '9223372036854775807',
  tpOrderId: 'T-long',
  totalMoney: 5,
};

let cashier: Cashier;
let now = Date.parse('2026-01-01T00:00:00Z');
beforeAll(async () => {
  cashier = await startCashier({
    ...PAIR,
    merchantPublicKey: merchantKeys.publicKey,
    deliver: async () => ({ status: 200, body: CONSUMED }),
    slowMs: 1,
    now: () => new Date(now),
  });
  cashier.createOrder(SAMPLE);
  cashier.createOrder(LONG);
});
afterAll(() => cashier.close());
afterEach(() => cashier.setFaults(NO_FAULTS));

const FORM = {
  grant_type: 'client_credentials',
  client_id: PAIR.smartAppKey,
  client_secret: PAIR.smartAppSecret,
  scope: 'smartapp_snsapi_base',
};

async function exchange(change: Record<string, string> = {}) {
  const body = new URLSearchParams({ ...FORM, ...change });
  const response = await fetch(`${cashier.openapiUrl}/oauth/2.0/token`, { method: 'POST', body });
  return { status: response.status, ...JSON.parse(await response.text()) };
}

/** Asks with a token of its own; `text` is what stood on the wire. */
async function put(name: 'findByTpOrderId' | 'findOrderRefund', params: Record<string, string>, more = '') {
  const { access_token: issued } = await exchange();
  const all = { access_token: issued, pmAppKey: 'MMM4oc', tpOrderId: SAMPLE.tpOrderId, ...params };
  const response = await fetch(`${cashier.openapiUrl}${SERVICE}/${name}?${new URLSearchParams(all)}${more}`);
  const text = await response.text();
  return { text, answer: JSON.parse(text) };
}

const find = async (params: Record<string, string> = {}, more = '') =>
  (await put('findByTpOrderId', params, more)).answer;

const lastNote = (orderId: string | null = null) => cashier.timeline(orderId).at(-1)?.note;

describe('the access token', () => {
  test('is issued to the pair, and recorded without the secret', async () => {
    expect(await exchange()).toEqual({
      status: 200,
      access_token: expect.stringMatching(/^24\.[0-9a-f]{32}$/),
      expires_in: 2_592_000,
      scope: 'smartapp_snsapi_base',
    });
    const hop = cashier.timeline(null).at(-1);
    expect(hop).toMatchObject({ kind: 'token', tone: 'good', note: { zh: '已发放 access_token' } });
    expect(JSON.stringify(hop)).not.toContain(PAIR.smartAppSecret);
  });

  test.each([
    [
      { client_id: 'x' },
      401,
      'invalid_client',
      "invalid_client: client_id is not the mini-program's App Key",
    ],
    [{ client_id: 'MMM4oc' }, 401, 'invalid_client', 'invalid_client: client_id is the payment appKey'],
    [{ client_secret: 'x' }, 401, 'invalid_client', 'invalid_client: client_secret is not'],
    [{ grant_type: 'password' }, 400, 'unsupported_grant_type', 'grant_type is not client_credentials'],
    [{ scope: 'all' }, 400, 'invalid_scope', 'scope is not smartapp_snsapi_base'],
  ])('is refused to %j', async (change, status, error, en) => {
    expect(await exchange(change)).toMatchObject({ status, error });
    expect(lastNote()?.en).toContain(en);
  });

  test('is a POST', async () => {
    const response = await fetch(`${cashier.openapiUrl}/oauth/2.0/token?${new URLSearchParams(FORM)}`);
    expect(response.status).toBe(400);
    expect(lastNote()?.en).toBe('invalid_request: GET was sent: it is a POST');
  });

  test('is one that was issued', async () => {
    expect(await find({ access_token: 'stolen' })).toEqual({
      error_code: 110,
      error_msg: 'Access token invalid or no longer valid',
    });
    expect(lastNote()?.en).toBe('error_code 110: nobody issued this access token');
  });

  test('expires after its 30 days, and with the switch after one question', async () => {
    const { access_token: issued } = await exchange();
    const asked = () => find({ access_token: issued });
    expect(await asked()).toMatchObject({ errno: 0 });
    cashier.setFaults({ tokenExpired: true });
    expect(await asked()).toEqual({ error_code: 111, error_msg: 'Access token expired' });
    expect(await find()).toMatchObject({ errno: 0 });
    cashier.setFaults({ tokenExpired: false });
    expect(await asked()).toMatchObject({ errno: 0 });
    now += 2_592_000_000;
    expect(await asked()).toMatchObject({ error_code: 111 });
  });
});

describe('findByTpOrderId', () => {
  test('tells of an order, its ids as numbers past 2^53', async () => {
    const { text, answer } = await put('findByTpOrderId', { tpOrderId: LONG.tpOrderId });
    expect(text).toContain('"orderId":9007199254740993,"userId":9223372036854775807,"tpOrderId":"T-long"');
    expect(answer).toMatchObject({
      errno: 0,
      msg: 'success',
      data: { appId: 10026, appKey: 'MMM4oc', dealId: 470193086, status: 1, totalMoney: 5, payMoney: 0 },
    });
    expect(lastNote(LONG.orderId)).toEqual({
      en: 'Answered by findByTpOrderId: unpaid',
      zh: 'findByTpOrderId 应答：未支付',
    });
  });

  test('changes no merchant’s id that looks like one of Baidu’s', async () => {
    const tpOrderId = '","orderId":"5';
    cashier.createOrder({ tpOrderId, totalMoney: 1 });
    expect((await find({ tpOrderId })).data.tpOrderId).toBe(tpOrderId);
  });

  test('prefers the paid one of several orders with one id', async () => {
    const make = () => cashier.createOrder({ tpOrderId: 'T-several', totalMoney: 1 });
    const [first, paid, last] = [make(), make(), make()];
    expect((await find({ tpOrderId: 'T-several' })).data.orderId).toBe(Number(last.orderId));
    await cashier.pay(paid.orderId);
    expect((await find({ tpOrderId: 'T-several' })).data).toMatchObject({ status: 2, payMoney: 1 });
    await cashier.cancel(first.orderId);
    expect((await find({ tpOrderId: 'T-several' })).data.orderId).toBe(Number(paid.orderId));
  });

  test('says -1 of an order that was cancelled, or refunded by Baidu', async () => {
    const cancelled = cashier.createOrder({ tpOrderId: 'T-cancelled', totalMoney: 1 });
    await cashier.cancel(cancelled.orderId);
    expect((await find({ tpOrderId: 'T-cancelled' })).data.status).toBe(-1);
    const refused = cashier.createOrder({ tpOrderId: 'T-refused', totalMoney: 1 });
    cashier.setDeliver(async () => ({
      status: 200,
      body: '{"errno":0,"data":{"isConsumed":2,"isErrorOrder":1}}',
    }));
    await cashier.pay(refused.orderId);
    cashier.setDeliver(async () => ({ status: 200, body: CONSUMED }));
    expect((await find({ tpOrderId: 'T-refused' })).data.status).toBe(-1);
  });

  test.each<[Record<string, string>, number, string]>([
    [{ tpOrderId: 'T-none' }, 60021, 'there is no order T-none'],
    [{ tpOrderId: '' }, 60000, 'tpOrderId is missing'],
    [{ pmAppKey: 'MMM4od' }, 60008, "pmAppKey is MMM4od, the cashier's is MMM4oc"],
    [{ pmAppKey: PAIR.smartAppKey }, 60008, "pmAppKey is the mini-program's App Key"],
  ])('refuses %j', async (params, errno, en) => {
    expect(await find(params)).toMatchObject({ errno, msg: expect.any(String), data: [] });
    expect(lastNote()?.en).toContain(`errno ${errno}: ${en}`);
  });

  test('refuses a parameter that comes twice, and a POST', async () => {
    expect(await find({}, '&tpOrderId=2')).toMatchObject({ errno: 60000 });
    const { access_token: issued } = await exchange();
    const search = new URLSearchParams({ access_token: issued, tpOrderId: 'T-1', pmAppKey: 'MMM4oc' });
    const response = await fetch(`${cashier.openapiUrl}${SERVICE}/findByTpOrderId?${search}`, {
      method: 'POST',
    });
    expect(await response.json()).toMatchObject({ errno: 2002 });
  });
});

describe('findOrderRefund', () => {
  const refunds = async (params: Record<string, string> = {}) =>
    put('findOrderRefund', { userId: SAMPLE.userId, ...params });

  test('lists a refund in each of its states', async () => {
    expect((await refunds()).answer).toEqual({ errno: 0, msg: 'success', data: [] });
    await cashier.pay(SAMPLE.orderId);
    for (const [state, number] of [
      ['PROCESSING', 1],
      ['REFUNDED', 2],
      ['FAILED', 3],
    ] as const) {
      cashier.refund(SAMPLE.orderId, state);
      const { text, answer } = await refunds();
      expect(answer.data).toMatchObject([{ refundStatus: number, bizRefundBatchId: '' }]);
      expect(text).toContain(`"orderId":${SAMPLE.orderId},"userId":${SAMPLE.userId},`);
    }
    expect(lastNote(SAMPLE.orderId)?.zh).toBe('findOrderRefund 应答：退费失败');
  });

  test.each<[Record<string, string>, number]>([
    [{ userId: '1' }, 60021],
    [{ userId: '0x1' }, 60000],
    [{ userId: '' }, 60000],
  ])('refuses %j', async (params, errno) => {
    expect((await refunds(params)).answer).toMatchObject({ errno, data: [] });
  });
});

describe('the switches', () => {
  test('gone: queryorderdetail answers 404, the second generation goes on', async () => {
    cashier.setFaults({ queryGone: true });
    const response = await fetch(`${cashier.queryUrl}?${new URLSearchParams(signedQuery(cashier))}`);
    expect([response.status, response.headers.get('content-type')]).toEqual([404, 'text/html']);
    expect(lastNote(SAMPLE.orderId)).toEqual({
      en: 'HTTP 404: queryorderdetail is gone',
      zh: 'HTTP 404：queryorderdetail 已下线',
    });
    expect(await find()).toMatchObject({ errno: 0 });
    cashier.setFaults({ queryGone: false });
    expect(await ask(cashier, signedQuery(cashier))).toMatchObject({ errno: 0 });
  });

  test('too many calls, down, slow, unknown status', async () => {
    cashier.setFaults({ query: 'qps' });
    expect(await find()).toMatchObject({ errno: 50029 });
    cashier.setFaults({ query: 'down' });
    await expect(find()).rejects.toThrow('fetch failed');
    cashier.setFaults({ query: 'slow' });
    expect(await find()).toMatchObject({ errno: 0 });
    expect(cashier.timeline(SAMPLE.orderId).at(-1)).toMatchObject({ flaw: { en: 'Slow' } });
    cashier.setFaults({ query: 'none', unknownStatus: true });
    expect((await find()).data.status).toBe(7);
  });
});

test('the pair is drawn where none is given, and shown with the connection', async () => {
  const other = await startCashier();
  expect(other.smartAppKey).toMatch(/^[0-9a-f]{32}$/);
  expect(other.smartAppSecret).toMatch(/^[0-9a-f]{32}$/);
  expect(other.smartAppSecret).not.toBe(other.smartAppKey);
  const { smartAppKey, smartAppSecret, url: openapiUrl } = other;
  expect(other.connection()).toMatchObject({ smartAppKey, smartAppSecret, openapiUrl });
  await other.close();
});

test('the client of this service and the cashier, written apart, agree', async () => {
  const app = { ...PAIR, appId: '10026', appKey: 'MMM4oc', privateKey: merchantKeys.privateKey };
  const client = createSecondGenerationClient({ openapiUrl: new URL(cashier.openapiUrl) });
  cashier.setFaults({ tokenExpired: true });
  for (let count = 0; count < 2; count++) {
    expect(await client.queryOrder(app, { tpOrderId: LONG.tpOrderId })).toMatchObject({
      ...{ orderId: LONG.orderId, siteId: LONG.userId, totalMoney: 5 },
      payment: { status: 'UNPAID' },
      refund: { status: 'NONE' },
    });
  }
  expect(await client.findOrder(app, 'T-none')).toBeUndefined();
});
