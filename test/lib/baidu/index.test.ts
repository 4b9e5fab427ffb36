import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  type App,
  type BaiduClientOptions,
  BaiduError,
  createBaiduClient,
  createMerchantOrderClient,
  type PlatformKeys,
  parsePaymentNotification,
  parseRefundAudit,
  parseRefundNotification,
  publicKeyText,
  readPrivateKey,
  ServiceError,
} from '../../../lib/baidu/index.ts';
import { answerBody, type ScriptedBaidu, says, startBaidu } from '../../support/baidu.ts';
import { PAID, signedForm } from '../../support/notification.ts';
import { PLATFORM, SAMPLE } from '../../support/vectors.ts';

const platform = generateKeyPairSync('rsa', { modulusLength: 1024 });
const platformKeys = [platform.publicKey];
const ORDER = { orderId: '1920891312', siteId: '3747777038' };
const APP: App = { appId: '10026', appKey: 'MMM4oc', privateKey: readPrivateKey(SAMPLE.privateKey) };

describe('createBaiduClient()', () => {
  let baidu: ScriptedBaidu;
  beforeAll(async () => {
    baidu = await startBaidu();
  });
  beforeEach(() => {
    baidu.requests.length = 0;
  });
  afterAll(() => baidu.close());

  test('asks for an order', async () => {
    const attempts: unknown[] = [];
    const queryUrl = new URL(baidu.url);
    const askBaidu = createBaiduClient({ queryUrl, onAttempt: (attempt) => attempts.push(attempt) });
    expect(await askBaidu(APP, ORDER)).toMatchObject({
      ...ORDER,
      appId: '10026',
      payment: { status: 'PAID' },
    });
    expect(attempts).toEqual([{ appId: '10026', orderId: ORDER.orderId, ms: expect.any(Number) }]);
  });

  test('tries three times unless it is told otherwise', async () => {
    baidu.play(says('', 503), says('', 503), says('', 503), says('', 503));
    const failure = { code: 'BAIDU_BAD_RESPONSE' };
    await expect(createBaiduClient({ queryUrl: baidu.url })(APP, ORDER)).rejects.toMatchObject(failure);
    expect(baidu.requests).toHaveLength(3);
    const once = createBaiduClient({ queryUrl: baidu.url, maxAttempts: 1, attemptTimeoutMs: 1000 });
    await expect(once(APP, ORDER)).rejects.toThrow(ServiceError);
    expect(baidu.requests).toHaveLength(4);
  });

  test('throws what Baidu says', async () => {
    baidu.play(says(answerBody({ errno: 10002, errmsg: '订单不存在', data: [] })));
    const answer = createBaiduClient({ queryUrl: baidu.url })(APP, ORDER);
    await expect(answer).rejects.toThrow(BaiduError);
    await expect(answer).rejects.toMatchObject({ code: 'BAIDU_ERROR', errno: 10002, errmsg: '订单不存在' });
  });

  test('asks production unless it is told otherwise: there is nothing to configure', () => {
    expect(createBaiduClient()).toEqual(expect.any(Function));
    expect(createBaiduClient({})).toEqual(expect.any(Function));
  });

  test.each<[string, BaiduClientOptions]>([
    ['queryUrl must be an https URL', { queryUrl: 'http://dianshang.baidu.com/' }],
    ['queryUrl must be an https URL', { queryUrl: 'https://dianshang.baidu.com/?a=1' }],
    ['queryUrl must be an https URL', { queryUrl: 'https://a:b@dianshang.baidu.com/' }],
    ['queryUrl must be an https URL', { queryUrl: 'https://dianshang.baidu.com/#a' }],
    ['queryUrl must be an https URL', { queryUrl: 'dianshang' }],
    ['attemptTimeoutMs must be a whole number', { attemptTimeoutMs: 0 }],
    ['maxAttempts must be a whole number', { maxAttempts: 1.5 }],
  ])('%s: %j', (message, options) => {
    expect(() => createBaiduClient(options)).toThrow(TypeError);
    expect(() => createBaiduClient(options)).toThrow(message);
  });

  test.each<[string, object]>([
    ['appId must be a string of digits.', { appId: 10026 }],
    ['appId must be a string of digits.', { appId: 'x' }],
    ['appKey must be a string.', { appKey: '' }],
    ['appKey must be a string.', { appKey: undefined }],
    ['privateKey must hold what readPrivateKey() returns.', { privateKey: SAMPLE.privateKey }],
    ['The key is a public key, not a private one.', { privateKey: platform.publicKey }],
  ])('asks nobody where %s', async (message, change) => {
    const askBaidu = createBaiduClient({ queryUrl: baidu.url });
    await expect(askBaidu({ ...APP, ...change } as App, ORDER)).rejects.toMatchObject({
      name: 'TypeError',
      message,
    });
    expect(baidu.requests).toEqual([]);
  });

  test.each([
    { orderId: 1920891312, siteId: '1' },
    { orderId: '1&siteId=2', siteId: '1' },
    { orderId: '1' },
    undefined,
  ])('asks nobody for what is no order: %j', async (order) => {
    const askBaidu = createBaiduClient({ queryUrl: baidu.url });
    await expect(askBaidu(APP, order as typeof ORDER)).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
    expect(baidu.requests).toEqual([]);
  });
});

const REFUND = { orderId: ORDER.orderId, refundBatchId: '1' };
const MESSAGES = [
  [
    'parsePaymentNotification()',
    PAID,
    parsePaymentNotification,
    { status: 'PAID', totalMoney: 11300, reading: 'raw' },
  ],
  [
    'parseRefundNotification()',
    { ...REFUND, refundStatus: '2' },
    parseRefundNotification,
    { status: 'FAILED', code: 2 },
  ],
  ['parseRefundAudit()', { ...REFUND, userId: ORDER.siteId }, parseRefundAudit, { siteId: ORDER.siteId }],
] as const;

describe.each(MESSAGES)('%s', (_name, fields, parse, expected) => {
  const form = signedForm(fields, platform.privateKey);
  const parsed = Object.fromEntries(new URLSearchParams(form));

  test('takes the text of a form, and its fields as a parser made them', () => {
    for (const given of [form, parsed, Object.assign(Object.create(null), parsed)]) {
      expect(parse(given, { platformKeys })).toMatchObject({ orderId: ORDER.orderId, fields, ...expected });
    }
  });

  test('takes any of several keys, and no other', () => {
    const stranger = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey;
    expect(parse(form, { platformKeys: [stranger, ...platformKeys] })).toMatchObject(expected);
    expect(() => parse(form, { platformKeys: [stranger] })).toThrow(
      expect.objectContaining({ code: 'INVALID_SIGNATURE' }),
    );
  });

  test.each<[string, unknown]>([
    ['platformKeys must be a list of keys, one at least.', undefined],
    ['platformKeys must be a list of keys, one at least.', []],
    ['platformKeys must be a list of keys, one at least.', platform.publicKey],
    ['platformKeys must hold what readPublicKey() returns.', [publicKeyText(platform.publicKey)]],
    ['The key is a private key, not a public one.', [platform.privateKey]],
  ])('%s', (message, keys) => {
    const options = { platformKeys: keys } as PlatformKeys;
    expect(() => parse(form, options)).toThrow(new TypeError(message));
  });

  test.each<[string, unknown]>([
    ['The request holds no form: nothing has read its body.', undefined],
    ['The request holds no form: nothing has read its body.', null],
    ['The request holds no form: body and query string are empty.', ''],
    ['The form has the field orderId twice.', { ...parsed, orderId: ['1', '2'] }],
    ['The field orderId is not a string.', { ...parsed, orderId: 1 }],
    ['The form has a field whose name is not letters and digits.', { ...parsed, 'zzz=1&a': '' }],
    ['The form is not UTF-8.', { ...parsed, zzz: '\ud800' }],
    ['The field rsaSign is missing.', fields],
  ])('%s', (message, given) => {
    expect(() => parse(given as string, { platformKeys })).toThrow(
      expect.objectContaining({ code: 'INVALID_NOTIFICATION', message }),
    );
  });

  test.each<[string, Record<string, string>]>([
    ['The form is larger than 64 KB.', { zzz: 'x'.repeat(64 * 1024) }],
    ['The form is larger than 64 KB.', { zzz: '新'.repeat(22_000) }],
    [
      'The form has more than 100 fields.',
      Object.fromEntries(Array.from({ length: 101 }, (_, index) => [`f${index}`, ''])),
    ],
  ])('%s', (message, more) => {
    expect(() => parse({ ...parsed, ...more }, { platformKeys })).toThrow(
      expect.objectContaining({ code: 'NOTIFICATION_TOO_LARGE', message }),
    );
  });
});

describe('dealIds', () => {
  test('are the deals whose payments are taken', () => {
    const form = signedForm(PAID, platform.privateKey);
    const dealId = PAID['dealId'] ?? '';
    expect(parsePaymentNotification(form, { platformKeys, dealIds: ['1', dealId] }).status).toBe('PAID');
    for (const dealIds of [['1'], []]) {
      expect(() => parsePaymentNotification(form, { platformKeys, dealIds })).toThrow(
        expect.objectContaining({ code: 'UNKNOWN_DEAL' }),
      );
    }
  });

  test.each([[[470193086]], ['470193086'], [['x']]])('must be strings of digits: %j', (dealIds) => {
    const options = { platformKeys, dealIds } as unknown as PlatformKeys;
    expect(() => parsePaymentNotification(PLATFORM.body, options)).toThrow(
      new TypeError('dealIds must be a list of strings of digits.'),
    );
  });
});

describe('createMerchantOrderClient()', () => {
  const PAIR = { ...APP, smartAppKey: 'k'.repeat(32), smartAppSecret: 's'.repeat(32) };

  test('asks production unless it is told otherwise: there is nothing to configure', () => {
    expect(createMerchantOrderClient()).toEqual(expect.any(Function));
  });

  test.each([
    ['openapiUrl must be an https URL', { openapiUrl: 'http://openapi.baidu.com' }],
    ['openapiUrl must end after its host', { openapiUrl: 'https://openapi.baidu.com/oauth' }],
    ['maxAttempts must be a whole number', { maxAttempts: 0 }],
  ])('%s: %j', (message, options) => {
    expect(() => createMerchantOrderClient(options)).toThrow(new RegExp(`^${message}`));
  });

  test.each(['', 'a b', 'a&b', '订单', 'x'.repeat(129), 3028903626, undefined])(
    'asks nobody for %s',
    async (id) => {
      const asked = createMerchantOrderClient()(PAIR, id as string);
      await expect(asked).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
    },
  );

  test.each(['appKey', 'smartAppKey', 'smartAppSecret'])('needs %s', async (name) => {
    const asked = createMerchantOrderClient()({ ...PAIR, [name]: '' }, '1');
    await expect(asked).rejects.toThrow(new TypeError(`${name} must be a string.`));
  });
});
