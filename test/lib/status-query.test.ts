import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { readPrivateKey } from '../../lib/baidu/keys.ts';
import { createStatusQuery, type StatusApi } from '../../lib/status-query.ts';
import { onlyApp } from '../support/apps.ts';
import { type ScriptedBaidu, says, startBaidu, takesSignaturesOf } from '../support/baidu.ts';
import { orderBody, refundBody, type ScriptedOpenapi, startOpenapi } from '../support/openapi.ts';
import { pair } from '../support/two-apps.ts';
import { SAMPLE } from '../support/vectors.ts';

const BARE = { appId: '10026', appKey: 'MMM4oc', privateKey: readPrivateKey(SAMPLE.privateKey) };
const APP = { ...BARE, smartAppKey: 'key', smartAppSecret: 'secret' };
/** As the scripted Baidu knows the order. */
const ORDER = { orderId: '9007199254740993', siteId: '9007199254740995' };
const OWN = 'T-1';

let baidu: ScriptedBaidu;
let openapi: ScriptedOpenapi;
beforeEach(async () => {
  [baidu, openapi] = await Promise.all([startBaidu(), startOpenapi()]);
});
afterEach(() => Promise.all([baidu.close(), openapi.close()]));

function setUp(statusApi: StatusApi, { maxAttempts = 1 } = {}) {
  const onAttempt = vi.fn();
  const readPrevious = vi.fn(async () => onlyApp(BARE));
  const config = { statusApi, queryUrl: new URL(baidu.url), openapiUrl: openapi.url };
  const query = createStatusQuery(
    { ...config, attemptTimeoutMs: 1000, maxAttempts },
    { onAttempt, readPrevious },
  );
  return { ...query, onAttempt, readPrevious };
}
const questions = () => openapi.asked.map(({ question }) => question);

describe('createStatusQuery(), by the first generation', () => {
  test('asks it for a status, whether the merchant’s id is known or not', async () => {
    const { queryOrder, queryOwnId, onAttempt } = setUp('queryorderdetail');
    for (const tpOrderId of [undefined, OWN]) {
      const { source, orderId } = await queryOrder(APP, { ...ORDER, tpOrderId });
      expect([source.api, orderId]).toEqual(['queryorderdetail', ORDER.orderId]);
    }
    expect(onAttempt).toHaveBeenLastCalledWith({
      appId: '10026',
      orderId: ORDER.orderId,
      ms: expect.any(Number),
    });
    expect(queryOwnId).toBeUndefined();
    expect(questions()).toEqual([]);
  });

  test('signs with the key before where Baidu does not take the present one', async () => {
    const { queryOrder, readPrevious } = setUp('queryorderdetail');
    const { privateKey, publicKey } = pair();
    readPrevious.mockResolvedValue(onlyApp({ ...BARE, privateKey }));
    baidu.always(takesSignaturesOf(publicKey));
    expect(await queryOrder(BARE, ORDER)).toMatchObject(ORDER);
    expect(baidu.requests).toHaveLength(2);
  });

  test('finds an order by the second where the app has the pair, and else asks nobody', async () => {
    const { findOrder, onAttempt } = setUp('queryorderdetail');
    for (const app of [BARE, { ...BARE, smartAppKey: 'key' }])
      expect(await findOrder(app, OWN)).toBeUndefined();
    expect(questions()).toEqual([]);
    expect(await findOrder(APP, OWN)).toMatchObject({ ...ORDER, tpOrderId: OWN, totalMoney: 9900 });
    expect(questions()).toEqual(['token', 'order']);
    expect(onAttempt).toHaveBeenLastCalledWith({ appId: '10026', tpOrderId: OWN, ms: expect.any(Number) });
    expect(baidu.requests).toEqual([]);
  });
});

describe('createStatusQuery(), by the second generation', () => {
  test('asks it alone, and gives what every generation gives', async () => {
    openapi.always('refund', says(refundBody([2])));
    const { queryOrder } = setUp('findByTpOrderId');
    expect(await queryOrder(APP, { ...ORDER, tpOrderId: OWN })).toEqual({
      ...{ appId: '10026', ...ORDER },
      payment: { status: 'PAID', code: 2, description: '' },
      refund: { status: 'REFUNDED', code: 2, description: '' },
      verification: { status: 'UNKNOWN', code: null, description: '' },
      source: expect.objectContaining({ api: 'findByTpOrderId' }),
    });
    expect(questions()).toEqual(['token', 'order', 'refund']);
    expect(baidu.requests).toEqual([]);
  });

  test('asks by the merchant’s id without Baidu’s, and gives the amounts', async () => {
    const { queryOwnId } = setUp('findByTpOrderId');
    expect(await queryOwnId?.(APP, OWN)).toMatchObject({ ...ORDER, tpOrderId: OWN, payMoney: 9800 });
    openapi.always('order', says('{"errno":60021}'));
    expect(await queryOwnId?.(APP, OWN)).toBeUndefined();
  });

  test.each<[string, Partial<typeof ORDER & { tpOrderId: string }>, string]>([
    ['the merchant’s id is not known', {}, 'The ledger does not know the merchant’s id of this order.'],
    ['it is another user’s', { tpOrderId: OWN, siteId: '7' }, 'Baidu has no such order of this user.'],
    ['the id is another order’s', { tpOrderId: OWN, orderId: '7' }, 'Baidu has no such order of this user.'],
  ])('does not know the order where %s', async (_name, changes, message) => {
    const { queryOrder } = setUp('findByTpOrderId');
    await expect(queryOrder(APP, { ...ORDER, ...changes })).rejects.toMatchObject({
      ...{ code: 'ORDER_UNKNOWN', message },
    });
  });

  test('asks for nothing where the app has no pair, and says of which', async () => {
    const { queryOrder, queryOwnId, findOrder } = setUp('findByTpOrderId');
    for (const asked of [queryOrder(BARE, ORDER), queryOwnId?.(BARE, OWN), findOrder(BARE, OWN)]) {
      await expect(asked).rejects.toMatchObject({
        code: 'CONFIGURATION_UNAVAILABLE',
        message:
          'The secret’s smartAppKey of app 10026 is missing: BAIDU_STATUS_API=findByTpOrderId asks by it.',
      });
    }
    expect(questions()).toEqual([]);
  });

  test('keeps to the limits of time and tries', async () => {
    openapi.play('order', says('', 500));
    const { findOrder } = setUp('findByTpOrderId', { maxAttempts: 2 });
    openapi.always('order', says(orderBody()));
    expect(await findOrder(APP, OWN, 5000)).toMatchObject(ORDER);
    expect(questions()).toEqual(['token', 'order', 'order']);
  });
});
