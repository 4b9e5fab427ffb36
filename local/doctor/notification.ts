import { canonicalText } from '../../lib/baidu/canonical.ts';
import { readForm } from '../../lib/baidu/webhook/form.ts';
import { fieldFaults, type UnverifiedForm } from '../../lib/baidu/webhook/signed-form.ts';
import { bad, type Finding, good, note, plain, type Text } from './finding.ts';
import { addressFindings, type MessageKind, messageKind } from './kinds.ts';
import { EXPECTED, readNotificationText } from './notification-text.ts';
import type { NotificationKeys } from './secret.ts';
import { explainSignature } from './signature.ts';
import { faultText } from './translation.ts';

/**
 * Says whether the service would take a notification, and if not, why. The signature is not repeated; the text that
 * it was checked over is.
 *
 * @param text a form as Baidu posts it, a URL that ends in one, its fields one on a line or as a JSON object, or an
 *   event of API Gateway that holds one
 */
export function diagnoseNotification(text: string, keys: NotificationKeys): Finding[] {
  const read = readNotificationText(text);
  if ('finding' in read) return [read.finding];
  let form: Record<string, string>;
  try {
    form = readForm(read.request);
  } catch (error) {
    return [bad('form', faultText(error), ...(ALMOST.test(text) ? [] : [EXPECTED]))];
  }
  const { rsaSign = '', ...fields } = form;
  const count = Object.keys(fields).length;
  const kind = messageKind(form);
  return [
    ...addressFindings(kind, read.path),
    good('form', { en: `${count} fields and the signature`, zh: `${count} 个字段与签名` }),
    // A signature that is there gets a better explanation below.
    ...fieldFindings(form, kind).filter(({ subject }) => subject !== 'rsaSign' || rsaSign === ''),
    ...signature({ fields, signature: rsaSign.replaceAll(' ', '+') }, kind, keys),
    ...deal(fields['dealId'], keys),
    ...unpaid(fields['status']),
  ];
}

/** A form on one line, or an event: whoever has that needs not be told what a notification is. */
const ALMOST = /^\s*\S*\brsaSign=\S*\s*$|"isBase64Encoded"/;

/** Every field that is missing or malformed. */
function fieldFindings(form: Readonly<Record<string, string>>, { rules }: MessageKind): Finding[] {
  return [...fieldFaults(form, rules)].map(({ name, error }) => {
    const isMalformed = error.code === 'INVALID_NOTIFICATION' && form[name] !== undefined;
    return bad(name, faultText(error), ...(isMalformed ? [ALLOWED[name] ?? NO_AMPERSAND] : []));
  });
}

const ID: Text = {
  en: 'Allowed: the digits of a number from 1 to 9223372036854775807, no zero in front.',
  zh: '允许：1 到 9223372036854775807 的整数，前面不加 0。',
};
const WHOLE: Text = { en: 'Allowed: digits, no zero in front.', zh: '允许：数字，前面不加 0。' };
const MONEY: Text = {
  en: 'Allowed: a whole number of fen (分), not negative, no zero in front.',
  zh: '允许：以分为单位的非负整数，前面不加 0。',
};
const FREE: Text = {
  en: 'Allowed: any text without “&promoMoney=”.',
  zh: '允许：不含“&promoMoney=”的任意文本。',
};
const NO_AMPERSAND: Text = { en: 'Allowed: any text without &.', zh: '允许：不含 & 的任意文本。' };

/** What a value of each documented field may be. */
const ALLOWED: Readonly<Record<string, Text>> = {
  ...{ userId: ID, orderId: ID, dealId: ID },
  ...{ unitPrice: MONEY, totalMoney: MONEY, payMoney: MONEY, promoMoney: MONEY, hbMoney: MONEY },
  ...{ hbBalanceMoney: MONEY, giftCardMoney: MONEY, applyRefundMoney: MONEY },
  ...{ count: WHOLE, payTime: WHOLE, payType: WHOLE, partnerId: WHOLE },
  ...{ promoDetail: FREE, returnData: FREE },
  status: {
    en: 'Allowed: 2 (paid), 1 (unpaid), -1 (cancelled).',
    zh: '允许：2（已支付）、1（未支付）、-1（已取消）。',
  },
  refundStatus: { en: 'Allowed: 1 (refunded), 2 (failed).', zh: '允许：1（退款成功）、2（退款失败）。' },
  refundBatchId: { en: 'Allowed: 1 to 64 digits or letters.', zh: '允许：1 到 64 个数字或字母。' },
  tpOrderId: {
    en: 'Allowed: 1 to 128 visible ASCII characters, no blank, no & and no =. It is the id that your mini-program gave the order.',
    zh: '允许：1 到 128 个可见的 ASCII 字符，不含空格、& 和 =。它是小程序发起支付时给出的订单号。',
  },
};

function signature(form: UnverifiedForm, { parse }: MessageKind, keys: NotificationKeys): Finding[] {
  const { platformKeys } = keys;
  if (form.signature === '') return [];
  if (platformKeys.length === 0) {
    const text = {
      en: 'cannot be checked: the secret holds no platform key that can be used.',
      zh: '无法验签：secret 中没有可用的平台公钥。',
    };
    return [bad('rsaSign', text)];
  }
  // Of one that the service takes there may be something to tell, too: URL-encoded values.
  const reasons = explainSignature(form, keys);
  const checkedOver: Text = { en: 'The text it was checked over:', zh: '验签所用的文本：' };
  const detail = [...reasons, checkedOver, canonicalText(form.fields)];
  try {
    parse(form, { platformKeys, dealIds: undefined });
    return [good('rsaSign', { en: 'Baidu’s platform signed it', zh: '是百度平台的签名' }, ...detail)];
  } catch {
    return [bad('rsaSign', { en: 'does not verify.', zh: '验签失败。' }, ...detail)];
  }
}

function deal(dealId: string | undefined, { dealIds }: NotificationKeys): Finding[] {
  if (dealId === undefined || !dealIds) return [];
  if (dealIds.has(dealId)) return [good('dealId', plain(dealId))];
  return [
    bad('dealId', {
      en: 'is not one of the secret’s: the service refuses the notification.',
      zh: '不在 secret 的 dealId 之中：服务会拒绝这条通知。',
    }),
  ];
}

function unpaid(status: string | undefined): Finding[] {
  if (status !== '1' && status !== '-1') return [];
  return [
    note('status', {
      en: `${status}: the order is not paid; the service only takes note of it (isConsumed 1).`,
      zh: `${status}：订单未支付，服务只作记录（isConsumed 为 1）。`,
    }),
  ];
}
