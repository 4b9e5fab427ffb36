import { type LedgerWork, learnOrder, readOrder, tellOrder, whenUnclaimed } from './ledger/protocol.ts';
import type { OrderKey } from './ledger/record.ts';
import type { AuditAnswer } from './lookup.ts';

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
  work: LedgerWork & { readonly publishAudit: (event: AuditEvent, budgetMs: number) => Promise<void> },
): Promise<'published' | 'known'> {
  await learnOrder(order, [{ siteId, tpOrderId }], work);
  const key = auditKey(order, audit);
  for (;;) {
    const record = await whenUnclaimed(await readOrder(key, work), work);
    if (record.told && record.claimUntil === undefined) return 'known';
    const observedAt = new Date(work.now()).toISOString();
    const event = { ...order, siteId, tpOrderId, audit, observedAt };
    const publish = () => work.publishAudit(event, work.leftMs());
    if (await tellOrder(record, { siteId, told: { observedAt }, publish }, work)) return 'published';
  }
}
