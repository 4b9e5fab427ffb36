import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { SendOptions } from '../../lib/aws/queue.ts';
import type { Item } from '../../lib/ledger/record.ts';
import type { LedgerStore } from '../../lib/ledger/store.ts';
import { type Call, type CallFields, takeCall, type WebhookParts } from '../../lib/webhook.ts';
import { PAID, signed } from '../support/notification.ts';

type Fields = Readonly<Record<string, string>>;

const platform = generateKeyPairSync('rsa', { modulusLength: 1024 });
const stranger = generateKeyPairSync('rsa', { modulusLength: 1024 });
const APP = {
  ...{ appId: '10026', platformKeys: [platform.publicKey], dealIds: undefined },
  keyTails: ['tail'],
};

const { orderId = '', userId = '', tpOrderId = '' } = PAID;
const IDS = { orderId, userId, tpOrderId };
const REFUNDED: Fields = { ...IDS, refundBatchId: '152713835', refundStatus: '1' };
const ASKED: Fields = { ...IDS, refundBatchId: '152713835', applyRefundMoney: '9800' };

/** A ledger that holds these items, and asks for how long it may take. */
function ledgerOf(items: Readonly<Record<string, Item>>, budgets: number[] = []): LedgerStore {
  const read = async (id: string, budgetMs: number) => {
    budgets.push(budgetMs);
    return items[id];
  };
  return { read } as Partial<LedgerStore> as LedgerStore;
}

const knows = (fields: Fields, appId = APP.appId): Record<string, Item> => ({
  [`${appId}#${orderId}`]: { paidNotification: JSON.stringify(fields) },
});

/** Takes a call with 1,000 ms to go; what came of it, what was sent, and what a log may say. */
async function take(call: Call, fields: Fields, more: Partial<WebhookParts> = {}, key = platform.privateKey) {
  const sent: { message: unknown; options: SendOptions }[] = [];
  const noted: CallFields[] = [];
  const budgets: number[] = [];
  const parts: WebhookParts = {
    loadSecret: async (budgetMs) => {
      budgets.push(budgetMs);
      return { all: [APP], broken: [] };
    },
    matchOrder: async () => true,
    send: async (message, options) => {
      sent.push({ message, options });
    },
    openLedger: () => ledgerOf({}),
    auditPolicy: 'undecided',
    ...more,
  };
  const taken = await takeCall(
    call,
    signed(fields, key),
    parts,
    () => 1000,
    (said) => noted.push(said),
  );
  return { ...taken, sent, noted, budgets };
}

const answerTo = async (policy: WebhookParts['auditPolicy'], fields: Fields, items = knows(PAID)) => {
  const { answer } = await take('audit', fields, {
    auditPolicy: policy,
    openLedger: () => ledgerOf(items),
  });
  const { auditStatus, calculateRes } = answer.data as Record<string, Record<string, number>>;
  return [auditStatus, calculateRes?.['refundPayMoney']];
};

const CALLS: [Call, Fields, string, object][] = [
  ['payment', PAID, 'notification', { isConsumed: 2 }],
  ['refund', REFUNDED, 'refundNotification', {}],
  ['audit', ASKED, 'refundAudit', { auditStatus: 3, calculateRes: { refundPayMoney: 9800 } }],
];

describe.each(CALLS)('takeCall(%j)', (call, fields, member, data) => {
  test('stores what was signed, with its signature, and then has an answer', async () => {
    const { answer, isStored, sent, budgets } = await take(call, fields);
    expect({ answer, isStored }).toEqual({ answer: { errno: 0, msg: 'success', data }, isStored: true });
    const audit = call === 'audit' ? { answer: { auditStatus: 3, refundPayMoney: 9800 } } : {};
    const message = { appId: '10026', orderId, siteId: userId, ...audit };
    expect(sent).toEqual([
      { message: { ...message, [member]: signed(fields, platform.privateKey) }, options: { budgetMs: 1000 } },
    ]);
    expect(budgets).toEqual([300]);
  });

  test('tells the log of the order, and of no user', async () => {
    const { noted } = await take(call, fields);
    expect(noted).toMatchObject([{ appId: '10026', orderId, tpOrderId }]);
    expect(JSON.stringify(noted)).not.toContain(userId);
  });

  test('has no answer where it cannot be stored', async () => {
    const send = () => Promise.reject(new Error('away'));
    await expect(take(call, fields, { send })).rejects.toThrow('away');
  });

  test('stores nothing that is not genuine', async () => {
    const refused = take(
      call,
      fields,
      { send: () => Promise.reject(new Error('stored')) },
      stranger.privateKey,
    );
    await expect(refused).rejects.toMatchObject({ code: 'INVALID_SIGNATURE' });
  });

  test('refuses a form of another kind before it reads the secret', async () => {
    const loadSecret = () => Promise.reject(new Error('read'));
    for (const [other, form] of CALLS.filter(([each]) => each !== call)) {
      await expect(take(call, form, { loadSecret }), other).rejects.toMatchObject({
        code: 'INVALID_NOTIFICATION',
      });
    }
  });
});

describe('takeCall("payment")', () => {
  test('sends back what is paid and is no order of the merchant’s, and stores nothing', async () => {
    const budgets: number[] = [];
    const matchOrder = async (_order: unknown, budgetMs: number) => {
      budgets.push(budgetMs);
      return false;
    };
    const { answer, isStored, sent } = await take('payment', PAID, { matchOrder });
    expect({ data: answer.data, isStored }).toEqual({
      data: { isConsumed: 2, isErrorOrder: 1 },
      isStored: false,
    });
    expect(sent).toEqual([]);
    expect(budgets).toEqual([600]);
    const noted = await take('payment', { ...PAID, status: '1' }, { matchOrder });
    expect(noted).toMatchObject({ answer: { data: { isConsumed: 1 } }, isStored: true });
  });
});

describe('takeCall("refund")', () => {
  test('stores one whose user Baidu does not name', async () => {
    const { refundBatchId = '', refundStatus = '' } = REFUNDED;
    const { sent, noted } = await take('refund', { orderId, refundBatchId, refundStatus, userId: '' });
    expect(sent[0]?.message).not.toHaveProperty('siteId', expect.anything());
    expect(noted).toEqual([
      { appId: '10026', orderId, tpOrderId: undefined, refundBatchId, status: 'SUCCEEDED' },
    ]);
  });

  test('asks the ledger whose it is where two apps share a platform key', async () => {
    const two = { all: [APP, { ...APP, appId: '10027' }], broken: [] };
    const budgets: number[] = [];
    const shared = (items: Record<string, Item>) => ({
      loadSecret: async () => two,
      openLedger: () => ledgerOf(items, budgets),
    });
    const { sent } = await take('refund', REFUNDED, shared(knows(PAID, '10027')));
    expect(sent).toMatchObject([{ message: { appId: '10027' } }]);
    expect(budgets).toEqual([600, 600]);
    for (const items of [{}, { ...knows(PAID), ...knows(PAID, '10027') }]) {
      await expect(take('refund', REFUNDED, shared(items))).rejects.toMatchObject({
        code: 'LEDGER_UNAVAILABLE',
        message: 'The ledger does not know which of several apps the order is of.',
      });
    }
  });
});

describe('takeCall("audit")', () => {
  const { applyRefundMoney: _, ...noMoney } = ASKED;
  const asking = (money: string) => ({ ...ASKED, applyRefundMoney: money });

  test.each<[WebhookParts['auditPolicy'], Fields, Record<string, Item>, [number, number]]>([
    ['undecided', ASKED, knows(PAID), [3, 9800]],
    ['undecided', noMoney, knows(PAID), [3, 11_300]],
    ['undecided', noMoney, {}, [3, 0]],
    ['refuse', ASKED, knows(PAID), [2, 9800]],
    ['refuse', noMoney, knows(PAID), [2, 11_300]],
    ['approve', ASKED, knows(PAID), [1, 9800]],
    ['approve', asking('11300'), knows(PAID), [1, 11_300]],
    ['approve', asking('11301'), knows(PAID), [3, 11_301]],
    ['approve', asking('0'), knows(PAID), [1, 0]],
    ['approve', noMoney, knows(PAID), [1, 11_300]],
    ['approve', ASKED, {}, [3, 9800]],
    ['approve', noMoney, {}, [3, 0]],
    ['approve', asking('0'), {}, [3, 0]],
    ['approve', ASKED, knows({ ...PAID, status: '1' }), [3, 9800]],
    ['approve', ASKED, knows(PAID, '10027'), [3, 9800]],
  ])('is answered by the policy and the ledger: %s, %j, %j', async (policy, fields, items, expected) => {
    expect(await answerTo(policy, fields, items)).toEqual(expected);
  });

  test('does not ask the ledger for what it needs not', async () => {
    let opened = 0;
    const openLedger = () => {
      opened += 1;
      return ledgerOf({});
    };
    for (const auditPolicy of ['undecided', 'refuse'] as const) {
      expect((await take('audit', ASKED, { openLedger, auditPolicy })).isStored).toBe(true);
    }
    expect(opened).toBe(0);
  });

  test('is undecided where the ledger is away, within the time that is left for it', async () => {
    const openLedger = () => {
      throw new Error('away');
    };
    const away = await take('audit', ASKED, { openLedger, auditPolicy: 'approve' });
    expect(away.answer.data['auditStatus']).toBe(3);
    const budgets: number[] = [];
    const slow = { openLedger: () => ledgerOf({}, budgets), auditPolicy: 'approve' as const };
    await take('audit', ASKED, slow);
    expect(budgets).toEqual([600]);
  });

  test('asks no ledger for an app without an id', async () => {
    const loadSecret = async () => ({ all: [{ ...APP, appId: undefined }], broken: [] });
    const { answer } = await take('audit', ASKED, {
      ...{ loadSecret, auditPolicy: 'approve' },
      openLedger: () => ledgerOf(knows(PAID, 'undefined')),
    });
    expect(answer.data['auditStatus']).toBe(3);
  });
});
