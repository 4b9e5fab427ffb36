import { asServiceError } from '../../lib/baidu/errors.ts';
import type { Text } from './finding.ts';

/**
 * Makes what says a fault of the service in each language, without the field that a finding names anyway. What has no
 * translation stays English.
 *
 * @param sentences the Chinese one by the English, in which a `*` stands for anything; `$1` is what the first stood for
 */
export function translator(sentences: Readonly<Record<string, string>>): (error: unknown) => Text {
  const patternOf = (en: string) => new RegExp(`^${RegExp.escape(en).replaceAll('\\*', '(.*)')}$`);
  const patterns = Object.entries(sentences).map(([en, zh]) => ({ pattern: patternOf(en), zh }));
  return (error) => {
    const en = asServiceError(error).message.replace(/^The secret’s \S+ /, '');
    const found = patterns.find(({ pattern }) => pattern.test(en));
    return { en, zh: found ? en.replace(found.pattern, found.zh) : en };
  };
}

/** Says what the service says of a secret or of a form. */
export const faultText = translator({
  'is damaged: what it signs does not verify; copy it again.': '已损坏：它的签名验证不通过，请重新复制。',
  'is a public key; a private one belongs there.': '是公钥，这里应填私钥。',
  'is a private key; a public one belongs there.': '是私钥，这里应填公钥。',
  'is a PEM of another kind (*).': '是另一种 PEM（$1）。',
  'has * bits; the least is *.': '只有 $1 位，至少要 $2 位。',
  'must be a list of strings, one at least.': '必须是字符串列表，至少一个。',
  'must be digits, or a list of such.': '必须是数字串，或数字串的列表。',
  'must be a string, or a list of such.': '必须是字符串，或字符串的列表。',
  'must be a positive whole number, or its digits.': '必须是正整数，或其数字串。',
  'must be a string that is not empty.': '必须是非空字符串。',
  'must be a string.': '必须是字符串。',
  'must be a list of apps, one at least.': '必须是应用的列表，至少一个。',
  'must stand alone: nothing may be beside it.': '必须单独出现：旁边不能有别的字段。',
  'is the appId of *, too.': '与 $1 的 appId 相同。',
  'is a token of *, too.': '也是 $1 的令牌。',
  'is a deal of *, too, as is a platformPublicKey.': '也是 $1 的 dealId，且两者有相同的 platformPublicKey。',
  'is that of *, too: each of the two must name its dealId.': '与 $1 的相同：两者都必须写明各自的 dealId。',
  'The form has more than * fields.': '表单超过 $1 个字段。',
  'The request holds no form: a part of it has no “=”.': '这不是表单：其中有一段没有 “=”。',
  'The request holds no form: body and query string are empty.': '这不是表单：内容是空的。',
  'The form has a field whose name is not letters and digits.': '表单中有一个字段名不是字母和数字。',
  'The form has the field * twice.': '表单中字段 $1 出现了两次。',
  'The form is not UTF-8.': '表单不是 UTF-8 编码。',
  'The body is not base64, though it is marked as such.': '标明是 base64，内容却不是。',
  'The form has an escape that is broken or not UTF-8.': '表单中有残缺的或不是 UTF-8 的转义（%）。',
  'The form is larger than 64 KB.': '表单超过 64 KB。',
  'The field * is missing.': '缺少字段 $1。',
  'The field * is malformed.': '字段 $1 的格式不对。',
  'The field * is covered by no signature.': '字段 $1 不在签名范围之内。',
  'Secrets Manager did not answer in time.': 'Secrets Manager 没有及时回应。',
  'The secret is binary; it must be text (JSON).': 'secret 是二进制，应为文本（JSON）。',
});
