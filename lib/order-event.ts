import type { PublishMessage } from './aws/topic.ts';
import type { OrderEvent } from './confirm.ts';

/** Tells of orders by the status topic; each message is the whole truth about its order. */
export function publishOrders(publish: PublishMessage) {
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
