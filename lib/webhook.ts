import type { MatchOrder } from './aws/merchant-orders.ts';
import type { SendMessage } from './aws/queue.ts';
import { ServiceError } from './baidu/errors.ts';
import { auditAnswer, type PlatformAnswer, paymentAnswer, refundAnswer } from './baidu/webhook/answers.ts';
import { checkNotification, parseNotification } from './baidu/webhook/notification.ts';
import {
  checkRefundAudit,
  checkRefundNotification,
  parseRefundAudit,
  parseRefundNotification,
  type RefundAudit,
} from './baidu/webhook/refund.ts';
import type { UnverifiedForm } from './baidu/webhook/signed-form.ts';
import { orderItemId, readRecord } from './ledger/record.ts';
import type { LedgerStore } from './ledger/store.ts';
import type { AuditAnswer } from './lookup-message.ts';
import type { Apps } from './merchant/apps.ts';
import { appsOfForm, type TakenForm } from './merchant/notified-app.ts';
import type { NotificationApp } from './merchant/secret.ts';

/** What Baidu calls a merchant for. */
export type Call = 'payment' | 'refund' | 'audit';

/** What is answered when Baidu asks whether to refund. */
export type AuditPolicy = 'undecided' | 'refuse' | 'approve';

/** What taking a call of Baidu's takes. */
export interface WebhookParts {
  /** The merchant's secret, in so many milliseconds. */
  readonly loadSecret: (budgetMs: number) => Promise<Pick<Apps<NotificationApp>, 'all' | 'broken'>>;
  readonly matchOrder: MatchOrder;
  readonly send: SendMessage;
  readonly openLedger: () => LedgerStore;
  readonly auditPolicy: AuditPolicy;
}

/** What came of a call: the answer, and what a log may say. */
export interface Taken {
  readonly answer: PlatformAnswer;
  /** Whether it was stored; a payment for an order that is not the merchant's is sent back instead. */
  readonly isStored: boolean;
}

/** What a log may say of a call. */
export type CallFields = Readonly<Record<string, string | number | undefined>>;

/** What is kept of the time for the queue while the secret is read, and while the order is looked up, in milliseconds. */
const RESERVE_MS = { secret: 700, order: 400 };

/** The forms by the calls that they belong to. */
const CHECKS: Readonly<Record<Call, (form: Readonly<Record<string, string>>) => UnverifiedForm>> = {
  payment: checkNotification,
  refund: checkRefundNotification,
  audit: checkRefundAudit,
};

/**
 * Verifies a form of Baidu's, stores it, and only then has an answer.
 *
 * @param form as `readForm` returns it
 * @param leftMs how many milliseconds there are for all of it
 * @param note told what a log may say of the call as soon as it is verified
 * @throws ServiceError what `checkNotification`, `parseNotification` and the parts throw
 */
export async function takeCall(
  call: Call,
  form: Readonly<Record<string, string>>,
  parts: WebhookParts,
  leftMs: () => number,
  note: (fields: CallFields) => void,
): Promise<Taken> {
  const unverified = CHECKS[call](form);
  const apps = await parts.loadSecret(leftMs() - RESERVE_MS.secret);
  const stored = { ...unverified.fields, rsaSign: unverified.signature };
  const store = (message: object) => parts.send(message, { budgetMs: leftMs() });

  if (call === 'payment') {
    const [{ app, value: notification }] = appsOfForm(apps, unverified, parseNotification);
    const { orderId, siteId, tpOrderId, status, reading } = notification;
    note({ appId: app.appId, orderId, tpOrderId, status, reading });
    if (status === 'PAID' && !(await parts.matchOrder(notification, leftMs() - RESERVE_MS.order))) {
      return { answer: paymentAnswer('refund'), isStored: false };
    }
    await store({ appId: app.appId, orderId, siteId, notification: stored });
    return { answer: paymentAnswer(status === 'PAID' ? 'consumed' : 'noted'), isStored: true };
  }

  const ownerMs = () => leftMs() - RESERVE_MS.order;
  if (call === 'refund') {
    const taken = appsOfForm(apps, unverified, parseRefundNotification);
    const { app, value } = await ownerOf(taken, parts, ownerMs());
    const { orderId, siteId, tpOrderId, refundBatchId, status } = value;
    note({ appId: app.appId, orderId, tpOrderId, refundBatchId, status });
    await store({ appId: app.appId, orderId, siteId, refundNotification: stored });
    return { answer: refundAnswer(), isStored: true };
  }

  const taken = appsOfForm(apps, unverified, parseRefundAudit);
  const { app, value: audit } = await ownerOf(taken, parts, ownerMs());
  const { orderId, siteId, tpOrderId, refundBatchId } = audit;
  const answer = await auditAnswerOf(audit, app.appId, parts, ownerMs());
  note({ appId: app.appId, orderId, tpOrderId, refundBatchId, auditStatus: answer.auditStatus });
  await store({ appId: app.appId, orderId, siteId, refundAudit: stored, answer });
  return { answer: auditAnswer(answer), isStored: true };
}

/**
 * Which of the apps that share a platform key a refund belongs to: it names no deal, but the ledger knows whose the order
 * is.
 */
async function ownerOf<T extends { readonly orderId: string }>(
  taken: readonly [TakenForm<T>, ...TakenForm<T>[]],
  { openLedger }: WebhookParts,
  budgetMs: number,
): Promise<TakenForm<T>> {
  const [first, ...others] = taken;
  if (others.length === 0) return first;
  const ledger = openLedger();
  const known = await Promise.all(
    taken.map(async ({ app: { appId = '' }, value: { orderId } }) =>
      ledger.read(orderItemId({ appId, orderId }), Math.max(budgetMs, 1)),
    ),
  );
  const [owner, ...more] = taken.filter((_each, index) => known[index] !== undefined);
  if (owner && more.length === 0) return owner;
  throw new ServiceError(
    'LEDGER_UNAVAILABLE',
    'The ledger does not know which of several apps the order is of.',
  );
}

const REFUND = 1;
const REFUSE = 2;
const UNDECIDED = 3;

/** Refunds only what was paid, as far as the ledger has it from Baidu's platform itself; whatever is not known is undecided. */
async function auditAnswerOf(
  { orderId, applyRefundMoney }: RefundAudit,
  appId: string | undefined,
  { auditPolicy, openLedger }: WebhookParts,
  budgetMs: number,
): Promise<AuditAnswer> {
  const isAsked = auditPolicy === 'approve' || applyRefundMoney === undefined;
  const paid =
    isAsked && appId !== undefined ? await paidMoney(openLedger, { appId, orderId }, budgetMs) : undefined;
  const refundPayMoney = applyRefundMoney ?? paid ?? 0;
  if (auditPolicy === 'refuse') return { auditStatus: REFUSE, refundPayMoney };
  const isCovered = auditPolicy === 'approve' && paid !== undefined && refundPayMoney <= paid;
  return { auditStatus: isCovered ? REFUND : UNDECIDED, refundPayMoney };
}

/** What was paid for an order, in fen, by the genuine notification; `undefined` where the ledger has none or is away. */
async function paidMoney(
  openLedger: WebhookParts['openLedger'],
  order: { appId: string; orderId: string },
  budgetMs: number,
): Promise<number | undefined> {
  try {
    const ledger = openLedger();
    const { notification } = readRecord(order, await ledger.read(orderItemId(order), Math.max(budgetMs, 1)));
    return notification?.['status'] === '2' ? Number(notification['totalMoney']) : undefined;
  } catch {
    return undefined;
  }
}
