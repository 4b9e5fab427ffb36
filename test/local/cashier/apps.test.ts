import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createBaiduClient } from '../../../lib/baidu/client.ts';
import { publicKeyText, readPublicKey } from '../../../lib/baidu/keys.ts';
import { createSecondGenerationClient } from '../../../lib/baidu/second-generation/client.ts';
import { verifyParams } from '../../../lib/baidu/sign.ts';
import { type Cashier, startCashier } from '../../../local/cashier/index.ts';

const [first, second] = [1, 2].map(() => generateKeyPairSync('rsa', { modulusLength: 1024 }));
const OTHER = { appId: '10027', appKey: 'MMM5pd', dealId: '470193087' };
const forms: Record<string, string>[] = [];

let cashier: Cashier;
beforeAll(async () => {
  cashier = await startCashier({
    merchantPublicKey: first?.publicKey,
    otherApps: [{ ...OTHER, merchantPublicKey: publicKeyText(second?.publicKey as never) }],
    deliver: async (form) => {
      forms.push(Object.fromEntries(new URLSearchParams(form)));
      return { status: 200, body: '{"errno":0,"msg":"success","data":{"isConsumed":2}}' };
    },
  });
  cashier.createOrder({ orderId: '1', userId: '11', tpOrderId: 'T', totalMoney: 100 });
  cashier.createOrder({ appId: OTHER.appId, orderId: '2', userId: '12', tpOrderId: 'T', totalMoney: 200 });
});
afterAll(() => cashier.close());

const keys = [first?.privateKey, second?.privateKey] as const;
const app = (index: 0 | 1) => {
  const { platformPublicKey: _none, ...own } = cashier.apps[index] as (typeof cashier.apps)[number];
  return { ...own, privateKey: keys[index] as NonNullable<(typeof keys)[0]> };
};
const LIMITS = { attemptTimeoutMs: 1000, maxAttempts: 1 };

describe('a cashier of two apps', () => {
  test('has keys of its own for each', () => {
    expect(cashier.apps).toMatchObject([{ appId: '10026' }, OTHER]);
    expect(new Set(cashier.apps.map(({ platformPublicKey }) => platformPublicKey)).size).toBe(2);
    expect(cashier).toMatchObject({ appId: '10026', appKey: 'MMM4oc' });
  });

  test('signs a notification with the platform key of the order’s app, and names its deal', async () => {
    for (const [index, orderId] of ['1', '2'].entries()) {
      await cashier.pay(orderId);
      const { rsaSign = '', ...fields } = forms.at(-1) ?? {};
      expect(fields['dealId']).toBe(cashier.apps[index]?.dealId);
      const fits = cashier.apps.map(({ platformPublicKey }) =>
        verifyParams(fields, rsaSign, readPublicKey(platformPublicKey)),
      );
      expect(fits).toEqual([index === 0, index === 1]);
    }
  });

  test('answers each app for its own orders alone, by its own key alone', async () => {
    const query = createBaiduClient({ ...LIMITS, queryUrl: new URL(cashier.queryUrl) });
    expect(await query(app(0), { orderId: '1', siteId: '11' })).toMatchObject({ appId: '10026' });
    expect(await query(app(1), { orderId: '2', siteId: '12' })).toMatchObject({ appId: '10027' });
    await expect(query(app(0), { orderId: '2', siteId: '12' })).rejects.toMatchObject({ errno: 10002 });
    const mixed = { ...app(1), privateKey: app(0).privateKey };
    await expect(query(mixed, { orderId: '2', siteId: '12' })).rejects.toMatchObject({ errno: 10000 });
  });

  test('answers each app by the merchant’s id in the second generation, with its own token alone', async () => {
    const client = createSecondGenerationClient({ ...LIMITS, openapiUrl: new URL(cashier.openapiUrl) });
    expect(await client.findOrder(app(0), 'T')).toMatchObject({ appId: '10026', orderId: '1' });
    expect(await client.findOrder(app(1), 'T')).toMatchObject({ appId: '10027', orderId: '2' });
    const mixed = { ...app(1), smartAppKey: app(0).smartAppKey, smartAppSecret: app(0).smartAppSecret };
    await expect(client.findOrder(mixed, 'T')).rejects.toMatchObject({ errno: 110 });
  });

  test('refuses an order of no app, and an app twice', async () => {
    expect(() => cashier.createOrder({ appId: '7', tpOrderId: 'T', totalMoney: 1 })).toThrow(
      'there is no app 7',
    );
    for (const otherApps of [
      [{ ...OTHER, appId: '10026' }],
      [OTHER, { ...OTHER, appId: '10028' }],
      [{ ...OTHER, dealId: 'x' }],
    ]) {
      await expect(startCashier({ otherApps })).rejects.toMatchObject({ code: 'INVALID' });
    }
  });
});
