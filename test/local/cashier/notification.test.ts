import { createVerify } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { checkNotification, parseNotification } from '../../../lib/baidu/webhook/notification.ts';
import { NO_FAULTS } from '../../../local/cashier/faults.ts';
import { type Cashier, type CashierOptions, startCashier } from '../../../local/cashier/index.ts';
import { readPublicKey } from '../../../local/cashier/signature/keys.ts';
import { CONSUMED, SAMPLE, startMerchant } from './merchant.ts';

let cashier: Cashier;
let merchant: Awaited<ReturnType<typeof startMerchant>>;

beforeEach(async () => {
  merchant = await startMerchant(() => ({ body: CONSUMED }));
  cashier = await start({});
});
afterEach(async () => {
  await cashier.close();
  await merchant.close();
});

async function start(options: CashierOptions): Promise<Cashier> {
  const started = await startCashier({ notifyUrl: merchant.url, ...options });
  started.createOrder({ ...SAMPLE, returnData: '座位 7&8 + 100%=', title: '咖啡' });
  return started;
}

/** Verifies a form with node:crypto alone, the way that a merchant in another language would. */
function genuine(form: string, by: Cashier = cashier): boolean {
  const fields = [...new URLSearchParams(form)].filter(([name]) => name !== 'rsaSign');
  const text = fields
    .map(([name, value]) => `${name}=${value}`)
    .sort()
    .join('&');
  const signature = new URLSearchParams(form).get('rsaSign') ?? '';
  return createVerify('RSA-SHA1')
    .update(text)
    .verify(readPublicKey(by.platformPublicKey), signature, 'base64');
}

describe('the notification of a payment', () => {
  test('is signed with its values URL-encoded where it was told to, and taken by the service', async () => {
    await cashier.close();
    cashier = await start({ signValues: 'encoded' });
    const { form, signedText } = await cashier.pay(SAMPLE.orderId, { payType: '1117' });
    const fields = Object.fromEntries(new URLSearchParams(form));
    expect(fields['returnData']).toBe('座位 7&8 + 100%=');
    expect(signedText).toContain('&returnData=%E5%BA%A7%E4%BD%8D+7%268+%2B+100%25%3D&status=2&');
    expect(genuine(form)).toBe(false);
    const keys = { platformKeys: [readPublicKey(cashier.platformPublicKey)], dealIds: undefined };
    expect(parseNotification(checkNotification(fields), keys).reading).toBe('encoded');
  });

  test('is a signed form with every field that Baidu sends', async () => {
    await cashier.pay(SAMPLE.orderId, { payType: '1108' });
    expect(merchant.received).toHaveLength(1);
    const [call] = merchant.received;
    expect(call).toMatchObject({ method: 'POST', contentType: 'application/x-www-form-urlencoded' });
    const fields = Object.fromEntries(new URLSearchParams(call?.body));
    expect(fields).toEqual({
      userId: '3747777038',
      orderId: '1920891312',
      unitPrice: '9900',
      count: '1',
      totalMoney: '9900',
      payMoney: '9900',
      promoMoney: '0',
      hbMoney: '0',
      hbBalanceMoney: '0',
      giftCardMoney: '0',
      dealId: '470193086',
      payTime: expect.stringMatching(/^\d{10}$/),
      promoDetail: '',
      payType: '1108',
      partnerId: '0',
      status: '2',
      tpOrderId: 'T-1',
      returnData: '座位 7&8 + 100%=',
      rsaSign: expect.stringMatching(/^[A-Za-z0-9+/]{171}=$/),
    });
    expect(genuine(call?.body ?? '')).toBe(true);
  });

  test('resolves with what was sent and what came back', async () => {
    const result = await cashier.pay(SAMPLE.orderId);
    expect(result).toMatchObject({
      order: { payment: 'PAID', payType: '1117', settlement: 'SETTLED', notifications: 1 },
      form: merchant.received[0]?.body,
      signedText: expect.stringMatching(
        /^count=1&dealId=470193086&.*&returnData=座位 7&8 \+ 100%=&status=2&/,
      ),
      status: 200,
      body: CONSUMED,
      outcome: 'settled',
    });
    const hop = cashier.timeline(SAMPLE.orderId).at(-1);
    expect(hop).toMatchObject({ kind: 'notification', tone: 'good', limitMilliseconds: 2000 });
    expect(hop?.raw.map(({ name }) => name)).toEqual(['form', 'signedText', 'answer']);
  });

  test('can be handed to a handler in this process instead', async () => {
    const forms: string[] = [];
    cashier.setDeliver(async (form) => {
      forms.push(form);
      return { status: 200, body: CONSUMED };
    });
    expect((await cashier.pay(SAMPLE.orderId)).outcome).toBe('settled');
    expect(merchant.received).toHaveLength(0);
    expect(forms.map((form) => genuine(form))).toEqual([true]);
  });

  test('is repeated byte for byte when asked', async () => {
    await cashier.pay(SAMPLE.orderId);
    await cashier.notifyAgain(SAMPLE.orderId);
    expect(merchant.received[1]?.body).toBe(merchant.received[0]?.body);
  });

  test('is signed with the platform key that was given', async () => {
    const { privateKey } = (await import('node:crypto')).generateKeyPairSync('rsa', { modulusLength: 2048 });
    const pem = privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
    const other = await start({ platformPrivateKey: pem });
    const { form } = await other.pay(SAMPLE.orderId);
    expect(genuine(form, other)).toBe(true);
    expect(genuine(form)).toBe(false);
    await other.close();
  });
});

describe('switches', () => {
  test('a forged signature does not verify, though the text is the same', async () => {
    cashier.setFaults({ signatureForged: true });
    const forged = await cashier.pay(SAMPLE.orderId);
    expect(genuine(forged.form)).toBe(false);
    cashier.setFaults(NO_FAULTS);
    const real = await cashier.notifyAgain(SAMPLE.orderId);
    expect(real.signedText).toBe(forged.signedText);
    expect(genuine(real.form)).toBe(true);
  });

  test('an altered field does not verify, and totalMoney is the one', async () => {
    cashier.setFaults({ fieldAltered: true });
    const { form, signedText } = await cashier.pay(SAMPLE.orderId);
    expect(genuine(form)).toBe(false);
    expect(new URLSearchParams(form).get('totalMoney')).toBe('9901');
    expect(signedText).toContain('&totalMoney=9900&');
  });

  test('a repeated notification arrives twice and settles once', async () => {
    cashier.setFaults({ notificationRepeated: true });
    const { order } = await cashier.pay(SAMPLE.orderId);
    expect(merchant.received.map(({ body }) => genuine(body))).toEqual([true, true]);
    expect(order.settlement).toBe('SETTLED');
    expect(cashier.order(SAMPLE.orderId)).toMatchObject({ settlement: 'SETTLED', notifications: 2 });
  });

  test('a cancelled order is announced with status -1 only when switched on', async () => {
    cashier.setFaults({ cancelAnnounced: true });
    expect(await cashier.cancel(SAMPLE.orderId)).toMatchObject({ payment: 'CANCELLED', settlement: 'NONE' });
    const [call] = merchant.received;
    expect(new URLSearchParams(call?.body).get('status')).toBe('-1');
    expect(genuine(call?.body ?? '')).toBe(true);
    cashier.setFaults(NO_FAULTS);
    cashier.createOrder({ ...SAMPLE, orderId: '7' });
    await cashier.cancel('7');
    expect(merchant.received).toHaveLength(1);
  });
});
