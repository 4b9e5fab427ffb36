import type { Text } from '../text.ts';

/** Baidu's payment channels: the `payType` of a notification. */
export const PAY_TYPES = ['1117', '1087', '1108', '10004', '1124'] as const;

/** One of `PAY_TYPES`. */
export type PayType = (typeof PAY_TYPES)[number];

/** What people call the channels. */
export const CHANNEL_NAMES: Record<PayType, Text> = {
  '1117': { en: 'WeChat', zh: '微信支付' },
  '1087': { en: 'Alipay', zh: '支付宝' },
  '1108': { en: 'Duxiaoman', zh: '度小满' },
  '10004': { en: 'Baidu Flash', zh: '百度闪付' },
  '1124': { en: 'Huabei', zh: '花呗' },
};
