import { isRecord, parseJson } from '../../lib/baidu/json.ts';
import { bad, type Finding, type Text, warning } from './finding.ts';
import { scanJson } from './json-fault.ts';
import { describeJsonFault } from './json-words.ts';
import { whatElse } from './not-the-secret.ts';

/** The members of a secret, or what keeps it from being read at all. */
export type SecretText =
  | { readonly fields: Record<string, unknown>; readonly findings: readonly Finding[] }
  | { readonly finding: Finding };

/** What the doctor looks for in the place of whatever it was given. */
const EXPECTED: Text = {
  en: 'The secret is a JSON object with appId, appKey, privateKey, platformPublicKey, apiTokens and, optionally, dealId.',
  zh: 'secret 应为 JSON 对象，含 appId、appKey、privateKey、platformPublicKey、apiTokens，dealId 可选。',
};

/**
 * Reads the secret's text as the service does, and says what keeps it from being the secret. Nothing of the text is
 * repeated but names of members.
 */
export function readSecretText(text: string): SecretText {
  const parsed = parseJson(text);
  if (parsed === undefined) return { finding: notJson(text) };
  if (!isRecord(parsed)) return { finding: notAnObject(parsed) };
  const other = whatElse(parsed);
  if (other) return { finding: bad('secret', other, EXPECTED) };
  return { fields: parsed, findings: twice(scanJson(text).names) };
}

function twice(names: readonly string[]): Finding[] {
  const repeated = new Set(names.filter((name, index) => names.indexOf(name) < index));
  return [...repeated].map((name) =>
    warning(shortName(name), {
      en: 'stands there more than once: only the last one counts.',
      zh: '出现了不止一次：只有最后一个有效。',
    }),
  );
}

/** A member's name as far as it is worth a line. */
export function shortName(name: string): string {
  return name.length > 40 ? `${name.slice(0, 40)}…` : name;
}

function notAnObject(parsed: unknown): Finding {
  if (typeof parsed === 'string') {
    return bad('JSON', {
      en: 'The secret is a JSON text in a JSON text: it was encoded twice. Store the inner one.',
      zh: 'secret 是被再次编码的 JSON 字符串：请保存里面的那一层。',
    });
  }
  return bad(
    'JSON',
    { en: 'The secret is JSON, but not an object {…}.', zh: 'secret 是 JSON，但不是对象 {…}。' },
    EXPECTED,
  );
}

function notJson(text: string): Finding {
  const trimmed = text.trim();
  if (trimmed === '') return bad('JSON', { en: 'The secret is empty.', zh: 'secret 是空的。' });
  if (text.startsWith('\ufeff')) {
    return bad('JSON', {
      en: 'The secret begins with a byte order mark (BOM): save it as UTF-8 without BOM.',
      zh: 'secret 以 BOM 开头：请另存为不带 BOM 的 UTF-8。',
    });
  }
  if (!/^[{[]/.test(trimmed)) {
    const other = FORMS.find(([pattern]) => pattern.test(trimmed))?.[1];
    return bad('JSON', other ?? { en: 'The secret is not JSON.', zh: 'secret 不是 JSON。' }, EXPECTED);
  }
  const { fault } = scanJson(text);
  // Both read the same grammar, which a test compares; the place is all that could be lacking.
  const where = fault ? describeJsonFault(text, fault) : { en: 'somewhere', zh: '位置不明' };
  return bad('JSON', {
    en: `The secret is not JSON, ${where.en}.`,
    zh: `secret 不是合法的 JSON，${where.zh}。`,
  });
}

/** What a text that begins like no JSON at all may be. */
const FORMS: readonly (readonly [RegExp, Text])[] = [
  [
    /^-----BEGIN|^MI[A-Za-z0-9+/]{20}|^PuTTY-User-Key-File/,
    { en: 'The secret is not JSON, but a key by itself.', zh: 'secret 不是 JSON，而是单独一个密钥。' },
  ],
  [
    /(?:^|[?&])(?:rsaSign|tpOrderId)=/,
    {
      en: 'This is a payment notification, not the secret. Name it behind --notification, and the secret before.',
      zh: '这是支付通知，而不是 secret。请把它写在 --notification 之后，secret 另行给出。',
    },
  ],
  [
    /^(?:export\s+)?[A-Za-z_]\w*\s*=/,
    {
      en: 'The secret is not JSON; it looks like lines of name=value (.env).',
      zh: 'secret 不是 JSON，像是 name=value 的形式（.env）。',
    },
  ],
  [
    /^(?:---\s*\n)?["']?[A-Za-z_]\w*["']?\s*:/,
    {
      en: 'The secret is not JSON: the braces { } around it are missing, or it is YAML.',
      zh: 'secret 不是 JSON：缺少外层的 { }，或者是 YAML。',
    },
  ],
  [
    /^(?:\/\/|\/\*|#)/,
    {
      en: 'The secret is not JSON: it begins with a comment.',
      zh: 'secret 不是 JSON：以注释开头，而 JSON 没有注释。',
    },
  ],
  [
    /^['‘“`]/,
    {
      en: 'The secret is not JSON: it stands in quotes. Store it without them.',
      zh: 'secret 不是 JSON：外面多了一层引号，请去掉。',
    },
  ],
  [
    /^</,
    {
      en: 'The secret is not JSON; it looks like a web page or XML.',
      zh: 'secret 不是 JSON，像是网页或 XML。',
    },
  ],
];
