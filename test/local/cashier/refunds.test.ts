import { createVerify } from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
import {
  checkRefundAudit,
  checkRefundNotification,
  parseRefundAudit,
  parseRefundNotification,
} from '../../../lib/baidu/webhook/refund.ts';
import type { Faults } from '../../../local/cashier/faults.ts';
import { type Cashier, type CashierOptions, startCashier } from '../../../local/cashier/index.ts';
import { readPublicKey } from '../../../local/cashier/signature/keys.ts';
import {
  ask,
  type Behaviour,
  CONSUMED,
  merchantKeys,
  SAMPLE,
  signedQuery,
  startMerchant,
  until,
} from './merchant.ts';

const open: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

const TOLD = { body: '{"errno":0,"msg":"success","data":{}}' };
const audited = (auditStatus: unknown, refundPayMoney: unknown): Behaviour => ({
  body: JSON.stringify({ errno: 0, msg: 'success', data: { auditStatus, calculateRes: { refundPayMoney } } }),
});

interface Setting extends CashierOptions {
  audit?: (call: number) => Behaviour;
  refund?: (call: number) => Behaviour;
  faults?: Partial<Faults>;
}

/** Starts a cashier with the sample order, paid, and a merchant with an address for audits and one for refunds. */
async function start({ audit, refund = () => TOLD, faults = {}, ...options }: Setting = {}) {
  const refunds = await startMerchant(refund);
  const audits = audit && (await startMerchant(audit));
  const cashier = await startCashier({
    merchantPublicKey: merchantKeys.publicKey,
    refundNotifyUrl: refunds.url,
    refundAuditUrl: audits?.url,
    ...options,
  });
  cashier.setDeliver(async () => ({ status: 200, body: CONSUMED }));
  open.push(cashier.close, refunds.close);
  if (audits) open.push(audits.close);
  cashier.createOrder(SAMPLE);
  await cashier.pay(SAMPLE.orderId);
  cashier.setFaults(faults);
  return { cashier, refunds: refunds.received, audits: audits?.received ?? [] };
}

const order = (cashier: Cashier) => cashier.order(SAMPLE.orderId);
const keysOf = (cashier: Cashier) => ({
  platformKeys: [readPublicKey(cashier.platformPublicKey)],
  dealIds: undefined,
});
const fieldsOf = (form = '') => Object.fromEntries(new URLSearchParams(form));

/** Verifies a form with node:crypto alone, the way that a merchant in another language would. */
function genuine(form: string, { platformPublicKey }: Cashier): boolean {
  const { rsaSign = '', ...fields } = fieldsOf(form);
  const pairs = Object.entries(fields).map(([name, value]) => `${name}=${value}`);
  const verifier = createVerify('RSA-SHA1').update(pairs.sort().join('&'));
  return verifier.verify(readPublicKey(platformPublicKey), rsaSign, 'base64');
}

describe('a refund', () => {
  test('is told once it is made, by a signed form that the library reads', async () => {
    const { cashier, refunds } = await start();
    const { refund, audit, notification } = await cashier.startRefund(SAMPLE.orderId, { money: 300 });
    expect(refund).toMatchObject({ money: 300, state: 'REFUNDED', told: true, nextCallAt: null });
    expect(audit).toBeNull();
    expect(notification).toMatchObject({ outcome: 'told', status: 200, form: refunds[0]?.body });
    const { orderId, userId, tpOrderId } = SAMPLE;
    const { refundBatchId } = refund;
    const fields = { orderId, userId, tpOrderId, refundBatchId, refundStatus: '1' };
    expect(fieldsOf(refunds[0]?.body)).toEqual({ ...fields, rsaSign: expect.any(String) });
    expect(genuine(refunds[0]?.body ?? '', cashier)).toBe(true);
    const unverified = checkRefundNotification(fieldsOf(refunds[0]?.body));
    expect(parseRefundNotification(unverified, keysOf(cashier))).toMatchObject({
      ...{ orderId, siteId: userId, tpOrderId, refundBatchId, status: 'SUCCEEDED' },
    });
  });

  test('in part leaves the rest, and no more than that is refunded', async () => {
    const { cashier } = await start();
    await cashier.startRefund(SAMPLE.orderId, { money: 300 });
    await expect(cashier.startRefund(SAMPLE.orderId, { money: 9601 })).rejects.toThrow(
      `order ${SAMPLE.orderId} has 9600 fen left to refund`,
    );
    expect((await cashier.startRefund(SAMPLE.orderId)).refund.money).toBe(9600);
    await expect(cashier.startRefund(SAMPLE.orderId)).rejects.toThrow('has 0 fen left to refund');
    const ids = order(cashier).refunds.map(({ refundBatchId }) => refundBatchId);
    expect(new Set(ids).size).toBe(2);
  });

  test('that fails gives nothing back, and is told with refundStatus 2', async () => {
    const { cashier, refunds } = await start({ faults: { refundFails: true } });
    const { refund } = await cashier.startRefund(SAMPLE.orderId);
    expect(refund).toMatchObject({ state: 'FAILED', told: true });
    expect(order(cashier).refund).toBe('FAILED');
    expect(fieldsOf(refunds[0]?.body)['refundStatus']).toBe('2');
    expect(cashier.timeline(SAMPLE.orderId).at(-1)).toMatchObject({
      tone: 'neutral',
      note: {
        en: 'Baidu takes it that you know of the failed refund: errno is 0',
        zh: '百度认为您已得知退款失败：errno 为 0',
      },
    });
    cashier.setFaults({ refundFails: false });
    expect((await cashier.startRefund(SAMPLE.orderId)).refund.money).toBe(SAMPLE.totalMoney);
  });

  test('is told to nobody where there is no address for it', async () => {
    const { cashier, refunds } = await start();
    cashier.setRefundNotifyUrl('');
    const { refund, notification } = await cashier.startRefund(SAMPLE.orderId);
    expect(refund).toMatchObject({ state: 'REFUNDED', told: false, nextCallAt: null });
    expect(notification).toBeNull();
    expect(refunds).toHaveLength(0);
  });

  test.each([
    [{ money: 0 }, 'money must be a whole number of fen, 1 at least'],
    [{ money: 0.5 }, 'money must be a whole number of fen, 1 at least'],
    [{ money: -1 }, 'money must be a whole number of fen, 1 at least'],
  ])('of %o is refused', async (given, message) => {
    const { cashier } = await start();
    await expect(cashier.startRefund(SAMPLE.orderId, given)).rejects.toThrow(message);
  });

  test('wants a paid order, and a refund that there is', async () => {
    const { cashier } = await start();
    const { orderId } = cashier.createOrder({ tpOrderId: 'T', totalMoney: 1 });
    await expect(cashier.startRefund(orderId)).rejects.toThrow(`order ${orderId} is not paid`);
    await expect(cashier.notifyRefund(SAMPLE.orderId)).rejects.toThrow('has no refund yet');
    await cashier.startRefund(SAMPLE.orderId);
    await expect(cashier.auditRefund(SAMPLE.orderId)).rejects.toThrow('is decided');
    await expect(cashier.notifyRefund(SAMPLE.orderId, '1')).rejects.toThrow('has no refund 1');
  });
});

describe('the audit', () => {
  test('is a signed form that the library reads, and what it says is done', async () => {
    const { cashier, audits } = await start({ audit: () => audited(1, 200) });
    const { refund, audit, notification } = await cashier.startRefund(SAMPLE.orderId, { money: 300 });
    const { orderId, userId, tpOrderId } = SAMPLE;
    const { refundBatchId } = refund;
    const fields = { orderId, userId, tpOrderId, refundBatchId, applyRefundMoney: '300' };
    expect(fieldsOf(audits[0]?.body)).toEqual({ ...fields, rsaSign: expect.any(String) });
    expect(genuine(audits[0]?.body ?? '', cashier)).toBe(true);
    expect(parseRefundAudit(checkRefundAudit(fieldsOf(audits[0]?.body)), keysOf(cashier))).toMatchObject({
      ...{ orderId, siteId: userId, applyRefundMoney: 300 },
    });
    expect(audit).toMatchObject({ outcome: 'approved', why: { en: 'auditStatus is 1' } });
    expect(refund).toMatchObject({ money: 200, state: 'REFUNDED' });
    expect(notification).toMatchObject({ outcome: 'told' });
    const kinds = cashier.timeline(orderId).map(({ kind }) => kind);
    expect(kinds.slice(-3)).toEqual(['refundAudit', 'refund', 'refundNotification']);
  });

  test('that is refused gives nothing back and tells nothing', async () => {
    const { cashier, refunds } = await start({ audit: () => audited(2, 300) });
    const result = await cashier.startRefund(SAMPLE.orderId, { money: 300 });
    expect(result).toMatchObject({ refund: { state: 'REFUSED' }, audit: { outcome: 'refused' } });
    expect(order(cashier).refund).toBe('NONE');
    expect(refunds).toHaveLength(0);
    await expect(cashier.notifyRefund(SAMPLE.orderId)).rejects.toThrow('was not made');
  });

  test('that is undecided comes again until it is decided', async () => {
    const { cashier, audits, refunds } = await start({
      audit: (call) => (call < 3 ? audited(3, 300) : audited(1, 300)),
      repeatIntervalMs: 10,
    });
    const told = until(cashier, () => order(cashier).refunds[0]?.told === true);
    const { refund, audit } = await cashier.startRefund(SAMPLE.orderId, { money: 300 });
    expect(audit?.outcome).toBe('undecided');
    expect(refund.state).toBe('AUDIT');
    expect(order(cashier).refund).toBe('PROCESSING');
    await told;
    expect(audits.length).toBe(3);
    expect(new Set(audits.map(({ body }) => body)).size).toBe(1);
    expect(refunds).toHaveLength(1);
  });

  test('is left out where the desk says so', async () => {
    const { cashier, audits } = await start({ audit: () => audited(2, 0) });
    const result = await cashier.startRefund(SAMPLE.orderId, { audit: false });
    expect(result).toMatchObject({ audit: null, refund: { state: 'REFUNDED' } });
    expect(audits).toHaveLength(0);
  });

  test('asked twice at once is obeyed once', async () => {
    const setting = { audit: () => audited(1, 9900), faults: { notificationRepeated: true } };
    const { cashier, audits, refunds } = await start(setting);
    await cashier.startRefund(SAMPLE.orderId);
    expect(audits).toHaveLength(2);
    expect(refunds).toHaveLength(2);
    const made = cashier.timeline(SAMPLE.orderId).filter(({ kind }) => kind === 'refund');
    expect(made).toHaveLength(1);
  });

  test.each<[string, Behaviour, string]>([
    ['auditStatus as text', audited('1', 100), 'auditStatus is "1": only the numbers 1, 2 and 3 count'],
    ['an auditStatus that is none', audited(4, 100), 'auditStatus is 4: only the numbers 1, 2 and 3 count'],
    ['no data', TOLD, 'auditStatus is missing'],
    [
      'JSON in JSON',
      { body: '{"errno":0,"msg":"","data":"{\\"auditStatus\\":1}"}' },
      'auditStatus is missing; data is a text with JSON in it, and must be the object itself',
    ],
    [
      'no refundPayMoney',
      { body: '{"errno":0,"msg":"","data":{"auditStatus":3}}' },
      'refundPayMoney is missing',
    ],
    ['half a fen', audited(1, 0.5), 'refundPayMoney is 0.5: it must be a whole number of fen'],
    ['money as text', audited(1, '100'), 'refundPayMoney is "100": it must be a whole number of fen'],
    ['more than there is', audited(1, 9901), 'refundPayMoney is 9901, and no more than 9900 is left'],
    ['an errno', { body: '{"errno":1,"msg":"NO"}' }, 'errno is 1, not 0 (NO)'],
    ['no JSON', { body: 'success' }, 'the answer is not JSON'],
    ['HTTP 500', { status: 500, body: '{"errno":0}' }, 'HTTP status 500 is no success'],
    ['a broken connection', 'reset', 'socket hang up'],
  ])('is asked again after %s', async (_name, behaviour, why) => {
    const { cashier } = await start({ audit: () => behaviour });
    const { audit, refund } = await cashier.startRefund(SAMPLE.orderId);
    expect(audit).toMatchObject({ outcome: 'repeat', why: { en: why } });
    expect(cashier.timeline(SAMPLE.orderId).at(-1)?.note).toMatchObject({
      en: `Baidu will ask again: ${why}`,
      zh: expect.stringMatching(/^百度稍后再次询问：/),
    });
    expect(refund).toMatchObject({ state: 'AUDIT', nextCallAt: expect.any(String) });
  });
});

describe('the notification of a refund', () => {
  test.each<[string, Behaviour, string]>([
    ['an errno', { body: '{"errno":403,"msg":"NO"}' }, 'errno is 403, not 0 (NO)'],
    ['no JSON', { body: '' }, 'the answer is not JSON'],
    ['HTTP 503', { status: 503, body: '{"errno":0}' }, 'HTTP status 503 is no success'],
    ['a broken connection', 'reset', 'socket hang up'],
    ['no answer in time', 'silent', 'no answer in time'],
  ])('comes again after %s, with nothing else in it', async (_name, behaviour, why) => {
    const { cashier, refunds } = await start({
      refund: (call) => (call === 1 ? behaviour : TOLD),
      ...{ repeatIntervalMs: 10, answerLimitMs: behaviour === 'silent' ? 500 : 2000 },
    });
    const told = until(cashier, () => order(cashier).refunds[0]?.told === true);
    const { notification } = await cashier.startRefund(SAMPLE.orderId);
    expect(notification).toMatchObject({ outcome: 'repeat', why: { en: why } });
    await told;
    expect(refunds).toHaveLength(2);
    expect(refunds[1]?.body).toBe(refunds[0]?.body);
  });

  test('is repeated after 2, 4, 10, 30 and 60 minutes, and then each hour', async () => {
    let clock = Date.parse('2026-01-01T00:00:00Z');
    const { cashier } = await start({ refund: () => ({ body: '' }), now: () => new Date(clock) });
    await cashier.startRefund(SAMPLE.orderId);
    const minutes: number[] = [];
    for (let call = 0; call < 7; call += 1) {
      minutes.push((Date.parse(order(cashier).refunds[0]?.nextCallAt ?? '') - clock) / 60_000);
      clock += 1000;
      await cashier.notifyRefund(SAMPLE.orderId);
    }
    expect(minutes).toEqual([2, 4, 10, 30, 60, 60, 60]);
  });

  test.each([
    ['userId', 'refundUserId'],
    ['tpOrderId', 'refundTpOrderId'],
  ] as const)('has its %s there, empty or absent, and the library reads all three', async (name, fault) => {
    const { cashier, refunds } = await start();
    const { userId, tpOrderId } = SAMPLE;
    for (const [presence, value] of [
      ['present', { userId, tpOrderId }[name]],
      ['empty', ''],
      ['absent', undefined],
    ] as const) {
      cashier.setFaults({ [fault]: presence });
      await cashier.startRefund(SAMPLE.orderId, { money: 1 });
      const fields = fieldsOf(refunds.at(-1)?.body);
      expect(fields[name]).toBe(value);
      const read = parseRefundNotification(checkRefundNotification(fields), keysOf(cashier));
      expect({ userId: read.siteId, tpOrderId: read.tpOrderId }[name]).toBe(value || undefined);
    }
  });

  test.each([
    ['signatureForged', 'Signature forged'],
    ['fieldAltered', 'refundBatchId altered'],
  ])('with %s is not genuine, and neither is its audit', async (fault, flaw) => {
    const { cashier, refunds, audits } = await start({
      audit: () => audited(1, 300),
      faults: { [fault]: true },
    });
    const { refund } = await cashier.startRefund(SAMPLE.orderId, { money: 300 });
    for (const { body } of [...refunds, ...audits]) expect(genuine(body, cashier)).toBe(false);
    const altered = fieldsOf(refunds[0]?.body)['refundBatchId'] !== refund.refundBatchId;
    expect(altered).toBe(fault === 'fieldAltered');
    const flaws = cashier.timeline(SAMPLE.orderId).flatMap((hop) => (hop.flaw ? [hop.flaw.en] : []));
    expect(flaws).toEqual([flaw, flaw]);
  });
});

describe('an audit of the older kind', () => {
  test('says neither how much nor which order of the merchant’s', async () => {
    const faults = { auditWithoutMoney: true, refundTpOrderId: 'absent' } as const;
    const { cashier, audits } = await start({ audit: () => audited(1, 9900), faults });
    await cashier.startRefund(SAMPLE.orderId);
    expect(Object.keys(fieldsOf(audits[0]?.body))).toEqual(['orderId', 'userId', 'refundBatchId', 'rsaSign']);
    expect(genuine(audits[0]?.body ?? '', cashier)).toBe(true);
  });
});

describe('a refund of Baidu’s own', () => {
  test('is asked for and told like any other, of the whole', async () => {
    const { cashier, refunds, audits } = await start({ audit: () => audited(1, 100) });
    cashier.setDeliver(async () => ({
      status: 200,
      body: '{"errno":0,"data":{"isConsumed":2,"isErrorOrder":1}}',
    }));
    const { orderId } = cashier.createOrder({ tpOrderId: 'T', totalMoney: 100 });
    const told = until(cashier, () => cashier.order(orderId).refunds[0]?.told === true);
    expect((await cashier.pay(orderId)).outcome).toBe('refunded');
    await told;
    expect(fieldsOf(audits[0]?.body)).toMatchObject({ orderId, applyRefundMoney: '100' });
    expect(fieldsOf(refunds[0]?.body)).toMatchObject({ orderId, refundStatus: '1' });
    expect(cashier.order(orderId)).toMatchObject({ settlement: 'REFUNDED', refund: 'REFUNDED' });
  });
});

describe('what a query says of refunds', () => {
  const answered = async (cashier: Cashier) =>
    (await ask(cashier, signedQuery(cashier))).data.data.refundStatus.statusNum;

  test('in progress while the merchant is asked, refunded, failed, or none', async () => {
    const { cashier } = await start({ audit: (call) => audited(call === 1 ? 3 : 1, 300) });
    expect(await answered(cashier)).toBe(-1);
    await cashier.startRefund(SAMPLE.orderId, { money: 300 });
    expect(await answered(cashier)).toBe(1);
    await cashier.auditRefund(SAMPLE.orderId);
    expect(await answered(cashier)).toBe(2);
    cashier.setFaults({ refundHidden: true });
    expect(await answered(cashier)).toBe(-1);
  });

  test('the second generation lists each, but for one that was refused', async () => {
    const { cashier } = await start({ audit: (call) => audited(call === 1 ? 1 : 2, 300) });
    const made = await cashier.startRefund(SAMPLE.orderId, { money: 300 });
    await cashier.startRefund(SAMPLE.orderId, { money: 300 });
    cashier.setFaults({ refundFails: true });
    const failed = await cashier.startRefund(SAMPLE.orderId, { money: 1, audit: false });
    const list = async () => {
      const form = new URLSearchParams({
        ...{ grant_type: 'client_credentials', scope: 'smartapp_snsapi_base' },
        ...{ client_id: cashier.smartAppKey, client_secret: cashier.smartAppSecret },
      });
      const issued = await fetch(`${cashier.openapiUrl}/oauth/2.0/token`, { method: 'POST', body: form });
      const { access_token } = JSON.parse(await issued.text());
      const { tpOrderId, userId } = SAMPLE;
      const asked = new URLSearchParams({ access_token, tpOrderId, userId, pmAppKey: cashier.appKey });
      const url = `${cashier.openapiUrl}/rest/2.0/smartapp/pay/paymentservice/findOrderRefund?${asked}`;
      const { data } = JSON.parse(await (await fetch(url)).text());
      return data.map(({ refundBatchId, refundStatus }: Record<string, unknown>) => [
        refundBatchId,
        refundStatus,
      ]);
    };
    const idOf = ({ refund }: { refund: { refundBatchId: string } }) => Number(refund.refundBatchId);
    expect(await list()).toEqual([
      [idOf(made), 2],
      [idOf(failed), 3],
    ]);
    cashier.setFaults({ refundHidden: true });
    expect(await list()).toEqual([]);
  });
});

test('closing ends what is under way, and nothing is repeated', async () => {
  const { cashier } = await start({ refund: () => 'silent' });
  const refunding = cashier.startRefund(SAMPLE.orderId);
  await cashier.close();
  expect((await refunding).notification?.why.en).toBe('the cashier closed');
  expect(order(cashier).refunds[0]?.nextCallAt).toBeNull();
});
