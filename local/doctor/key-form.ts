import { decodeBase64 } from '../../lib/base64.ts';
import type { Text } from './finding.ts';

const INTEGER = 0x02;
const SEQUENCE = 0x30;

/**
 * Names the form in which a key is written: its encoding, PEM or bare base64, and how its lines end. Says nothing of
 * whether the key is any good.
 *
 * @param text the key as the secret holds it
 */
export function keyForm(text: string): Text {
  const pem = /-----BEGIN [A-Z0-9 ]+-----(.*?)-----END/s.exec(text);
  const base64 = (pem?.[1] ?? text).replace(/\\+[rn]|\s/g, '');
  const encoding = derEncoding(decodeBase64(base64) ?? Buffer.alloc(0));
  const lines = lineEnds(text);
  return {
    en: `${encoding ? `${encoding}, ` : ''}${pem ? 'PEM' : 'bare base64'}, ${lines.en}`,
    zh: `${encoding ? `${encoding}，` : ''}${pem ? 'PEM' : '纯 base64'}，${lines.zh}`,
  };
}

/**
 * Tells the encodings of RSA keys apart by the tags of their first members: PKCS#1 holds numbers only, PKCS#8 a
 * number and an algorithm, SPKI an algorithm first.
 *
 * @see RFC 8017, appendix A.1; RFC 5208, section 5; RFC 5280, section 4.1
 */
function derEncoding(der: Buffer): string | undefined {
  if (der[0] !== SEQUENCE) return undefined;
  const first = der.subarray(2 + extraLengthBytes(der[1]));
  if (first[0] === SEQUENCE) return 'SPKI';
  if (first[0] !== INTEGER) return undefined;
  const version = first[1] === 1 && first[2] === 0;
  if (!version) return 'PKCS#1';
  return first[3] === SEQUENCE ? 'PKCS#8' : 'PKCS#1';
}

function extraLengthBytes(length = 0): number {
  return length < 0x80 ? 0 : length - 0x80;
}

function lineEnds(text: string): Text {
  const trimmed = text.trim();
  if (/\\+[rn]/.test(trimmed)) return { en: 'line breaks written as \\n', zh: '换行写作 \\n 两个字符' };
  if (trimmed.includes('\r\n')) return { en: 'lines end in CRLF', zh: '换行为 CRLF' };
  if (trimmed.includes('\n')) return { en: 'with line breaks', zh: '有换行' };
  return { en: 'on one line', zh: '在一行之内' };
}
