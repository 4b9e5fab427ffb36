import { listOf } from '../../lib/baidu/json.ts';
import { bad, characters, type Finding, good, note, plain, type Text, warning } from './finding.ts';
import { sampleFault } from './samples.ts';

type Fields = Readonly<Record<string, unknown>>;

/** What the service says is wrong with a value of a field; `undefined` for what it takes. */
export type Fault = (field: string, value: unknown) => Text | undefined;

/** Examines `appId` and `appKey`. */
export function examineIds(fields: Fields, fault: Fault): Finding[] {
  return ['appId', 'appKey'].map((name) => examineText(name, fields, fault, plain));
}

/** A token of random characters, hexadecimal ones too, has as many different ones. */
const LEAST_DIFFERENT = 8;

/** Examines each API token. No token is repeated. */
export function examineTokens({ apiTokens }: Fields, fault: Fault): Finding[] {
  if (!Array.isArray(apiTokens) || apiTokens.length === 0) {
    const hint = typeof apiTokens === 'string' ? [IN_BRACKETS] : [];
    const refused = fault('apiTokens', apiTokens);
    return refused ? [bad('apiTokens', refused, ...hint)] : [];
  }
  return apiTokens.map((token: unknown, index) => {
    const subject = `apiTokens[${index}]`;
    if (typeof token !== 'string') return bad(subject, { en: 'is not a string.', zh: '不是字符串。' });
    const tooShort = fault('apiTokens', [token]) && {
      en: `has ${token.length} characters; it needs at least 32. Make one with: openssl rand -hex 32`,
      zh: `只有 ${token.length} 个字符，至少要 32 个。生成方法：openssl rand -hex 32`,
    };
    const wrong = wrongValue('apiTokens', token, tooShort);
    if (wrong) return bad(subject, wrong);
    const different = new Set(token).size;
    if (different >= LEAST_DIFFERENT) return good(subject, characters(token));
    return warning(subject, {
      en: `has only ${different} different characters: it can be guessed. Make one with: openssl rand -hex 32`,
      zh: `只有 ${different} 种不同的字符，容易被猜到。生成方法：openssl rand -hex 32`,
    });
  });
}

/** Examines the deals, which may be missing. */
export function examineDeals({ dealId }: Fields, fault: Fault): Finding {
  const ids = listOf(dealId);
  const refused = fault('dealId', dealId);
  if (ids.length === 0 && !refused) {
    return note('dealId', {
      en: 'is not given: notifications for every dealId are taken. Give yours to refuse others.',
      zh: '未填写：任何 dealId 的通知都会被接受。填写后可拒绝他人的通知。',
    });
  }
  const wrong = ids.map((id) => sampleFault('dealId', id)).find((sample) => sample !== undefined) ?? refused;
  return wrong ? bad('dealId', wrong) : good('dealId', plain(ids.join(', ')));
}

/** Examines the mini-program's own App Key and App Secret, which may both be missing. The secret is not repeated. */
export function examineSmartApp(fields: Fields, fault: Fault): Finding[] {
  const pair = ['smartAppKey', 'smartAppSecret'];
  const given = pair.filter((name) => (fields[name] ?? undefined) !== undefined);
  if (given.length === 0) {
    return [
      note('smartAppKey', {
        en: 'and smartAppSecret are not given: an order whose notification never came cannot be found by your own id, and the deployment’s baiduStatusApi cannot be findByTpOrderId.',
        zh: '和 smartAppSecret 未填写：从未收到通知的订单无法用您自己的订单号查到，部署参数 baiduStatusApi 也不能设为 findByTpOrderId。',
      }),
    ];
  }
  return pair.map((name) => {
    if (!given.includes(name)) {
      return bad(name, {
        en: `is missing, as ${given[0]} is there: both, or none.`,
        zh: `缺失，而 ${given[0]} 已填写：两者要么都填，要么都不填。`,
      });
    }
    return examineText(name, fields, fault, characters);
  });
}

function examineText(name: string, fields: Fields, fault: Fault, shown: (text: string) => Text): Finding {
  const wrong = wrongValue(name, fields[name], fault(name, fields[name]), fields);
  return wrong ? bad(name, wrong) : good(name, shown(String(fields[name])));
}

/** What is wrong with a field's value: what documentation prints, what the service refuses, what is another's. */
function wrongValue(name: string, value: unknown, refused: Text | undefined, fields: Fields = {}) {
  const text = String(value);
  const isOf = ({ of, shows }: (typeof MISTAKES)[number]) =>
    (of?.includes(name) ?? true) && shows(text, fields);
  return sampleFault(name, text) ?? refused ?? MISTAKES.find(isOf);
}

/** What the service takes, and yet is wrong: in every field, or in some. Baidu calls two keys of an app App Key. */
const MISTAKES: readonly (Text & {
  readonly of?: readonly string[];
  readonly shows: (value: string, fields: Fields) => boolean;
})[] = [
  {
    shows: (value) => !/^[!-~]+$/.test(value),
    en: 'holds a blank, or a character that is not ASCII (some cannot be seen): Baidu knows no such value, and no HTTP header can carry it.',
    zh: '含有空白或非 ASCII 字符（有的看不见）：百度无法识别这样的值，HTTP 头也无法携带。',
  },
  {
    of: ['appKey'],
    shows: (value) => /^[A-Za-z0-9]{32}$/.test(value),
    en: 'has the form of the mini-program’s own App Key (32 letters and digits). The payment appKey belongs here, MM and a few letters: Baidu’s console shows it under 支付管理.',
    zh: '是小程序自身 App Key 的形式（32 位字母和数字）。这里应填支付的 appKey（MM 开头的几位字母），见百度后台“支付管理”。',
  },
  {
    of: ['smartAppKey', 'smartAppSecret'],
    shows: (value, { appKey }) => value === appKey || /^MM[A-Za-z0-9]{4}$/.test(value),
    en: 'is the payment appKey, or has its form. The mini-program’s own belongs here: Baidu’s console shows App Key and App Secret under 设置, 开发设置.',
    zh: '是支付的 appKey，或是它的形式。这里应填小程序自身的：见百度后台“设置”中的“开发设置”（App Key、App Secret）。',
  },
  {
    of: ['smartAppSecret'],
    shows: (value, { smartAppKey }) => value === smartAppKey,
    en: 'is the same as smartAppKey: the App Secret belongs here.',
    zh: '与 smartAppKey 相同：这里应填 App Secret。',
  },
];

const IN_BRACKETS: Text = {
  en: 'One token is a list, too: ["…"]. The key/value editor of AWS’s console cannot write one: use its plaintext tab.',
  zh: '只有一个令牌也要写成列表：["…"]。AWS 控制台的键/值编辑器写不了列表，请用明文（plaintext）页签。',
};
