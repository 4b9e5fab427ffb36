import { type ParseError, parse, printParseErrorCode } from 'jsonc-parser';
import type { Text } from './finding.ts';

/**
 * Says where a text stops being JSON and why, as the end of a sentence. Nothing of it is repeated: it may be a secret.
 *
 * @returns for example `at line 3, column 7: a comma is missing before this`
 */
export function jsonFault(text: string): Text {
  const errors: ParseError[] = [];
  parse(text, errors, { disallowComments: true });
  const [first] = errors;
  // Both parsers read one grammar, which a test compares; the place is all that could be lacking.
  if (!first) return { en: 'somewhere', zh: '位置不明' };
  const lines = text.slice(0, first.offset).split(/\r\n|\r|\n/);
  const column = (lines.at(-1)?.length ?? 0) + 1;
  const found = `${printParseErrorCode(first.error)} ${text.slice(first.offset, first.offset + first.length + 40)}`;
  const { en, zh } = LIKELY.find(({ shows }) => shows.test(found)) ?? NO_JSON;
  return {
    en: `at line ${lines.length}, column ${column}: ${en}`,
    zh: `第 ${lines.length} 行第 ${column} 列：${zh}`,
  };
}

const NO_JSON: Text = { en: 'a text without quotes, or no JSON at all', zh: '文本没有加引号，或不是 JSON' };

/** What is likely wrong, by the parser's name of the error, and, where that is not enough, by the text it stumbles over. */
const LIKELY: readonly (Text & { readonly shows: RegExp })[] = [
  {
    shows: /^UnexpectedEndOfString "(.*-----BEGIN|(.*[\r\n])?\s*[\w+/=]{16})/s,
    en: 'a key with real line breaks, or one that was cut; between quotes write each break as \\n, or take them all out',
    zh: '密钥中有真正的换行，或内容被截断；在引号之间换行应写作 \\n，或者全部去掉',
  },
  {
    shows: /^UnexpectedEndOfString/,
    en: 'the quotes that open here are not closed',
    zh: '此处的引号没有闭合',
  },
  {
    shows: /^InvalidSymbol [“”„「」『』'‘’`：，｛｝［］＂、；\p{Cc}\p{Cf}\p{Z}]/u,
    en: 'a sign that only looks like one of JSON’s (a curly, single or full-width one), or a blank that cannot be seen',
    zh: '形似而非 JSON 的符号（弯引号、单引号、全角标点），或看不见的空白字符',
  },
  { shows: /^InvalidComment/, en: 'a comment; JSON has none', zh: '注释；JSON 不允许注释' },
  {
    shows: /^Invalid(Unicode|EscapeCharacter|Character)/,
    en: 'a backslash or a control character in this text; a backslash is written \\\\',
    zh: '这段文本中有反斜杠或控制字符；反斜杠应写作 \\\\',
  },
  {
    shows: /^(PropertyName|Value)Expected/,
    en: 'a comma too many, or something is missing here',
    zh: '多了一个逗号，或此处缺少内容',
  },
  {
    shows: /^(Colon|Comma)Expected/,
    en: 'a colon, comma, quote or bracket is missing before this',
    zh: '此处之前缺少冒号、逗号、引号或括号',
  },
  { shows: /^Close/, en: 'the text ends too early', zh: '内容提前结束' },
  { shows: /^EndOfFile/, en: 'more text behind the end', zh: '结尾之后还有内容' },
];
