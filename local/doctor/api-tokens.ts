import { bad, type Finding, good, MISSING, type Text, warning } from './finding.ts';
import { sampleFault } from './samples.ts';

const IN_BRACKETS: Text = {
  en: 'One token is a list, too: ["…"]. The key/value editor of AWS’s console cannot write one: use its plaintext tab.',
  zh: '只有一个令牌也要写成列表：["…"]。AWS 控制台的键/值编辑器写不了列表，请用明文（plaintext）页签。',
};

/** A token of random characters, hexadecimal ones too, has more different ones than this. */
const FEW = 8;

/**
 * Examines each API token. No token is repeated.
 *
 * @param fault what the service says is wrong with a list of tokens
 */
export function examineTokens(value: unknown, fault: (tokens: unknown) => Text | undefined): Finding[] {
  const found = fault(value);
  if (!Array.isArray(value) || value.length === 0) {
    return [bad('apiTokens', found ?? MISSING, ...(typeof value === 'string' ? [IN_BRACKETS] : []))];
  }
  return value.map((token: unknown, index) => {
    const subject = `apiTokens[${index}]`;
    if (typeof token !== 'string') return bad(subject, { en: 'is not a string.', zh: '不是字符串。' });
    const wrong = sampleFault('apiTokens', token) ?? shortFault(token, fault) ?? headerFault(token);
    if (wrong) return bad(subject, wrong);
    if (new Set(token).size < FEW) {
      return warning(subject, {
        en: `has only ${new Set(token).size} different characters: it can be guessed. Make one with: openssl rand -hex 32`,
        zh: `只有 ${new Set(token).size} 种不同的字符，容易被猜到。生成方法：openssl rand -hex 32`,
      });
    }
    return good(subject, { en: `${token.length} characters`, zh: `${token.length} 个字符` });
  });
}

function shortFault(token: string, fault: (tokens: unknown) => Text | undefined): Text | undefined {
  if (!fault([token])) return undefined;
  return {
    en: `has ${token.length} characters; it needs at least 32. Make one with: openssl rand -hex 32`,
    zh: `只有 ${token.length} 个字符，至少要 32 个。生成方法：openssl rand -hex 32`,
  };
}

function headerFault(token: string): Text | undefined {
  if (!/\s|[^!-~]/.test(token)) return undefined;
  return {
    en: 'holds a blank or a character that is not ASCII: no HTTP header can carry it.',
    zh: '含有空白或非 ASCII 字符：HTTP 头无法携带。',
  };
}
