import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { FUNCTIONS, type FunctionName } from '../../local/deploy/bundles.ts';
import { bundleContents } from '../../local/deploy/contents.ts';

/** The zip of each function as `npm run package` writes it, in KB. */
export function measureZips(): Record<FunctionName, number> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'bench-zips-'));
  try {
    const root = path.resolve(import.meta.dirname, '../..');
    execFileSync('osls', ['package', '--package', folder], { cwd: root, stdio: 'ignore' });
    const sizes = FUNCTIONS.map((name) => [name, statSync(path.join(folder, `${name}.zip`)).size / 1024]);
    return Object.fromEntries(sizes);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What a file would take in a zip, in KB. */
export function zippedKb(file: string): number {
  return deflateRawSync(readFileSync(file)).length / 1024;
}

/** What the bundles are made of, as lines of a table: KB of each part in each bundle. */
export async function contentsTable(): Promise<string[]> {
  const bundles = await bundleContents();
  const kilobytes = new Map<string, number[]>();
  FUNCTIONS.forEach((each, index) => {
    for (const { name, version, bytes } of bundles[each]) {
      const title = titleOf(name, version);
      const row = kilobytes.get(title) ?? FUNCTIONS.map(() => 0);
      row[index] = (row[index] ?? 0) + bytes / 1024;
      kilobytes.set(title, row);
    }
  });
  const sum = (row: number[]) => row.reduce((total, value) => total + value, 0);
  const rows = [...kilobytes].sort(([, a], [, b]) => sum(b) - sum(a)).filter(([, row]) => sum(row) >= 0.1);
  const totals = FUNCTIONS.map((_, index) => sum(rows.map(([, row]) => row[index] ?? 0)));
  const line = (title: string, row: number[]) =>
    `| ${title} | ${row.map((value) => (value < 0.05 ? '' : value.toFixed(1))).join(' | ')} |`;
  return [
    `| KB before zipping | ${FUNCTIONS.join(' | ')} |`,
    `|---|${FUNCTIONS.map(() => '---:|').join('')}`,
    ...rows.map(([title, row]) => line(title, row)),
    line('**together**', totals),
  ];
}

function titleOf(name: string, version: string | undefined): string {
  if (name.startsWith('unreachable:')) return 'stand-ins of esbuild.config.cjs';
  return version ? `${name} ${version}` : `${name}/ (ours)`;
}
