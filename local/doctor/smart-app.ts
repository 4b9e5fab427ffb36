import { bad, type Finding, good, note, type Text } from './finding.ts';
import { sampleFault } from './samples.ts';

const PAIR = ['smartAppKey', 'smartAppSecret'] as const;

/**
 * Examines the mini-program's own App Key and App Secret, which may both be missing. The secret is not repeated.
 *
 * @param fault what the service says is wrong with the two together
 */
export function examineSmartApp(
  fields: Readonly<Record<string, unknown>>,
  fault: () => Text | undefined,
): Finding[] {
  const given = PAIR.filter((name) => (fields[name] ?? undefined) !== undefined);
  if (given.length === 0) return [note('smartAppKey', ABSENT)];
  if (given.length === 1) {
    const missing = PAIR.find((name) => !given.includes(name)) ?? '';
    return [
      bad(missing, {
        en: `is missing, as ${given[0]} is there: both, or none.`,
        zh: `缺失，而 ${given[0]} 已填写：两者要么都填，要么都不填。`,
      }),
    ];
  }
  const found = fault();
  return PAIR.map((name) => {
    const value = fields[name];
    const wrong = sampleFault(name, value) ?? mixedUp(name, value, fields);
    if (wrong) return bad(name, wrong);
    if (typeof value !== 'string' || value === '') return bad(name, found ?? NO_STRING);
    return good(name, { en: `${value.length} characters`, zh: `${value.length} 个字符` });
  });
}

/** The two, the payment appKey and the secret are taken for each other. */
function mixedUp(
  name: (typeof PAIR)[number],
  value: unknown,
  { appKey, smartAppKey, smartAppSecret }: Readonly<Record<string, unknown>>,
): Text | undefined {
  const text = String(value);
  if (!/^[!-~]+$/.test(text)) return NOT_PLAIN;
  if (value === appKey || /^MM[A-Za-z0-9]{4}$/.test(text)) return PAYMENT_KEY;
  return name === 'smartAppSecret' && smartAppKey === smartAppSecret ? TWICE : undefined;
}

const NO_STRING: Text = { en: 'must be a string that is not empty.', zh: '必须是非空字符串。' };

const ABSENT: Text = {
  en: 'and smartAppSecret are not given: an order whose notification never came cannot be found by your own id, and BAIDU_STATUS_API cannot be findByTpOrderId.',
  zh: '和 smartAppSecret 未填写：从未收到通知的订单无法用您自己的订单号查到，BAIDU_STATUS_API 也不能设为 findByTpOrderId。',
};

const NOT_PLAIN: Text = {
  en: 'holds a blank, or a character that is not ASCII (some cannot be seen).',
  zh: '含有空白或非 ASCII 字符（有的看不见）。',
};

const PAYMENT_KEY: Text = {
  en: 'is the payment appKey, or has its form. The mini-program’s own belongs here: Baidu’s console shows App Key and App Secret under 设置, 开发设置.',
  zh: '是支付的 appKey，或是它的形式。这里应填小程序自身的：见百度后台“设置”中的“开发设置”（App Key、App Secret）。',
};

const TWICE: Text = {
  en: 'is the same as smartAppKey: the App Secret belongs here.',
  zh: '与 smartAppKey 相同：这里应填 App Secret。',
};
