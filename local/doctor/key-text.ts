import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { decodeBase64 } from '../../lib/baidu/base64.ts';

/** A key as someone pasted it, taken apart as far as it goes; none of it is checked. */
export interface KeyText {
  /** Without blanks around it, line breaks written as `\n` made real. */
  readonly text: string;
  /** What stands behind each BEGIN, in their order: `EC PARAMETERS`, `EC PRIVATE KEY`. */
  readonly labels: readonly string[];
  /** How many END lines there are. */
  readonly ends: number;
  /** Whether anything stands before the first BEGIN, behind the last END, or between. */
  readonly surrounded: boolean;
  /** What should be base64: between BEGIN and END, or all of it; without blanks. */
  readonly base64: string;
  readonly der: Buffer | undefined;
}

const BLOCK = /-----BEGIN [A-Z0-9 ]+-----.*?-----END [A-Z0-9 ]+-----/gs;

/** Takes a key apart. */
export function takeApart(pasted: string): KeyText {
  const text = pasted.replace(/\\+[rn]/g, '\n').trim();
  const inner = /-----BEGIN [A-Z0-9 ]+-----(.*?)(?:-----END|$)/s.exec(text)?.[1];
  const base64 = (inner ?? text).replace(/\s+/g, '');
  return {
    text,
    labels: [...text.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----/g)].map(([, label = '']) => label),
    ends: [...text.matchAll(/-----END [A-Z0-9 ]+-----/g)].length,
    surrounded: text.replace(BLOCK, '').trim() !== '',
    base64,
    der: decodeBase64(base64),
  };
}

/** What the first bytes of a DER value say of it. */
export interface DerShape {
  /** Bytes that it takes as a whole, by its own header. */
  readonly length: number;
  /** The tags of its first two members. */
  readonly members: readonly (number | undefined)[];
  /** The first member's content, if that is a number of one byte. */
  readonly version: number | undefined;
}

const INTEGER = 0x02;
const BIT_STRING = 0x03;
const SEQUENCE = 0x30;

/**
 * Reads the outermost sequence's header, and the tags of what is in it.
 *
 * @returns `undefined` for what is no DER sequence
 * @see ITU-T X.690, section 8.1
 */
export function derShape(der: Buffer): DerShape | undefined {
  if (der[0] !== SEQUENCE) return undefined;
  const outer = header(der, 0);
  const first = header(der, outer.start);
  return {
    length: outer.end,
    members: [der[outer.start], der[first.end]],
    version: der[outer.start] === INTEGER && first.end - first.start === 1 ? der[first.start] : undefined,
  };
}

/**
 * Names the encoding of an RSA key by the tags of its first members: PKCS#1 holds numbers only, PKCS#8 a number and
 * an algorithm, SPKI an algorithm and a bit string.
 *
 * @see RFC 8017, appendix A.1; RFC 5208, section 5; RFC 5280, section 4.1
 */
export function derEncoding(der: Buffer): 'PKCS#1' | 'PKCS#8' | 'SPKI' | undefined {
  const { members: [first, second] = [], version = 0 } = derShape(der) ?? {};
  if (first === SEQUENCE && second === BIT_STRING) return 'SPKI';
  if (first !== INTEGER) return undefined;
  if (second === INTEGER) return 'PKCS#1';
  return second === SEQUENCE && version <= 1 ? 'PKCS#8' : undefined;
}

/** A key of any kind, RSA or not, large enough or not; `undefined` for what OpenSSL cannot read. */
export function anyKey(der: Buffer): KeyObject | undefined {
  const readers = [
    () => createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }),
    () => createPrivateKey({ key: der, format: 'der', type: 'pkcs1' }),
    () => createPublicKey({ key: der, format: 'der', type: 'spki' }),
    () => createPublicKey({ key: der, format: 'der', type: 'pkcs1' }),
  ];
  for (const read of readers) {
    try {
      return read();
    } catch {
      // The next encoding is tried; the error may print what was read.
    }
  }
  return undefined;
}

function header(der: Buffer, at: number): { start: number; end: number } {
  const first = der[at + 1] ?? 0;
  if (first < 0x80) return { start: at + 2, end: at + 2 + first };
  const bytes = first - 0x80;
  const start = at + 2 + bytes;
  // Longer than four bytes is no key, and beyond what this reads.
  const length = bytes > 0 && bytes <= 4 && start <= der.length ? der.readUIntBE(at + 2, bytes) : 0;
  return { start, end: start + length };
}
