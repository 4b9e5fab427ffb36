import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isOwnId } from '../../../lib/baidu/order.ts';
import { type Cashier, type CashierEvent, startCashier } from '../../../local/cashier/index.ts';
import { CONSUMED, merchantKeys, SAMPLE } from './merchant.ts';

let cashier: Cashier;
beforeAll(async () => {
  cashier = await startCashier({ deliver: async () => ({ status: 200, body: CONSUMED }) });
});
afterAll(() => cashier.close());

const order = () => cashier.createOrder({ tpOrderId: 'T', totalMoney: 1 }).orderId;

describe('createOrder(order)', () => {
  test('draws ids as long as those seen in production', () => {
    const { orderId, userId } = cashier.createOrder({ tpOrderId: 'T', totalMoney: 1 });
    expect(orderId).toMatch(/^[1-9]\d{13}$/);
    expect(userId).toMatch(/^[1-9]\d{12}$/);
  });

  test.each([
    [{ orderId: '0' }, 'orderId must be a whole number up to 2^63 - 1'],
    [{ orderId: '9223372036854775808' }, 'orderId must be a whole number up to 2^63 - 1'],
    [{ userId: '-5' }, 'userId must be a whole number up to 2^63 - 1'],
    [{ totalMoney: 0.5 }, 'totalMoney must be a whole number of fen, not negative'],
    [{ totalMoney: -1 }, 'totalMoney must be a whole number of fen, not negative'],
    ...['', '含 空格', 'a b', 'a&b', 'a=b', '订单', 'x'.repeat(129)].map((tpOrderId): [object, string] => [
      { tpOrderId },
      'tpOrderId, the merchant’s own id, must be 1 to 128 visible ASCII characters, none of them & or =',
    ]),
    [{ title: 'x'.repeat(4097) }, 'title must be a text of 4096 characters at most'],
    [{ returnData: '\ud800' }, 'returnData must be a text of 4096 characters at most'],
  ])('refuses %o', (change, message) => {
    expect(() => cashier.createOrder({ tpOrderId: 'T', totalMoney: 1, ...change })).toThrow(
      expect.objectContaining({ code: 'INVALID', message }),
    );
  });

  test('takes every own id that the service takes', () => {
    const ids = ['T', '!"#$%\'()*+,-./:;<>?@[\\]^_`{|}~', 'x'.repeat(128)];
    for (const tpOrderId of ids) {
      expect(isOwnId(tpOrderId)).toBe(true);
      expect(cashier.createOrder({ tpOrderId, totalMoney: 1 })).toMatchObject({ tpOrderId });
    }
  });

  test('refuses an id that is taken', () => {
    cashier.createOrder(SAMPLE);
    expect(() => cashier.createOrder(SAMPLE)).toThrow(expect.objectContaining({ code: 'CONFLICT' }));
  });
});

describe('what an order allows', () => {
  test('an order is paid once, and not after it was cancelled', async () => {
    const id = order();
    await cashier.pay(id);
    await expect(cashier.pay(id)).rejects.toThrow(`order ${id} is paid already`);
    await expect(cashier.cancel(id)).rejects.toThrow(`order ${id} is paid already`);
    const other = order();
    await cashier.cancel(other);
    await expect(cashier.pay(other)).rejects.toThrow(`order ${other} is cancelled already`);
  });

  test('refund, verification and another notification want a paid order', async () => {
    const id = order();
    expect(() => cashier.refund(id, 'REFUNDED')).toThrow(`order ${id} is not paid`);
    expect(() => cashier.verify(id)).toThrow(`order ${id} is not paid`);
    await expect(cashier.notifyAgain(id)).rejects.toThrow(`order ${id} is not paid`);
    await cashier.pay(id);
    expect(cashier.refund(id, 'FAILED').refund).toBe('FAILED');
    expect(cashier.verify(id).verification).toBe('VERIFIED');
  });

  test('an unknown order, channel or refund state is refused', async () => {
    expect(() => cashier.order('1')).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }));
    await expect(cashier.pay('1')).rejects.toThrow('there is no order 1');
    const id = order();
    await expect(cashier.pay(id, JSON.parse('{"payType":"1"}'))).rejects.toThrow('no such channel: 1');
    await cashier.pay(id);
    expect(() => cashier.refund(id, JSON.parse('"NONE"'))).toThrow('no such refund state: NONE');
  });
});

describe('the merchant’s service', () => {
  test('is asked from the page once it is known', async () => {
    const desk = await startCashier();
    const { orderId } = desk.createOrder({ tpOrderId: 'T', totalMoney: 1 });
    expect(desk.connection().service).toBe(false);
    await expect(desk.lookUp(orderId)).rejects.toThrow('the cashier knows no service to ask');
    await expect(desk.askStatus('1')).rejects.toThrow('there is no order 1');
    const asked: string[] = [];
    desk.setService({
      lookUp: async (order) => asked.push(`look up ${order.orderId}`),
      askStatus: async (order, by) => asked.push(`ask ${order[by]}`),
    });
    expect(desk.connection().service).toBe(true);
    expect((await desk.lookUp(orderId)).orderId).toBe(orderId);
    await desk.askStatus(orderId);
    await desk.askStatus(orderId, 'tpOrderId');
    expect(asked).toEqual([`look up ${orderId}`, `ask ${orderId}`, 'ask T']);
    await desk.close();
  });
});

describe('the time line', () => {
  test('takes steps that others saw, dated when they began, and tells subscribers', () => {
    const id = order();
    const events: CashierEvent[] = [];
    const stop = cashier.subscribe((event) => events.push(event));
    const hop = cashier.record(id, { kind: 'queued', note: 'in the queue', milliseconds: 1000 });
    stop();
    cashier.record(id, { kind: 'published' });
    expect(events).toEqual([{ type: 'hop', orderId: id, hop }]);
    expect(hop.note).toEqual({ en: 'in the queue', zh: 'in the queue' });
    expect(Date.parse(hop.at)).toBeLessThan(Date.now());
    expect(cashier.timeline(id).map(({ kind }) => kind)).toEqual(['created', 'queued', 'published']);
  });

  test('keeps what belongs to no order apart', () => {
    const hop = cashier.record('12345', { kind: 'other' });
    expect(cashier.timeline(null)).toContain(hop);
    expect(cashier.timeline('12345')).toEqual([]);
  });

  test('does not grow for ever', () => {
    const id = order();
    for (let i = 0; i < 1100; i += 1) cashier.record(id, { kind: 'other' });
    expect(cashier.timeline(id)).toHaveLength(1000);
  });
});

describe('starting and closing', () => {
  test('a port that is taken gives way to a free one', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const address = other.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const second = await startCashier({ port });
    expect(second.port).not.toBe(port);
    expect(second.url).toBe(`http://127.0.0.1:${second.port}`);
    expect(second.queryUrl).toBe(`${second.url}/platform/entity/openapi/queryorderdetail`);
    await second.close();
    other.close();
  });

  test('reads keys in the forms that people have, refuses others', async () => {
    const pem = merchantKeys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const bare = merchantKeys.publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
    const started = await startCashier({ platformPrivateKey: pem, merchantPublicKey: bare });
    expect(started.platformPublicKey).toBe(bare);
    await started.close();
    const small = generateKeyPairSync('rsa', { modulusLength: 512 }).publicKey;
    const curve = generateKeyPairSync('ed25519').privateKey;
    for (const options of [
      { merchantPublicKey: 'nothing' },
      { merchantPublicKey: pem },
      { merchantPublicKey: small },
      { platformPrivateKey: bare },
      { platformPrivateKey: curve },
      { notifyUrl: 'ftp://example.com' },
    ]) {
      await expect(startCashier(options)).rejects.toThrow(expect.objectContaining({ code: 'INVALID' }));
    }
  });

  test('nothing answers, and no timer is left, after close', async () => {
    const closed = await startCashier({ deliver: () => new Promise(() => {}) });
    closed.createOrder(SAMPLE);
    const paying = closed.pay(SAMPLE.orderId);
    await closed.close();
    expect((await paying).why.en).toBe('the cashier closed');
    expect(closed.order(SAMPLE.orderId).nextNotificationAt).toBeNull();
    await expect(fetch(closed.queryUrl)).rejects.toThrow('fetch failed');
  });
});
