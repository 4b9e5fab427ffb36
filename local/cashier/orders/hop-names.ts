import type { Text } from '../text.ts';
import type { HopKind } from './order-book.ts';

/** What each kind of hop is called, on the page and in a terminal. */
export const HOP_NAMES: Readonly<Record<HopKind, Text>> = {
  created: { en: 'Order created', zh: '订单已创建' },
  paid: { en: 'Paid by the user', zh: '用户已付款' },
  cancelled: { en: 'Order cancelled', zh: '订单已取消' },
  refund: { en: 'Refund', zh: '退款' },
  verified: { en: 'Verified (核销)', zh: '已核销' },
  notification: { en: 'Notification', zh: '支付通知' },
  refundAudit: { en: 'Refund audit', zh: '退款审核' },
  refundNotification: { en: 'Refund notification', zh: '退款通知' },
  queued: { en: 'Queue message', zh: '队列消息' },
  query: { en: 'Query', zh: '状态查询' },
  token: { en: 'Access token', zh: '访问令牌' },
  confirmed: { en: 'Confirm', zh: '确认' },
  published: { en: 'Status published', zh: '状态已发布' },
  lookup: { en: 'Look-up asked for', zh: '请求查询并发布' },
  asked: { en: 'Status asked for', zh: '查询支付状态' },
  deadLetter: { en: 'Dead-letter queue', zh: '死信队列' },
  other: { en: 'Step', zh: '步骤' },
};
