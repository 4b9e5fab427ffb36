import type { PublishMessage } from './aws/topic.ts';
import type { OrderEvent } from './confirm.ts';
import type { AuditEvent } from './refund-audit.ts';

/** Tells by the status topic: of orders, where each message is the whole truth, and of refund audits. */
export function createTeller(publish: PublishMessage) {
  return { publish: tellOfOrder(publish), publishAudit: tellOfAudit(publish) };
}

function tellOfAudit(publish: PublishMessage) {
  return async ({ audit, observedAt, ...order }: AuditEvent, budgetMs: number): Promise<void> => {
    const { fields, answer } = audit;
    const message = { eventType: 'refund-audit', ...order, refundAudit: fields, answer, observedAt };
    await publish(message, {}, budgetMs);
  };
}

function tellOfOrder(publish: PublishMessage) {
  return async ({ timestamp: _, ...event }: OrderEvent, budgetMs: number): Promise<void> => {
    const { appId, orderId, siteId, tpOrderId, sequence, changed, refunds, observedAt } = event;
    const { payment, refund, verification, notification } = event;
    const message = {
      eventType: 'payment-status',
      ...{
        appId,
        orderId,
        siteId,
        tpOrderId,
        sequence,
        changed,
        payment,
        refund,
        verification,
        notification,
      },
      refunds: refunds.length > 0 ? refunds : undefined,
      observedAt,
    };
    const attributes = {
      payment: payment.status,
      refund: refund.status,
      verification: verification.status,
    };
    await publish(message, attributes, budgetMs);
  };
}
