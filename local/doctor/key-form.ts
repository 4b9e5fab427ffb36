import type { Text } from './finding.ts';
import { derEncoding, takeApart } from './key-text.ts';

/**
 * Names the form in which a key is written: its encoding, PEM or bare base64, and how its lines end. Says nothing of
 * whether the key is any good.
 *
 * @param pasted the key as the secret holds it
 */
export function keyForm(pasted: string): Text {
  const { der, labels } = takeApart(pasted);
  const encoding = der && derEncoding(der);
  const pem = labels.length > 0;
  const lines = lineEnds(pasted);
  return {
    en: `${encoding ? `${encoding}, ` : ''}${pem ? 'PEM' : 'bare base64'}, ${lines.en}`,
    zh: `${encoding ? `${encoding}，` : ''}${pem ? 'PEM' : '纯 base64'}，${lines.zh}`,
  };
}

function lineEnds(text: string): Text {
  const trimmed = text.trim();
  if (/\\+[rn]/.test(trimmed)) return { en: 'line breaks written as \\n', zh: '换行写作 \\n 两个字符' };
  if (trimmed.includes('\r\n')) return { en: 'lines end in CRLF', zh: '换行为 CRLF' };
  if (trimmed.includes('\n')) return { en: 'with line breaks', zh: '有换行' };
  return { en: 'on one line', zh: '在一行之内' };
}
