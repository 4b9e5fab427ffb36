import { canonicalText } from '../../lib/baidu/canonical.ts';
import { asServiceError } from '../../lib/baidu/errors.ts';
import { readForm } from '../../lib/baidu/form.ts';
import { checkNotification, parseNotification } from '../../lib/baidu/notification.ts';
import { bad, type Finding, good, note, plain, type Text } from './finding.ts';
import { explainSignature } from './mistakes.ts';
import { EXPECTED, readNotificationText } from './notification-text.ts';
import type { SecretDiagnosis } from './secret.ts';
import { faultText } from './translation.ts';

/** The keys that a notification is checked with. */
export type NotificationKeys = Pick<SecretDiagnosis, 'merchantKey' | 'platformKeys' | 'dealIds'>;

/**
 * Says whether the service would take a notification, and if not, why. The signature is not repeated; the text that
 * it was checked over is.
 *
 * @param text a form as Baidu posts it, a URL that ends in one, an event of API Gateway that holds one, or its fields
 *   as a JSON object
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
  return [
    good('form', { en: `${count} fields and the signature`, zh: `${count} 个字段与签名` }),
    // A signature that is there gets a better explanation below.
    ...grammar(form).filter(({ subject }) => subject !== 'rsaSign' || rsaSign === ''),
    ...signature(fields, rsaSign.replaceAll(' ', '+'), keys),
    ...deal(fields['dealId'], keys),
    ...unpaid(fields['status']),
  ];
}

/** A form on one line, or an event: whoever has that needs not be told what a notification is. */
const ALMOST = /^\s*\S*\brsaSign=\S*\s*$|"isBase64Encoded"/;

/** Every field that is missing or malformed: each is put right in turn, so that the next one shows. */
function grammar(form: Readonly<Record<string, string>>): Finding[] {
  const findings: Finding[] = [];
  let rest = { ...form };
  for (;;) {
    try {
      checkNotification(rest);
      return findings;
    } catch (error) {
      const text = faultText(error);
      const name = /field (\w+)/.exec(text.en)?.[1];
      findings.push(bad(name ?? 'form', text));
      const right = name === undefined ? undefined : mended(rest, name);
      if (!right) return findings;
      rest = right;
    }
  }
}

/** The form with one field made right, or taken out where nothing else helps; `undefined` when that was tried. */
function mended(form: Record<string, string>, name: string): Record<string, string> | undefined {
  if (form[name] === RIGHT[name]) return undefined;
  const { [name]: _wrong, ...others } = form;
  const right = RIGHT[name];
  return right === undefined ? others : { ...others, [name]: right };
}

/** A value in the grammar of each documented field. */
const RIGHT: Readonly<Record<string, string>> = {
  rsaSign: Buffer.alloc(128).toString('base64'),
  ...Object.fromEntries(
    [
      ...['userId', 'orderId', 'unitPrice', 'count', 'totalMoney', 'payMoney', 'promoMoney', 'hbMoney'],
      ...[
        'hbBalanceMoney',
        'giftCardMoney',
        'dealId',
        'payTime',
        'payType',
        'partnerId',
        'status',
        'tpOrderId',
      ],
    ].map((name) => [name, '1']),
  ),
  promoDetail: '',
  returnData: '',
};

function signature(
  fields: Readonly<Record<string, string>>,
  rsaSign: string,
  { platformKeys, merchantKey }: NotificationKeys,
): Finding[] {
  if (rsaSign === '') return [];
  if (platformKeys.length === 0) {
    const text = {
      en: 'cannot be checked: the secret holds no platform key that can be used.',
      zh: '无法验签：secret 中没有可用的平台公钥。',
    };
    return [bad('rsaSign', text)];
  }
  const checkedOver: Text = { en: 'The text it was checked over:', zh: '验签所用的文本：' };
  const text = canonicalText(fields);
  try {
    const unverified = { fields, signature: rsaSign };
    const { reading } = parseNotification(unverified, { platformKeys, dealIds: undefined });
    const signedBy =
      reading === 'raw'
        ? { en: 'Baidu’s platform signed it', zh: '是百度平台的签名' }
        : {
            en: 'Baidu’s platform signed it, its values URL-encoded, which the service takes',
            zh: '是百度平台的签名，各值经过 URL 编码后签名，服务接受这种签名',
          };
    return [good('rsaSign', signedBy, checkedOver, text)];
  } catch (error) {
    if (asServiceError(error).code !== 'INVALID_SIGNATURE') return [bad('rsaSign', faultText(error))];
    const reasons = explainSignature({ fields, signature: rsaSign, platformKeys, merchantKey });
    return [bad('rsaSign', { en: 'does not verify.', zh: '验签失败。' }, ...reasons, checkedOver, text)];
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
