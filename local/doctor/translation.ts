import { asServiceError } from '../../lib/baidu/errors.ts';
import type { Text } from './finding.ts';

/** What the service says is wrong, in English, and the same in Chinese; `$1` is what the pattern caught. */
const TRANSLATIONS: readonly (readonly [RegExp, string])[] = [
  [/^is not an RSA private key in PKCS#1 or PKCS#8\.$/, '不是 PKCS#1 或 PKCS#8 格式的 RSA 私钥。'],
  [
    /^is not an RSA public key in SPKI, as Baidu’s console shows it\.$/,
    '不是 RSA 公钥（SPKI 格式，即百度后台显示的格式）。',
  ],
  [
    /^is damaged: what it signs does not verify; copy it again\.$/,
    '已损坏：它的签名验证不通过，请重新复制。',
  ],
  [/^has (\d+) bits; the least is (\d+)\.$/, '只有 $1 位，至少要 $2 位。'],
  [/^must be a list of strings, one at least\.$/, '必须是字符串列表，至少一个。'],
  [/^must hold strings of at least (\d+) characters\.$/, '每一项都必须是至少 $1 个字符的字符串。'],
  [/^is missing\.$/, '缺失。'],
  [/^is malformed\.$/, '格式不对。'],
  [/^must be digits, or a list of such\.$/, '必须是数字串，或数字串的列表。'],
  [/^must be a string, or a list of such\.$/, '必须是字符串，或字符串的列表。'],
  [/^must be a positive whole number, or its digits\.$/, '必须是正整数，或其数字串。'],
  [/^must be a string that is not empty\.$/, '必须是非空字符串。'],
  [/^must be a string\.$/, '必须是字符串。'],
  [/^must be a list of apps, one at least\.$/, '必须是应用的列表，至少一个。'],
  [/^must stand alone: nothing may be beside it\.$/, '必须单独出现：旁边不能有别的字段。'],
  [/^must hold the fields of an app\.$/, '必须含有一个应用的各个字段。'],
  [/^is the appId of (\S+), too\.$/, '与 $1 的 appId 相同。'],
  [/^is a token of (\S+), too\.$/, '也是 $1 的令牌。'],
  [
    /^is a deal of (\S+), too, as is a platformPublicKey\.$/,
    '也是 $1 的 dealId，且两者有相同的 platformPublicKey。',
  ],
  [
    /^is that of (\S+), too: each of the two must name its dealId\.$/,
    '与 $1 的相同：两者都必须写明各自的 dealId。',
  ],
  [/^The form has more than (\d+) fields\.$/, '表单超过 $1 个字段。'],
  [/^The request holds no form: a part of it has no “=”\.$/, '这不是表单：其中有一段没有 “=”。'],
  [/^The request holds no form: body and query string are empty\.$/, '这不是表单：内容是空的。'],
  [/^The form has a field whose name is not letters and digits\.$/, '表单中有一个字段名不是字母和数字。'],
  [/^The form has the field (\w+) twice\.$/, '表单中字段 $1 出现了两次。'],
  [/^The form is not UTF-8\.$/, '表单不是 UTF-8 编码。'],
  [/^The body is not base64, though it is marked as such\.$/, '标明是 base64，内容却不是。'],
  [/^The form has an escape that is broken or not UTF-8\.$/, '表单中有残缺的或不是 UTF-8 的转义（%）。'],
  [/^The form is larger than 64 KB\.$/, '表单超过 64 KB。'],
  [/^The field (\w+) is missing\.$/, '缺少字段 $1。'],
  [/^The field (\w+) is malformed\.$/, '字段 $1 的格式不对。'],
  [/^The field (\w+) is covered by no signature\.$/, '字段 $1 不在签名范围之内。'],
  [
    /^The signature is not of Baidu’s platform over these fields\.$/,
    '签名不是百度平台对这些字段所签的签名。',
  ],
  [/^No connection to Baidu\.$/, '连接不上百度。'],
  [/^Baidu gave no full answer in time\.$/, '百度没有及时给出完整的应答。'],
  [/^Baidu gives no access token: (.*)\.$/, '百度不发放 access token：$1。'],
  [/^Baidu answered with HTTP status (\d+)\.$/, '百度应答了 HTTP 状态码 $1。'],
  [/^Baidu’s answer broke off\.$/, '百度的应答中途断开。'],
  [/^Baidu’s answer is larger than 256 KB\.$/, '百度的应答超过 256 KB。'],
  [/^Baidu’s answer is empty\.$/, '百度的应答是空的。'],
  [/^Baidu’s answer is not JSON\.$/, '百度的应答不是 JSON。'],
  [/^Baidu’s answer holds no order\.$/, '百度的应答中没有订单。'],
  [/^Baidu’s answer holds no list of refunds\.$/, '百度的应答中没有退款列表。'],
  [/^Baidu’s answer holds no (\w+) with a statusNum\.$/, '百度的应答中没有带 statusNum 的 $1。'],
  [/^Baidu’s answer holds no (\w+)\.$/, '百度的应答中没有 $1。'],
  [/^Baidu’s answer is of another (\w+)\.$/, '百度的应答属于另一个 $1。'],
  [/^Baidu’s answer names no user, and none is known\.$/, '百度的应答没有给出用户，也没有已知的用户。'],
  [/^Secrets Manager did not answer in time\.$/, 'Secrets Manager 没有及时回应。'],
  [/^The secret is binary; it must be text \(JSON\)\.$/, 'secret 是二进制，应为文本（JSON）。'],
];

/**
 * What the service says of a fault, in each language, without the field that the finding names anyway. What has no
 * translation stays English.
 */
export function faultText(error: unknown): Text {
  return translated(asServiceError(error).message.replace(/^The secret’s \S+ /, ''));
}

/** The same for the end of a sentence, as the service writes it. */
export function translated(en: string): Text {
  for (const [pattern, zh] of TRANSLATIONS) {
    if (pattern.test(en)) return { en, zh: en.replace(pattern, zh) };
  }
  return { en, zh: en };
}
