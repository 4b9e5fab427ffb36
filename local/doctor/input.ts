import { readFileSync, statSync } from 'node:fs';
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
    return { fault: readFault(error, file) };
  }
  const fault = encodingFault(bytes);
  return fault ? { fault } : { text: bytes.toString('utf8') };
}

/** Says in words why a file cannot be read. */
export function readFault(error: unknown, file: string): Text {
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
  if (code === 'ENOENT' || code === 'ENOTDIR') return missing(file);
  if (code === 'EISDIR') {
    return { en: 'is a folder: name the file in it.', zh: '是文件夹：请写出其中文件的名称。' };
  }
  if (code === 'EACCES' || code === 'EPERM') {
    return {
      en: 'may not be read by you: it belongs to another user, or its mode forbids it (ls -l shows both).',
      zh: '没有读取权限：属于其他用户，或者权限位不允许（可用 ls -l 查看）。',
    };
  }
  return { en: `cannot be read (${code}).`, zh: `无法读取（${code}）。` };
}

function missing(file: string): Text {
  const whole = path.resolve(file);
  if (path.isAbsolute(file)) return { en: `There is no file ${whole}.`, zh: `没有文件 ${whole}。` };
  const folder = process.cwd();
  // npm runs a script in the folder of package.json, wherever it was called.
  const caller = process.env['INIT_CWD'];
  const elsewhere = caller && isFile(path.resolve(caller, file)) ? path.resolve(caller, file) : undefined;
  return {
    en: `There is no file ${file} in ${folder}, where it was looked for.${elsewhere ? ` Did you mean ${elsewhere}?` : ''}`,
    zh: `在 ${folder} 中没有文件 ${file}。${elsewhere ? `是不是 ${elsewhere}？` : ''}`,
  };
}

function isFile(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false })?.isFile() ?? false;
}

function encodingFault(bytes: Buffer): Text | undefined {
  if (bytes.length === 0) return { en: 'is empty: 0 bytes.', zh: '是空的：0 字节。' };
  if (isUtf16(bytes)) {
    return {
      en: 'is UTF-16, as Windows writes it (Notepad’s “Unicode”, > in PowerShell): save it as UTF-8 without BOM.',
      zh: '是 UTF-16 编码（Windows 记事本的“Unicode”，或 PowerShell 的 >）：请另存为不带 BOM 的 UTF-8。',
    };
  }
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    if (!bytes.includes(0)) return undefined;
  } catch {
    // Said below.
  }
  if (bytes[0] === 0x30 || bytes.includes(0)) {
    return {
      en: 'is not text, but binary: a key in DER or a .p12 file, perhaps. A text file in UTF-8 belongs there.',
      zh: '不是文本，而是二进制文件（可能是 DER 密钥或 .p12）。这里应为 UTF-8 文本文件。',
    };
  }
  return {
    en: 'is not UTF-8; GBK (“ANSI”), perhaps: save it as UTF-8 without BOM.',
    zh: '不是 UTF-8 编码，可能是 GBK（“ANSI”）：请另存为不带 BOM 的 UTF-8。',
  };
}

/** By its byte order mark, or by every other byte of the beginning being 0, as for ASCII it is. */
function isUtf16(bytes: Buffer): boolean {
  if (bytes.length < 4) return false;
  const mark = bytes.readUInt16BE(0);
  if (mark === 0xfffe || mark === 0xfeff) return true;
  const [a, b, c, d] = bytes;
  return (a !== 0 && b === 0 && c !== 0 && d === 0) || (a === 0 && b !== 0 && c === 0 && d !== 0);
}
