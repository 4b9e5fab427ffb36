import { afterEach, describe, expect, test } from 'vitest';
import { type Cashier, type CashierOptions, startCashier } from '../../../local/cashier/index.ts';
import { type Behaviour, CONSUMED, SAMPLE, startMerchant, until } from './merchant.ts';

const open: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

/** Starts a merchant that behaves so, and a cashier with the sample order that calls it. */
async function start(behave: (call: number) => Behaviour, options: CashierOptions = {}) {
  const merchant = await startMerchant(behave);
  const cashier = await startCashier({ notifyUrl: merchant.url, ...options });
  cashier.createOrder(SAMPLE);
  open.push(merchant.close, cashier.close);
  return { merchant, cashier };
}

const state = (cashier: Cashier) => cashier.order(SAMPLE.orderId);

describe('what the answer means (Baidu, 通知支付状态)', () => {
  test.each<[string, Behaviour, string, string, string]>([
    ['consumed', { body: CONSUMED }, 'settled', 'isConsumed is 2', 'SETTLED'],
    [
      'taken note of',
      { body: '{"errno":0,"msg":"success","data":{"isConsumed":1}}' },
      'noted',
      'isConsumed is 1',
      'NOTED',
    ],
    [
      'an error order',
      { body: '{"errno":0,"msg":"success","data":{"isConsumed":2,"isErrorOrder":1}}' },
      'refunded',
      'isErrorOrder is 1',
      'REFUNDED',
    ],
    [
      'no isConsumed',
      { body: '{"errno":0,"msg":"success","data":{}}' },
      'refunded',
      'isConsumed is missing',
      'REFUNDED',
    ],
    ['no data', { body: '{"errno":0,"msg":""}' }, 'refunded', 'isConsumed is missing', 'REFUNDED'],
    [
      'JSON in JSON',
      { body: '{"errno":0,"msg":"success","data":"{\\"isConsumed\\":2}"}' },
      'refunded',
      'isConsumed is missing; data is a text with JSON in it, and must be the object itself',
      'REFUNDED',
    ],
    [
      'isErrorOrder as text',
      { body: '{"errno":0,"msg":"success","data":{"isConsumed":2,"isErrorOrder":"1"}}' },
      'settled',
      'isConsumed is 2; isErrorOrder is "1": only the number 1 refunds',
      'SETTLED',
    ],
    [
      'isErrorOrder 0',
      { body: '{"errno":0,"msg":"success","data":{"isConsumed":2,"isErrorOrder":0}}' },
      'settled',
      'isConsumed is 2',
      'SETTLED',
    ],
    [
      'no msg',
      { body: '{"errno":0,"data":{"isConsumed":1}}' },
      'noted',
      'isConsumed is 1; msg is missing',
      'NOTED',
    ],
    [
      'message for msg',
      { body: '{"errno":0,"message":"ok","data":{"isConsumed":2}}' },
      'settled',
      'isConsumed is 2; message stands in the place of msg',
      'SETTLED',
    ],
    [
      'isConsumed as text',
      { body: '{"errno":0,"msg":"success","data":{"isConsumed":"2"}}' },
      'repeat',
      'isConsumed is "2": only the numbers 1 and 2 count',
      'PENDING',
    ],
    ['errno 1', { body: '{"errno":1}' }, 'repeat', 'errno is 1, not 0', 'PENDING'],
    ['errno with words', { body: '{"errno":1,"msg":"NO"}' }, 'repeat', 'errno is 1, not 0 (NO)', 'PENDING'],
    ['no errno', { body: '{}' }, 'repeat', 'errno is missing, not 0', 'PENDING'],
    ['not JSON', { body: 'success' }, 'repeat', 'the answer is not JSON', 'PENDING'],
    ['a JSON list', { body: '[0]' }, 'repeat', 'the answer is not JSON', 'PENDING'],
    ['HTTP 500', { status: 500, body: CONSUMED }, 'repeat', 'HTTP status 500 is no success', 'PENDING'],
    [
      'a redirect, which is not followed',
      { status: 302, body: CONSUMED, location: '/elsewhere' },
      'repeat',
      'HTTP status 302 is no success',
      'PENDING',
    ],
    ['a broken connection', 'reset', 'repeat', 'socket hang up', 'PENDING'],
  ])('%s', async (_name, behaviour, outcome, why, settlement) => {
    const { merchant, cashier } = await start(() => behaviour);
    const result = await cashier.pay(SAMPLE.orderId);
    expect(result).toMatchObject({ outcome, why: { en: why } });
    expect(state(cashier)).toMatchObject({ payment: 'PAID', settlement });
    expect(state(cashier).nextNotificationAt === null).toBe(outcome !== 'repeat');
    expect(state(cashier).refund).toBe(outcome === 'refunded' ? 'REFUNDED' : 'NONE');
    expect(merchant.received).toHaveLength(1);
  });

  test.each<[string, Parameters<typeof start>[0], string]>([
    ['no errno', () => ({ body: '{}' }), '缺少 errno'],
    [
      'words of the merchant’s own',
      () => ({ body: '{"errno":403,"msg":"INVALID_SIGNATURE: The signature is wrong."}' }),
      'errno 为 403，不是 0。您的服务答：“INVALID_SIGNATURE: The signature is wrong.”',
    ],
    ['a broken connection', () => 'reset', '无法送达：连接被断开（socket hang up）'],
  ])('%s, in Chinese', async (_name, behaviour, why) => {
    const { cashier } = await start(behaviour);
    expect((await cashier.pay(SAMPLE.orderId)).why.zh).toBe(why);
  });

  test('no address, in Chinese', async () => {
    const cashier = await startCashier();
    const { orderId } = cashier.createOrder({ tpOrderId: 'T', totalMoney: 1 });
    expect((await cashier.pay(orderId)).why.zh).toBe('没有设置通知地址，无处可送');
    await cashier.close();
  });

  test('no answer in time', async () => {
    const { cashier } = await start(() => 'silent', { answerLimitMs: 40 });
    const result = await cashier.pay(SAMPLE.orderId);
    expect(result).toMatchObject({ outcome: 'repeat', status: null, body: null });
    expect(result.why.en).toBe('no answer in time');
    expect(result.milliseconds).toBeGreaterThanOrEqual(39);
  });

  test('a right answer that a handler in this process gives too late', async () => {
    const { cashier } = await start(() => 'silent', { answerLimitMs: 5 });
    cashier.setDeliver(async () => {
      const end = performance.now() + 30;
      while (performance.now() < end);
      return { status: 200, body: CONSUMED };
    });
    expect((await cashier.pay(SAMPLE.orderId)).why.en).toBe('no answer in time');
  });

  test('an answer larger than 64 KB', async () => {
    const { cashier } = await start(() => ({ body: ' '.repeat(70_000) }));
    expect((await cashier.pay(SAMPLE.orderId)).why.en).toBe('the answer is larger than 64 KB');
  });

  test('nobody listens, or no notify URL is set', async () => {
    const { merchant, cashier } = await start(() => 'silent');
    await merchant.close();
    expect((await cashier.pay(SAMPLE.orderId)).why.en).toMatch(/ECONNREFUSED/);
    const alone = await startCashier();
    open.push(alone.close);
    alone.createOrder(SAMPLE);
    expect((await alone.pay(SAMPLE.orderId)).why.en).toBe('no notify URL is set');
  });

  test('errno other than 0 refunds where the cashier is told to', async () => {
    const { cashier } = await start(() => ({ body: '{"errno":1}' }), { refusal: 'refunded' });
    expect((await cashier.pay(SAMPLE.orderId)).outcome).toBe('refunded');
    expect(state(cashier)).toMatchObject({ refund: 'REFUNDED', settlement: 'REFUNDED' });
  });
});

describe('repetitions', () => {
  test('go on until the answer counts, and end then', async () => {
    const { merchant, cashier } = await start((call) => ({ body: call < 3 ? '{"errno":1}' : CONSUMED }), {
      repeatIntervalMs: 1,
    });
    const settled = until(cashier, () => state(cashier).settlement === 'SETTLED');
    expect((await cashier.pay(SAMPLE.orderId)).outcome).toBe('repeat');
    await settled;
    expect(merchant.received).toHaveLength(3);
    expect(new Set(merchant.received.map(({ body }) => body)).size).toBe(1);
    expect(state(cashier)).toMatchObject({ notifications: 3, nextNotificationAt: null });
  });

  test('end after their number, and the order hangs as paid', async () => {
    const { merchant, cashier } = await start(() => 'reset', { repeatIntervalMs: 1, repeatCount: 2 });
    const done = until(cashier, () => state(cashier).settlement === 'GIVEN_UP');
    await cashier.pay(SAMPLE.orderId);
    await done;
    expect(merchant.received).toHaveLength(3);
    expect(state(cashier)).toMatchObject({ payment: 'PAID', refund: 'NONE', nextNotificationAt: null });
  });

  test('are due after 2 minutes by default', async () => {
    const now = new Date('2026-01-01T00:00:00.000Z');
    const { cashier } = await start(() => 'reset', { now: () => now });
    await cashier.pay(SAMPLE.orderId);
    expect(state(cashier).nextNotificationAt).toBe('2026-01-01T00:02:00.000Z');
  });

  test('give way to a notification by hand', async () => {
    const { merchant, cashier } = await start((call) => ({ body: call === 1 ? '' : CONSUMED }));
    await cashier.pay(SAMPLE.orderId);
    expect((await cashier.notifyAgain(SAMPLE.orderId)).outcome).toBe('settled');
    expect(state(cashier)).toMatchObject({ settlement: 'SETTLED', nextNotificationAt: null });
    expect(merchant.received).toHaveLength(2);
  });

  test('a worse answer after a settlement changes nothing', async () => {
    const { cashier } = await start((call) => ({ body: call === 1 ? CONSUMED : '{"errno":1}' }));
    await cashier.pay(SAMPLE.orderId);
    expect((await cashier.notifyAgain(SAMPLE.orderId)).outcome).toBe('repeat');
    expect(state(cashier)).toMatchObject({ settlement: 'SETTLED', nextNotificationAt: null });
  });
});
