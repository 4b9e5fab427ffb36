import {
  checkNotification,
  type NotificationKeys,
  parseNotification,
} from '../../lib/baidu/webhook/notification.ts';
import {
  checkRefundAudit,
  checkRefundNotification,
  parseRefundAudit,
  parseRefundNotification,
} from '../../lib/baidu/webhook/refund.ts';
import type { UnverifiedForm } from '../../lib/baidu/webhook/signed-form.ts';
import { bad, type Finding, good, note, type Text } from './finding.ts';

/** A kind of message that Baidu's platform signs. */
export interface MessageKind {
  /** What it is called, and what Baidu's console calls its address. */
  readonly name: Text;
  readonly field: string;
  readonly address: string;
  readonly check: (form: Readonly<Record<string, string>>) => UnverifiedForm;
  readonly parse: (form: UnverifiedForm, keys: NotificationKeys) => unknown;
}

const PAYMENT: MessageKind = {
  name: { en: 'a payment notification (通知支付状态)', zh: '支付通知（通知支付状态）' },
  field: '支付回调地址',
  address: '/baidu/payment-notify',
  check: checkNotification,
  parse: parseNotification,
};
const REFUND: MessageKind = {
  name: { en: 'a refund notification (通知退款状态)', zh: '退款通知（通知退款状态）' },
  field: '退款回调地址',
  address: '/baidu/refund-notify',
  check: checkRefundNotification,
  parse: parseRefundNotification,
};
const AUDIT: MessageKind = {
  name: { en: 'a refund audit (请求业务方退款审核)', zh: '退款审核（请求业务方退款审核）' },
  field: '退款审核地址',
  address: '/baidu/refund-audit',
  check: checkRefundAudit,
  parse: parseRefundAudit,
};

/** What a form is, by the fields that only its kind has; what is none of them counts as a payment's. */
export function kindOf(fields: Readonly<Record<string, string>>): MessageKind {
  const isPayment = ['status', 'payTime', 'totalMoney'].every((name) => fields[name] !== undefined);
  if (isPayment || fields['refundBatchId'] === undefined) return PAYMENT;
  return fields['refundStatus'] === undefined ? AUDIT : REFUND;
}

/** Whether a message came to its own address, as far as the path says; of a refund's, where it belongs. */
export function addressFindings(kind: MessageKind, path: string | undefined): Finding[] {
  const { name, field, address } = kind;
  const came = [PAYMENT, REFUND, AUDIT].find((each) => path?.endsWith(each.address));
  if (came && came !== kind) {
    return [
      bad('address', {
        en: `This is ${name.en}: it came to the wrong address, ${came.address}. Give ${address} as ${field} in Baidu’s console.`,
        zh: `这是${name.zh}：发到了错误的地址 ${came.address}。百度后台的“${field}”应填 ${address}。`,
      }),
    ];
  }
  if (came) return [good('address', { en: `${address}: its own`, zh: `${address}：正确` })];
  if (kind === PAYMENT) return [];
  return [
    note('address', {
      en: `This is ${name.en}: it belongs to ${address}, which is ${field} in Baidu’s console.`,
      zh: `这是${name.zh}：应发往 ${address}，即百度后台的“${field}”。`,
    }),
  ];
}
