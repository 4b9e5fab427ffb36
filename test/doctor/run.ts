import { spawn } from 'node:child_process';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { stripVTControlCharacters } from 'node:util';
import { examine, type Request } from '../../local/doctor/examine.ts';
import type { Language } from '../../local/doctor/finding.ts';
import { exitCodeOf, writeReport } from '../../local/doctor/report.ts';
import { COMPILED } from '../support/compiled.ts';

const CLI = path.resolve(import.meta.dirname, '../../local/doctor.ts');

/** Runs the doctor as its user does, and returns what it said. */
export async function runDoctor(
  args: readonly string[],
  { stdin = '', env = {} }: { stdin?: string; env?: Record<string, string> } = {},
): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(process.execPath, [CLI, ...args], {
    env: { PATH: process.env['PATH'], NO_COLOR: '1', LANG: 'C', ...COMPILED, ...env },
  });
  child.stdin.end(stdin);
  const closed = new Promise<number | null>((resolve) => child.on('close', resolve));
  const [out, err, code] = await Promise.all([text(child.stdout), text(child.stderr), closed]);
  return { code, out, err };
}

/** What the doctor says of a secret's file, and ends with, in this process: for what depends on files alone. */
export async function examined(
  file: string,
  { language = 'en', ...more }: Partial<Request> & { language?: Language } = {},
): Promise<{ code: number; out: string }> {
  const request = { file, secretId: undefined, notification: undefined, withoutPlatformKey: false, ...more };
  const sections = await examine(request);
  return { code: exitCodeOf(sections), out: stripVTControlCharacters(writeReport(sections, language)) };
}
