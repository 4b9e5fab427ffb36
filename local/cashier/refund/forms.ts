import type { Presence } from '../faults.ts';
import { type SignedForm, type Signing, signFields } from '../merchant/notification.ts';
import type { Order } from '../orders/order.ts';
import type { Refund } from './refund.ts';

/** Writes the notification of a refund and signs it (百度收银台, 通知退款状态); switches say which ids it names. */
export function refundNotificationForm(order: Order, refund: Refund, signing: Signing): SignedForm {
  const { refundUserId, refundTpOrderId } = signing.faults;
  const { refundBatchId, state } = refund;
  const fields = {
    orderId: order.orderId,
    ...field('userId', order.userId, refundUserId),
    ...field('tpOrderId', order.tpOrderId, refundTpOrderId),
    refundBatchId,
    refundStatus: state === 'REFUNDED' ? '1' : '2',
  };
  return signFields(fields, anotherRefund(refund), signing);
}

/** Writes the question whether to refund and signs it (百度收银台, 请求业务方退款审核). */
export function refundAuditForm(order: Order, refund: Refund, signing: Signing): SignedForm {
  const { refundTpOrderId, auditWithoutMoney } = signing.faults;
  const fields = {
    orderId: order.orderId,
    userId: order.userId,
    ...field('tpOrderId', order.tpOrderId, refundTpOrderId),
    refundBatchId: refund.refundBatchId,
    ...(auditWithoutMoney ? {} : { applyRefundMoney: String(refund.money) }),
  };
  return signFields(fields, anotherRefund(refund), signing);
}

function field(name: string, value: string, presence: Presence): Record<string, string> {
  return presence === 'absent' ? {} : { [name]: presence === 'empty' ? '' : value };
}

function anotherRefund({ refundBatchId }: Refund): Record<string, string> {
  return { refundBatchId: `${refundBatchId}0` };
}
