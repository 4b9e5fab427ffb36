import { isSecretField } from './fields.ts';
import type { Text } from './finding.ts';
import type { JsonFault } from './json-fault.ts';

/** A place in a text, and what is likely wrong there. */
interface Hint {
  readonly offset: number;
  readonly text: Text;
}

type Explain = (text: string, fault: JsonFault) => Hint | Text | undefined;

/**
 * Says where a text stops being JSON and what is likely wrong there, as the end of a sentence. Of the text itself
 * nothing is repeated: it may be a secret.
 *
 * @returns for example `at line 3, column 7, near appKey: a comma is missing here`
 */
export function describeJsonFault(text: string, fault: JsonFault): Text {
  const hint = EXPLANATIONS.map((explain) => explain(text, fault)).find((found) => found !== undefined);
  const found = hint === undefined || 'en' in hint ? { offset: fault.offset, text: hint ?? UNKNOWN } : hint;
  const { line, column } = placeOf(text, found.offset);
  // Any other name may be a value that lost its quotes.
  const near = fault.member !== undefined && isSecretField(fault.member) ? fault.member : undefined;
  return {
    en: `at line ${line}, column ${column}${near ? `, near ${near}` : ''}: ${found.text.en}`,
    zh: `第 ${line} 行第 ${column} 列${near ? `（${near} 附近）` : ''}：${found.text.zh}`,
  };
}

/** Line and column of an index, both from 1, as editors count them: CRLF is one line break, and so is a lone CR. */
function placeOf(text: string, offset: number): { line: number; column: number } {
  const lines = text.slice(0, offset).split(/\r\n|\r|\n/);
  return { line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 };
}

const UNKNOWN: Text = { en: 'something that JSON does not take there', zh: '此处有 JSON 不允许的内容' };

/** Each knows some mistakes; the first that has something to say is heard. */
const EXPLANATIONS: readonly Explain[] = [
  inString,
  strangeCharacter,
  comment,
  tooShort,
  behindTheEnd,
  comma,
  bracket,
  quote,
  missingSign,
  bareText,
];

function inString(text: string, { offset, previousEnd, expected }: JsonFault): Hint | Text | undefined {
  if (expected !== 'rest of a string') return undefined;
  const start = text.indexOf('"', previousEnd);
  const char = text[offset];
  if (char === undefined) {
    const cut = {
      en: 'the quotes that open here are never closed: one is missing, or the text was cut',
      zh: '此处的引号一直没有闭合：缺少引号，或内容被截断了',
    };
    return { offset: start, text: cut };
  }
  if (char === '\\') {
    return {
      en: 'a backslash that begins no escape of JSON; a backslash itself is written \\\\',
      zh: '反斜杠后面不是 JSON 的转义字符；反斜杠本身应写作 \\\\',
    };
  }
  if (char === '\n' || char === '\r') return lineBreak(text, start, offset);
  return {
    en: `a ${char === '\t' ? 'tab' : 'control character'} between quotes; take it out`,
    zh: `引号之间有${char === '\t' ? '制表符' : '控制字符'}，请去掉`,
  };
}

function lineBreak(text: string, start: number, offset: number): Hint | Text {
  const next = /^\s*([^\r\n]*)/.exec(text.slice(offset))?.[1] ?? '';
  if (
    text.slice(start, offset).includes('-----BEGIN') ||
    /^(?:[A-Za-z0-9+/=]{16,}|-----END.*)"?,?$/.test(next)
  ) {
    return {
      en: 'a key with real line breaks; between quotes write each as \\n, or take them all out',
      zh: '密钥中有真正的换行；在引号之间应写作 \\n，或者全部去掉',
    };
  }
  const curly = text.slice(start, offset).search(/[“”„]/);
  if (curly >= 0) return { offset: start + curly, text: curlyQuote };
  return {
    offset: start,
    text: { en: 'the quotes that open here are not closed on this line', zh: '此处的引号在这一行没有闭合' },
  };
}

const curlyQuote: Text = {
  en: 'a curly quote in place of JSON’s straight "',
  zh: '弯引号（中文引号），应为 "',
};

/** What looks like JSON's own signs, and is another character. */
const LOOKALIKES: readonly (readonly [RegExp, Text])[] = [
  [/[“”„‟«»「」『』]/, curlyQuote],
  [/['‘’‚`´]/, { en: 'a single quote in place of JSON’s double "', zh: '单引号，应为双引号 "' }],
  [
    /[：，｛｝［］＂、；]/,
    {
      en: 'a full-width sign; JSON takes : , { } [ ] and " in their plain form only',
      zh: '全角标点，应为半角 : , { } [ ] "',
    },
  ],
  [
    /[\p{Cc}\p{Cf}\p{Z}\ufffd]/u,
    {
      en: 'a character that cannot be seen, or an unusual blank; type a plain space',
      zh: '看不见的字符或特殊空格，请改为普通空格',
    },
  ],
];

function strangeCharacter(text: string, { offset }: JsonFault): Text | undefined {
  const char = text[offset] ?? '';
  return LOOKALIKES.find(([pattern]) => pattern.test(char))?.[1];
}

function comment(text: string, { offset }: JsonFault): Text | undefined {
  if (!/^(?:\/\/|\/\*|#|--)/.test(text.slice(offset, offset + 2))) return undefined;
  if (text.startsWith('-----', offset)) return undefined;
  return { en: 'a comment; JSON has none', zh: '注释；JSON 不允许注释' };
}

function tooShort(text: string, { offset, previousEnd, open }: JsonFault): Hint | undefined {
  if (offset < text.length) return undefined;
  const missing = [...open].reverse().map((bracket) => (bracket === '{' ? '}' : ']'));
  return {
    offset: previousEnd,
    text: {
      en: `the text ends too early: it was cut, or ${missing.join(' ')} is missing`,
      zh: `内容提前结束：被截断了，或缺少 ${missing.join(' ')}`,
    },
  };
}

function behindTheEnd(text: string, { offset, expected }: JsonFault): Text | undefined {
  if (expected !== 'end') return undefined;
  const char = text[offset] ?? '';
  if ('}],'.includes(char)) {
    return { en: `a ${char} too many behind the end`, zh: `结尾之后多了一个 ${char}` };
  }
  return {
    en: 'more text behind the end: only one object {…} belongs there',
    zh: '结尾之后还有内容：只能有一个对象 {…}',
  };
}

function comma(text: string, { offset, expected, previousEnd }: JsonFault): Hint | Text | undefined {
  const char = text[offset] ?? '';
  const before = text[previousEnd - 1];
  if ((char === '}' || char === ']') && before === ',') {
    return { offset: previousEnd - 1, text: { en: 'a comma too many', zh: '多了一个逗号' } };
  }
  if (char !== ',' || expected === ':') return undefined;
  if (before === ':') return { en: 'a value is missing before this comma', zh: '这个逗号之前缺少值' };
  return {
    en: 'a comma with nothing before it: one too many, or something is missing',
    zh: '这个逗号之前没有内容：多了一个逗号，或缺少内容',
  };
}

function bracket(text: string, { offset, expected, previousEnd, open }: JsonFault): Text | undefined {
  const char = text[offset] ?? '';
  if (expected === 'value' && (char === '}' || char === ']') && text[previousEnd - 1] === ':') {
    return { en: `a value is missing before this ${char}`, zh: `这个 ${char} 之前缺少值` };
  }
  if (open.at(-1) === '[' && (char === '}' || char === ':')) {
    return {
      en: `a list [ is still open before this ${char}: ] is missing`,
      zh: `这个 ${char} 之前的列表 [ 没有用 ] 闭合`,
    };
  }
  if (char === ']') return { en: 'a ] that closes no list: [ is missing', zh: '这个 ] 没有对应的 [' };
  if (expected.startsWith('name') && (char === '{' || char === '[')) {
    return { en: `a ${char} where a name in quotes belongs`, zh: `这里应为带引号的字段名，而不是 ${char}` };
  }
  return undefined;
}

/** A quote that is missing, or one too many: what follows a text in quotes, or a number, touches it. */
function quote(text: string, { offset, expected, previousEnd }: JsonFault): Hint | Text | undefined {
  if (expected !== ':' && !expected.startsWith(', or')) return undefined;
  const char = text[offset] ?? '';
  const afterQuote = text[previousEnd - 1] === '"';
  if (offset === previousEnd && afterQuote && !'{}[]:,=;'.includes(char)) {
    return {
      en: 'a quote is missing or too many: the quotes before this are closed already; between quotes, a quote is written \\"',
      zh: '引号缺失或多余：前面的引号已经闭合；引号之间的引号应写作 \\"',
    };
  }
  if (offset === previousEnd && char === '"') {
    return { en: 'a closing quote without an opening one', zh: '有右引号而没有左引号' };
  }
  return undefined;
}

function missingSign(text: string, { offset, expected, previousEnd }: JsonFault): Hint | Text | undefined {
  const char = text[offset] ?? '';
  if (expected === ':' && char === '=')
    return { en: 'a = where a colon : belongs', zh: '这里应为冒号 :，而不是 =' };
  if (expected === ':' && '},'.includes(char)) {
    return { en: `a name without a value before this ${char}`, zh: `这个 ${char} 之前的字段名没有值` };
  }
  if (expected === ':')
    return { offset: previousEnd, text: { en: 'a colon : is missing here', zh: '此处缺少冒号 :' } };
  if (!expected.startsWith(', or')) return undefined;
  if (char === ';') return { en: 'a ; where a comma belongs', zh: '这里应为逗号，而不是 ;' };
  if (char === ':')
    return {
      en: 'a colon behind a value: a comma belongs here, or the value before this line’s name is missing',
      zh: '值的后面出现冒号：这里应为逗号，或者前一个字段缺少值',
    };
  return { offset: previousEnd, text: { en: 'a comma is missing here', zh: '此处缺少逗号' } };
}

function bareText(text: string, { offset, expected }: JsonFault): Text | undefined {
  const rest = text.slice(offset, offset + 40);
  if (expected.startsWith('name'))
    return { en: 'a name without quotes: write "name"', zh: '字段名没有加引号，应写作 "name"' };
  if (/^(?:true|false|null|none|nan|undefined)\b/i.test(rest)) {
    return {
      en: 'a word that is not JSON’s; it has true, false and null',
      zh: 'JSON 只有 true、false 和 null',
    };
  }
  if (/^[-+.\d][\d.]*\s*[\s,}\]]/.test(rest)) {
    return {
      en: 'not a number of JSON’s (no 0 or + in front): put it in quotes',
      zh: '不是 JSON 的数字（不能以 0 或 + 开头）：请加引号',
    };
  }
  return { en: 'a text without quotes', zh: '文本没有加引号' };
}
