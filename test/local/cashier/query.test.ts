import { constants, createSign, generateKeyPairSync, privateEncrypt } from 'node:crypto';
import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { NO_FAULTS } from '../../../local/cashier/faults.ts';
import { type Cashier, startCashier } from '../../../local/cashier/index.ts';
import { canonicalText } from '../../../local/cashier/signature/signature.ts';
import { ask, CONSUMED, merchantKeys, SAMPLE, signedQuery, until } from './merchant.ts';

let cashier: Cashier;

beforeAll(async () => {
  cashier = await startCashier({
    merchantPublicKey: merchantKeys.publicKey,
    deliver: async () => ({ status: 200, body: CONSUMED }),
    slowMs: 1,
  });
  cashier.createOrder(SAMPLE);
});
afterAll(() => cashier.close());
afterEach(() => cashier.setFaults(NO_FAULTS));

/** The last query's hop, on the sample order's time line or among those that match no order. */
function lastHop(orderId: string | null = SAMPLE.orderId) {
  const hop = cashier.timeline(orderId).at(-1);
  if (hop?.kind !== 'query') throw new Error('no query was recorded');
  return hop;
}

describe('a query by the rules', () => {
  test('is answered in the shape that Baidu publishes, with the state of the order', async () => {
    expect(await ask(cashier, signedQuery(cashier))).toEqual({
      status: 200,
      errno: 0,
      errmsg: '成功',
      msg: '成功',
      data: {
        data: {
          payStatus: { statusNum: -1, statusDesc: '未支付' },
          refundStatus: { statusNum: -1, statusDesc: '未退费' },
          verification: { statusNum: -1, statusDesc: '无核销数据' },
        },
      },
      timestamp: expect.any(Number),
      cached: 0,
      serverlogid: expect.stringMatching(/^\d{10}$/),
    });
    expect(lastHop()).toMatchObject({ tone: 'good', note: { en: 'Answered: unpaid' } });
    expect(lastHop().raw.map(({ name }) => name)).toEqual(['request', 'expectedText', 'answer']);
  });

  test('shows every state of payment, refund and verification', async () => {
    const order = cashier.createOrder({ tpOrderId: 'T-2', totalMoney: 1 });
    const states = async () => {
      const query = signedQuery(cashier, { orderId: order.orderId, siteId: order.userId });
      const { payStatus, refundStatus, verification } = (await ask(cashier, query)).data.data;
      return [payStatus, refundStatus, verification].map((s) => `${s.statusNum} ${s.statusDesc}`).join(', ');
    };
    await cashier.pay(order.orderId, { payType: '1087' });
    expect(await states()).toBe('1 支付成功, -1 未退费, -1 无核销数据');
    cashier.verify(order.orderId);
    expect(await states()).toBe('1 支付成功, -1 未退费, 1 已核销');
    cashier.refund(order.orderId, 'PROCESSING');
    expect(await states()).toBe('1 支付成功, 1 退费中, 1 已核销');
    cashier.refund(order.orderId, 'FAILED');
    expect(await states()).toBe('1 支付成功, 9 退费失败, 1 已核销');
    cashier.refund(order.orderId, 'REFUNDED');
    expect(await states()).toBe('1 支付成功, 2 退费成功, 1 已核销');
  });

  test('takes ids up to 2^63 - 1 without losing a digit', async () => {
    const orderId = '9223372036854775807';
    cashier.createOrder({ orderId, userId: '9223372036854775806', tpOrderId: 'T-3', totalMoney: 0 });
    const query = signedQuery(cashier, { orderId, siteId: '9223372036854775806' });
    expect((await ask(cashier, query)).errno).toBe(0);
    const wrong = signedQuery(cashier, { orderId, siteId: '9223372036854775807' });
    expect((await ask(cashier, wrong)).errno).toBe(10002);
  });
});

test('sign_type beside a right signature is left unsigned, and taken', async () => {
  expect(await ask(cashier, { ...signedQuery(cashier), sign_type: 'RSA' })).toMatchObject({ errno: 0 });
});

describe('a query that breaks a rule of its parameters (10001)', () => {
  const encode = (params: Record<string, string>) => new URLSearchParams(params).toString();
  test.each<[string, string, (query: Record<string, string>) => string]>([
    ['appId is missing', '缺少参数 appId', ({ appId, ...rest }) => encode(rest)],
    ['appKey is missing', '缺少参数 appKey', ({ appKey, ...rest }) => encode(rest)],
    ['orderId is missing', '缺少参数 orderId', ({ orderId, ...rest }) => encode(rest)],
    ['siteId is missing', '缺少参数 siteId', ({ siteId, ...rest }) => encode(rest)],
    ['sign is missing', '缺少参数 sign', ({ sign, ...rest }) => encode(rest)],
    ['sign is empty', '参数 sign 为空', (query) => encode({ ...query, sign: '' })],
    ['siteId was sent more than once', '参数 siteId 重复', (query) => `${encode(query)}&siteId=1`],
    ['signType does not belong to this query', '多余的参数 signType', (q) => `${encode(q)}&signType=RSA`],
    [
      'orderId is not a whole number up to 2^63 - 1',
      '参数 orderId 不是合法的 Long',
      (query) => encode({ ...query, orderId: '9223372036854775808' }),
    ],
    [
      'siteId is not a whole number up to 2^63 - 1',
      '参数 siteId 不是合法的 Long',
      (query) => encode({ ...query, siteId: '01' }),
    ],
  ])('%s', async (en, zh, broken) => {
    const answer = await ask(cashier, broken(signedQuery(cashier)));
    expect(answer).toMatchObject({ status: 200, errno: 10001, errmsg: '参数错误', data: [] });
    const hop = [...cashier.timeline(SAMPLE.orderId), ...cashier.timeline(null)]
      .sort((a, b) => a.id - b.id)
      .at(-1);
    expect(hop).toMatchObject({ tone: 'bad', note: { en: `errno 10001: ${en}`, zh: `errno 10001：${zh}` } });
  });

  test('POST was sent: a query is a GET', async () => {
    expect((await ask(cashier, signedQuery(cashier), 'POST')).errno).toBe(10001);
    expect(lastHop().note?.en).toBe('errno 10001: POST was sent: a query is a GET');
  });
});

describe('a query for what is not there (10002)', () => {
  test.each([
    [{ appId: '10027' }, "appId is 10027, the cashier's is 10026"],
    [{ appKey: 'MMM4od' }, "appKey is MMM4od, the cashier's is MMM4oc"],
    [{ siteId: '1' }, 'siteId is 1, but the order belongs to user 3747777038'],
  ])('%o', async (change, en) => {
    const answer = await ask(cashier, signedQuery(cashier, change));
    expect(answer).toMatchObject({ errno: 10002, errmsg: '订单或 appKey 不存在' });
    expect(lastHop().note?.en).toBe(`errno 10002: ${en}`);
  });

  test('an order that nobody made is shown among the requests that match none', async () => {
    expect((await ask(cashier, signedQuery(cashier, { orderId: '5' }))).errno).toBe(10002);
    expect(lastHop(null).note?.en).toBe('errno 10002: there is no order 5');
  });
});

describe('a query with a wrong signature (10000) says what was signed instead', () => {
  const params = { appId: '10026', appKey: 'MMM4oc', orderId: SAMPLE.orderId, siteId: SAMPLE.userId };
  const text = canonicalText(params);
  const signText = (signed: string | Buffer, hash = 'sha1', key = merchantKeys.privateKey) =>
    createSign(hash).update(signed).sign({ key, padding: constants.RSA_PKCS1_PADDING }, 'base64');
  const other = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey;
  const longer = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;

  test.each<[string, string]>([
    ['ended with a line break', signText(`${text}\n`)],
    ['ended with "&"', signText(`${text}&`)],
    ['began with "?"', signText(`?${text}`)],
    ['an empty sign took part', signText(`${text}&sign=`)],
    ['held the values only', signText(Object.values(params).join(''))],
    ['"=" and "&" were missing', signText(text.replace(/[=&]/g, ''))],
    ['with the hash SHA-256', signText(text, 'sha256')],
    ['with the hash MD5', signText(text, 'md5')],
    ['its SHA-1 begins with', signText('something else')],
    ['another private key signed it', signText(text, 'sha1', other)],
    ['the signature has 2048 bits', signText(text, 'sha1', longer)],
    ['the signature is not base64', 'not*base64'],
  ])('%s', async (en, signature) => {
    const answer = await ask(cashier, { ...params, sign: signature });
    expect(answer).toMatchObject({ errno: 10000, errmsg: '签名错误', msg: '签名错误', data: [] });
    expect(lastHop().note?.en).toContain(en);
    expect(lastHop().raw).toContainEqual({ name: 'expectedText', text });
  });

  test('a hash that nobody knows, in both languages', async () => {
    const sign = privateEncrypt(merchantKeys.privateKey, Buffer.from(text)).toString('base64');
    await ask(cashier, { ...params, sign });
    expect(lastHop().note?.en).toContain('but with the hash none that is known');
    expect(lastHop().note?.zh).toContain('密钥正确，但摘要算法无法识别');
  });

  test('sign_type was signed, too', async () => {
    const { sign: _unsigned = '', ...rest } = signedQuery(cashier);
    const params = { ...rest, sign_type: 'RSA' };
    const text = Object.entries(params)
      .map((pair) => pair.join('='))
      .sort();
    const sign = createSign('sha1').update(text.join('&')).sign(merchantKeys.privateKey, 'base64');
    expect(await ask(cashier, { ...params, sign })).toMatchObject({ errno: 10000 });
    expect(lastHop().note?.en).toContain('the right key signed another text: sign_type was signed, too');
  });

  test('the parameters were not ordered by name', async () => {
    const unordered = { siteId: params.siteId, orderId: params.orderId, appKey: 'MMM4oc', appId: '10026' };
    const signed = Object.entries(unordered)
      .map((pair) => pair.join('='))
      .join('&');
    expect((await ask(cashier, { ...unordered, sign: signText(signed) })).errno).toBe(10000);
    expect(lastHop().note?.en).toContain('the parameters were not ordered by name');
  });

  test('"+" that was not URL-encoded', async () => {
    // The value of appKey is free, so one of these has a plus in its signature.
    const query = signedQuery(cashier);
    const search = new URLSearchParams({ ...query, sign: 'a+b' }).toString().replace('%2B', '+');
    expect((await ask(cashier, search)).errno).toBe(10000);
    expect(lastHop().note?.en).toContain('"+" was not URL-encoded');
  });

  test('without a public key of the merchant nothing is right, until one is given', async () => {
    const bare = await startCashier();
    bare.createOrder(SAMPLE);
    expect((await ask(bare, signedQuery(bare))).errno).toBe(10000);
    expect(bare.timeline(SAMPLE.orderId).at(-1)?.note?.en).toContain("no merchant's public key");
    bare.setMerchantPublicKey(merchantKeys.publicKey);
    expect((await ask(bare, signedQuery(bare))).errno).toBe(0);
    await bare.close();
  });
});

describe("Baidu's own faults", () => {
  test('over the QPS limit: 5010003', async () => {
    cashier.setFaults({ query: 'qps' });
    expect(await ask(cashier, signedQuery(cashier))).toMatchObject({ status: 200, errno: 5010003, data: [] });
  });

  test('down: the connection breaks', async () => {
    cashier.setFaults({ query: 'down' });
    await expect(ask(cashier, signedQuery(cashier))).rejects.toThrow('fetch failed');
    expect(lastHop().note?.en).toBe('The connection was broken off');
  });

  test('slow: the answer comes, late', async () => {
    cashier.setFaults({ query: 'slow' });
    expect((await ask(cashier, signedQuery(cashier))).errno).toBe(0);
    expect(lastHop()).toMatchObject({ tone: 'bad', note: { en: 'Answered: unpaid' }, flaw: { en: 'Slow' } });
  });

  test('slow, and the caller hangs up: that is what is recorded', async () => {
    const slow = await startCashier({ merchantPublicKey: merchantKeys.publicKey, slowMs: 60_000 });
    slow.createOrder(SAMPLE);
    slow.setFaults({ query: 'slow' });
    const { pathname } = new URL(slow.queryUrl);
    const search = new URLSearchParams(signedQuery(slow));
    const recorded = until(slow, () => slow.timeline(SAMPLE.orderId).at(-1)?.kind === 'query');
    const socket = connect(slow.port, '127.0.0.1');
    socket.write(`GET ${pathname}?${search} HTTP/1.1\r\nHost: localhost\r\n\r\n`, () => socket.destroy());
    await recorded;
    expect(slow.timeline(SAMPLE.orderId).at(-1)).toMatchObject({
      note: { en: 'The caller gave up waiting' },
    });
    await slow.close();
  });

  test('an unknown status: a number that was never published', async () => {
    cashier.setFaults({ unknownStatus: true });
    const { payStatus } = (await ask(cashier, signedQuery(cashier))).data.data;
    expect(payStatus).toEqual({ statusNum: 7, statusDesc: '风控审核中' });
  });

  test('a switch that is none is refused', () => {
    expect(() => cashier.setFaults(JSON.parse('{"query":"on fire"}'))).toThrow(
      'no such switch: query = on fire',
    );
    expect(() => cashier.setFaults(JSON.parse('{"nothing":true}'))).toThrow('no such switch: nothing = true');
    expect(cashier.faults()).toEqual(NO_FAULTS);
  });
});
