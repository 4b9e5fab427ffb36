import { PAYMENT_FORM, parseNotification } from '../../lib/baidu/webhook/notification.ts';
import * as refund from '../../lib/baidu/webhook/refund.ts';
import { KINDS, kindOf } from '../../lib/baidu/webhook/signed-form.ts';
import { bad, type Finding, good, note } from './finding.ts';

/** The kinds of messages that Baidu's platform signs: what each is called, and what Baidu's console calls its address. */
const MESSAGES = {
  payment: {
    name: { en: 'a payment notification (通知支付状态)', zh: '支付通知（通知支付状态）' },
    field: '支付回调地址',
    rules: PAYMENT_FORM,
    parse: parseNotification,
  },
  refund: {
    name: { en: 'a refund notification (通知退款状态)', zh: '退款通知（通知退款状态）' },
    field: '退款回调地址',
    rules: refund.REFUND_FORM,
    parse: refund.parseRefundNotification,
  },
  audit: {
    name: { en: 'a refund audit (请求业务方退款审核)', zh: '退款审核（请求业务方退款审核）' },
    field: '退款审核地址',
    rules: refund.AUDIT_FORM,
    parse: refund.parseRefundAudit,
  },
};

/** A kind of message. */
export type MessageKind = (typeof MESSAGES)[keyof typeof MESSAGES];

/** What a form is; what is of no kind counts as a payment's. */
export function messageKind(form: Readonly<Record<string, string>>): MessageKind {
  return MESSAGES[kindOf(form) ?? 'payment'];
}

/** Whether a message came to its own address, as far as the path says; of a refund's, where it belongs. */
export function addressFindings({ name, field, rules }: MessageKind, path = ''): Finding[] {
  const { address } = KINDS[rules.kind];
  if (path.endsWith(address)) return [good('address', { en: `${address}: its own`, zh: `${address}：正确` })];
  const came = Object.values(KINDS).find((each) => path.endsWith(each.address));
  if (came) {
    return [
      bad('address', {
        en: `This is ${name.en}: it came to the wrong address, ${came.address}. Give ${address} as ${field} in Baidu’s console.`,
        zh: `这是${name.zh}：发到了错误的地址 ${came.address}。百度后台的“${field}”应填 ${address}。`,
      }),
    ];
  }
  if (rules.kind === 'payment') return [];
  return [
    note('address', {
      en: `This is ${name.en}: it belongs to ${address}, which is ${field} in Baidu’s console.`,
      zh: `这是${name.zh}：应发往 ${address}，即百度后台的“${field}”。`,
    }),
  ];
}
