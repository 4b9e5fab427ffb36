import { isUtf8 } from 'node:buffer';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import type { Text } from './finding.ts';

/** The text of a file, or what keeps it from being read. */
export type Input = { readonly text: string } | { readonly fault: Text };

/**
 * Reads a file, or standard input for `-`, as UTF-8. A byte order mark stays in the text: the service would see it,
 * too.
 */
export async function readInput(file: string): Promise<Input> {
  let bytes: Buffer;
  try {
    bytes = file === '-' ? await buffer(process.stdin) : readFileSync(file);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return { fault: missing(file) };
    if (code === 'EISDIR') return { fault: { en: 'is a folder, not a file.', zh: '是文件夹，而不是文件。' } };
    return { fault: { en: `cannot be read (${code}).`, zh: `无法读取（${code}）。` } };
  }
  if (bytes.length === 0) return { fault: { en: 'is empty: 0 bytes.', zh: '是空的，只有 0 字节。' } };
  if (isUtf8(bytes) && !bytes.includes(0)) return { text: bytes.toString() };
  const fault = {
    en: 'is no text in UTF-8, but UTF-16 (Notepad’s “Unicode”, > in PowerShell), GBK (“ANSI”) or binary: save it as UTF-8 without BOM.',
    zh: '不是 UTF-8 文本，而是 UTF-16（记事本的“Unicode”，PowerShell 的 >）、GBK（“ANSI”）或二进制：请另存为不带 BOM 的 UTF-8。',
  };
  return { fault };
}

function missing(file: string): Text {
  const whole = path.resolve(file);
  // npm runs a script in the folder of package.json, wherever it was called.
  const elsewhere = path.resolve(process.env['INIT_CWD'] ?? '', file);
  const meant = elsewhere !== whole && existsSync(elsewhere);
  return {
    en: `is not there: ${whole}.${meant ? ` Did you mean ${elsewhere}?` : ''}`,
    zh: `找不到 ${whole}。${meant ? `是不是 ${elsewhere}？` : ''}`,
  };
}
