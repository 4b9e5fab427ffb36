import { generateKeyPairSync } from 'node:crypto';
import type { OrderStatus } from '../../lib/baidu/order-status.ts';
import type { OrderEvent } from '../../lib/confirm.ts';
import type { ConfirmApp } from '../../lib/merchant/secret.ts';
import { sign } from '../../local/cashier/signature/signature.ts';
import { PAID } from '../support/notification.ts';

const platform = generateKeyPairSync('rsa', { modulusLength: 1024 });
const merchant = generateKeyPairSync('rsa', { modulusLength: 1024 });

/** The merchant's app in a simulated world. */
export const APP: ConfirmApp = {
  ...{ appId: '10026', appKey: 'MMM4oc', privateKey: merchant.privateKey },
  keys: () => ({ platformKeys: [platform.publicKey], dealIds: undefined }),
};

export const ORDER = { orderId: PAID['orderId'] ?? '', siteId: PAID['userId'] ?? '' };

const signed = (fields: Readonly<Record<string, string>>) => ({
  ...fields,
  rsaSign: sign(fields, platform.privateKey),
});
const named = { appId: APP.appId, ...ORDER };

/** The messages of the queue, by what they are about. */
export const MESSAGES = {
  lookup: JSON.stringify(named),
  notifiedUnpaid: JSON.stringify({ ...named, notification: signed({ ...PAID, status: '1', payMoney: '0' }) }),
  notifiedPaid: JSON.stringify({ ...named, notification: signed(PAID) }),
} as const;

const refundMessages = new Map<string, string>();

/** The message of a refund that has succeeded (1) or failed (2), signed once; Baidu need not name the user. */
export function notifiedRefund(...refund: Parameters<typeof signedRefund>): string {
  const name = String(refund);
  const message = refundMessages.get(name) ?? signedRefund(...refund);
  refundMessages.set(name, message);
  return message;
}

function signedRefund(refundBatchId: string, refundStatus: string, isUserNamed: boolean): string {
  const fields = {
    orderId: ORDER.orderId,
    refundBatchId,
    refundStatus,
    userId: isUserNamed ? ORDER.siteId : '',
  };
  const order = isUserNamed ? named : { appId: APP.appId, orderId: ORDER.orderId };
  return JSON.stringify({ ...order, refundNotification: signed(fields) });
}

/** An order's three statuses at Baidu. */
export interface State {
  readonly payment: 'UNPAID' | 'PAID';
  readonly refund: 'NONE' | 'PROCESSING' | 'REFUNDED';
  readonly verification: 'NOT_VERIFIED' | 'VERIFIED';
}

export const FIRST: State = { payment: 'UNPAID', refund: 'NONE', verification: 'NOT_VERIFIED' };

const CODES = { UNPAID: -1, PAID: 1, NONE: -1, PROCESSING: 1, REFUNDED: 2, NOT_VERIFIED: -1, VERIFIED: 1 };

/** Baidu's answer; the description of the payment names which of the order's states it is, counted from 0. */
export function answerOf(
  state: State,
  number: number,
  { timestamp = null, cached = false }: { timestamp?: number | null; cached?: boolean } = {},
): OrderStatus {
  const { payment, refund, verification } = state;
  return {
    ...{ appId: APP.appId, ...ORDER },
    payment: { status: payment, code: CODES[payment], description: String(number) },
    refund: { status: refund, code: CODES[refund], description: '' },
    verification: { status: verification, code: CODES[verification], description: '' },
    source: { api: 'queryorderdetail', timestamp, cached, serverLogId: null },
  };
}

/** What a message of the topic says, as far as it can be held against the truth. */
export function told({
  payment,
  refund,
  verification,
  tpOrderId,
  notification,
  refunds,
}: OrderEvent): string {
  const statuses = [payment, refund, verification].map(({ status }) => status);
  return JSON.stringify([...statuses, tpOrderId ?? '', notification?.['status'] ?? '', refunds]);
}

/** Which of the order's states a message tells. */
export const numberOf = ({ payment }: OrderEvent): number => Number(payment.description);

/** What every history must keep, whatever happened in it; the names of what is broken. */
export function faultsIn(events: readonly OrderEvent[], present: State): string[] {
  const faults = new Set<string>();
  const byNumber = [...events].sort((a, b) => a.sequence - b.sequence);
  const words = new Map<number, string>();
  for (const event of byNumber) {
    const before = words.get(event.sequence);
    if (before !== undefined && before !== told(event)) faults.add('one number, two messages');
    words.set(event.sequence, told(event));
  }
  for (const [index, event] of byNumber.entries()) {
    const before = byNumber[index - 1];
    if (before && numberOf(event) < numberOf(before)) faults.add('older told after newer');
    if (before && before.refunds.length > event.refunds.length) faults.add('a refund was forgotten');
  }
  const last = byNumber.at(-1);
  const isTrue =
    last?.payment.status === present.payment &&
    last.refund.status === present.refund &&
    last.verification.status === present.verification;
  if (!isTrue) faults.add('the last word is not the truth');
  return [...faults];
}
