import type { Text } from '../text.ts';

/**
 * Whether a text can be the merchant's own order id: what this repository's service takes. Baidu publishes no rule, and in
 * a signed text no other could be told apart from what stands beside it.
 */
export function isOwnId(text: string): boolean {
  return /^[!-~]{1,128}$/.test(text) && !/[&=]/.test(text);
}

/** Why an own id is refused. */
export const WRONG_OWN_ID: Text = {
  en: 'tpOrderId, the merchant’s own id, must be 1 to 128 visible ASCII characters, none of them & or =',
  zh: '商户订单号 tpOrderId 须为 1 到 128 个可见的 ASCII 字符，不含空格、& 和 =',
};
