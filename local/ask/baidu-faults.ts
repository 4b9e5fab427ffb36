import { translator } from '../doctor/translation.ts';

/** Says in each language why the service has no answer of Baidu's. */
export const baiduFault = translator({
  'No connection to Baidu.': '连接不上百度。',
  'Baidu gave no full answer in time.': '百度没有及时给出完整的应答。',
  'Baidu gives no access token: *.': '百度不发放 access token：$1。',
  'Baidu answered with HTTP status *.': '百度应答了 HTTP 状态码 $1。',
  'Baidu’s answer broke off.': '百度的应答中途断开。',
  'Baidu’s answer is larger than 256 KB.': '百度的应答超过 256 KB。',
  'Baidu’s answer is empty.': '百度的应答是空的。',
  'Baidu’s answer is not JSON.': '百度的应答不是 JSON。',
  'Baidu’s answer holds no order.': '百度的应答中没有订单。',
  'Baidu’s answer holds no list of refunds.': '百度的应答中没有退款列表。',
  'Baidu’s answer holds no * with a statusNum.': '百度的应答中没有带 statusNum 的 $1。',
  'Baidu’s answer holds no *.': '百度的应答中没有 $1。',
  'Baidu’s answer is of another *.': '百度的应答属于另一个 $1。',
  'Baidu’s answer names no user, and none is known.': '百度的应答没有给出用户，也没有已知的用户。',
});
