import { type LedgerWork, learnOrder, readOrder, tellOrder, whenUnclaimed } from './ledger/protocol.ts';
import type { OrderKey } from './ledger/record.ts';
import type { AuditAnswer } from './lookup-message.ts';

/** A question of Baidu's whether to refund, verified, and what it was answered. */
export interface Audit {
  /** What Baidu has signed, without the signature. */
  readonly fields: Readonly<Record<string, string>>;
  readonly answer: AuditAnswer;
}

/** What is told of it. */
export interface AuditEvent extends OrderKey {
  readonly siteId: string | undefined;
  readonly tpOrderId: string | undefined;
  readonly audit: Audit;
  readonly observedAt: string;
}

/** Under which the ledger remembers that it was told: the order, the refund and the answer. */
export function auditKey({ appId, orderId }: OrderKey, { fields, answer }: Audit): OrderKey {
  const { auditStatus, refundPayMoney } = answer;
  return { appId, orderId: `${orderId}#audit#${fields['refundBatchId']}#${auditStatus}#${refundPayMoney}` };
}

/** Baidu asks for as long as it is answered so. */
const UNDECIDED = 3;

/** A refund on which nobody has decided, and for how long Baidu has asked about it, in seconds. */
export interface UndecidedRefund {
  readonly orderId: string;
  readonly refundBatchId: string | undefined;
  readonly seconds: number;
}

/** What telling of audits takes beside the ledger. */
export interface AuditParts {
  readonly publishAudit: (event: AuditEvent, budgetMs: number) => Promise<void>;
  /** Told of each refund that Baidu asks about again because nobody has decided yet. */
  readonly onUndecided?: ((waiting: UndecidedRefund) => void) | undefined;
}

/** Tells everyone that Baidu has asked whether to refund, once for each refund and answer. */
export async function tellAudit(
  {
    order,
    siteId,
    tpOrderId,
    audit,
  }: {
    readonly order: OrderKey;
    readonly siteId: string | undefined;
    readonly tpOrderId: string | undefined;
    readonly audit: Audit;
  },
  work: LedgerWork & AuditParts,
): Promise<'published' | 'known'> {
  const { refunds } = await learnOrder(order, [{ siteId, tpOrderId }], work);
  const key = auditKey(order, audit);
  for (;;) {
    const record = await whenUnclaimed(await readOrder(key, work), work);
    if (record.told && record.claimUntil === undefined) {
      const { refundBatchId } = audit.fields;
      const isOpen = !refunds.some((refund) => refund.refundBatchId === refundBatchId);
      const seconds = Math.round((work.now() - Date.parse(record.told.observedAt)) / 1000);
      if (isOpen && audit.answer.auditStatus === UNDECIDED)
        work.onUndecided?.({ orderId: order.orderId, refundBatchId, seconds });
      return 'known';
    }
    const observedAt = new Date(work.now()).toISOString();
    const event = { ...order, siteId, tpOrderId, audit, observedAt };
    const publish = () => work.publishAudit(event, work.leftMs());
    if (await tellOrder(record, { siteId, told: { observedAt }, publish }, work)) return 'published';
  }
}
