import { isRecord, parseJson } from '../../lib/json.ts';
import { bad, type Finding, type Text } from './finding.ts';

/** The members of a secret, or what keeps it from being read at all. */
export type SecretText = { readonly fields: Record<string, unknown> } | { readonly finding: Finding };

/**
 * Reads the secret's text as the service does, and says what keeps it from being JSON. Nothing of the text is
 * repeated.
 */
export function readSecretText(text: string): SecretText {
  const parsed = parseJson(text);
  if (isRecord(parsed)) return { fields: parsed };
  return { finding: bad('JSON', parsed === undefined ? notJson(text) : notAnObject(parsed)) };
}

function notAnObject(parsed: unknown): Text {
  if (typeof parsed === 'string') {
    return {
      en: 'The secret is a JSON text in a JSON text: it was encoded twice. Store the inner one.',
      zh: 'secret 是被再次编码的 JSON 字符串：请保存里面的那一层。',
    };
  }
  return { en: 'The secret is JSON, but not an object {…}.', zh: 'secret 是 JSON，但不是对象 {…}。' };
}

function notJson(text: string): Text {
  const trimmed = text.trim();
  if (trimmed === '') return { en: 'The secret is empty.', zh: 'secret 是空的。' };
  if (trimmed.startsWith('\ufeff') || text.startsWith('\ufeff')) {
    return {
      en: 'The secret begins with a byte order mark (BOM): save it as UTF-8 without BOM.',
      zh: 'secret 以 BOM 开头：请另存为不带 BOM 的 UTF-8。',
    };
  }
  if (!trimmed.startsWith('{')) {
    const key = trimmed.startsWith('-----BEGIN') || /^MI[A-Za-z0-9+/]/.test(trimmed);
    return {
      en: `The secret is not JSON${key ? ', but a key by itself' : ''}: it must be an object with appId, appKey, privateKey and so on.`,
      zh: `secret 不是 JSON${key ? '，而是单独一个密钥' : ''}：应为含 appId、appKey、privateKey 等字段的对象。`,
    };
  }
  return at(text, hintOf(text));
}

function hintOf(text: string): Text {
  if (/[“”]/.test(text))
    return { en: ': it holds curly quotes “ ”; use "', zh: '：含有中文引号 “ ”，请用 "' };
  if (/"[^"\n]*-----BEGIN[^"]*\n/.test(text)) {
    return {
      en: ': a key in it has real line breaks; inside JSON write each as \\n',
      zh: '：其中的密钥含有真正的换行；在 JSON 中应写作 \\n',
    };
  }
  if (/,\s*[}\]]/.test(text)) return { en: ': it has a comma too many', zh: '：多了一个逗号' };
  return { en: '', zh: '' };
}

/** Where the parser stopped; its own message may quote the text, so only the place is taken from it. */
function at(text: string, hint: Text): Text {
  let message = '';
  try {
    JSON.parse(text);
  } catch (error) {
    message = String(error);
  }
  const position = /at position (\d+)/.exec(message)?.[1];
  const before = text.slice(0, position === undefined ? text.length : Number(position));
  const line = before.split('\n').length;
  const column = before.length - before.lastIndexOf('\n');
  return {
    en: `The secret is not JSON, at line ${line}, column ${column}${hint.en}.`,
    zh: `secret 不是合法的 JSON，第 ${line} 行第 ${column} 列${hint.zh}。`,
  };
}
