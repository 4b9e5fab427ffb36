import path from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { examine, type Request } from '../../local/doctor/examine.ts';
import type { Language } from '../../local/doctor/finding.ts';
import { exitCodeOf, writeReport } from '../../local/doctor/report.ts';
import { type Again, startAgain } from '../support/again.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const CLI = path.join(ROOT, 'local/doctor.ts');

/** It ends with this process, which may run other files that run the doctor. */
let again: Again | undefined;

/** Runs the doctor as its user does, and returns what it said. */
export async function runDoctor(
  args: readonly string[],
  { stdin = '', env = {} }: { stdin?: string; env?: Record<string, string> } = {},
): Promise<{ code: number; out: string; err: string }> {
  again ??= startAgain();
  const environment = { NO_COLOR: '1', LANG: 'C', ...env };
  const run = { program: CLI, args, environment, folder: ROOT, stdin };
  const { code, stdout: out, stderr: err } = await again.run(run);
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
