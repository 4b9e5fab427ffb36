import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '../..');

/** Folders that are no part of the project, or are made by it. */
const NOT_OURS = new Set([
  'node_modules',
  '.git',
  '.serverless',
  '.esbuild',
  '.build',
  'dist',
  'coverage',
  'artifacts',
  'reports',
]);

/** A heading: its depth, its words, and the anchor that GitHub gives it. */
export interface Heading {
  readonly depth: number;
  readonly text: string;
  readonly anchor: string;
}

/** A fenced block: what stands behind the fence, and its lines. */
export interface CodeBlock {
  readonly language: string;
  readonly text: string;
}

/** A page of Markdown, taken apart as far as the tests look at it. */
export interface Page {
  /** Its path from the root of the project. */
  readonly file: string;
  readonly text: string;
  /** The text without its fenced blocks. */
  readonly prose: string;
  readonly headings: readonly Heading[];
  readonly blocks: readonly CodeBlock[];
  /** Targets of links and images. */
  readonly targets: readonly string[];
  /** The cells of each row of each table, headers and rulers left out. */
  readonly rows: readonly (readonly string[])[];
}

/** Every page of the project, by its path. */
export function readPages(): ReadonlyMap<string, Page> {
  return new Map(filesUnder('.').map((file) => [file, readPage(file)]));
}

/** One page; a test fails where there is none. */
export function readPage(file: string): Page {
  const text = read(file);
  const fence = /^([ ]*)```(.*)\n([\s\S]*?)\n\1```$/gm;
  const prose = text.replace(fence, '');
  return {
    ...{ file, text, prose, headings: headingsOf(prose), targets: targetsOf(prose), rows: rowsOf(prose) },
    blocks: [...text.matchAll(fence)].map(([, indent = '', language = '', body = '']) => ({
      language,
      text: body.replaceAll(`\n${indent}`, '\n').replace(indent, ''),
    })),
  };
}

/** The text of a file of the project. */
export function read(file: string): string {
  return readFileSync(path.join(root, file), 'utf8');
}

/** The part of a page from a heading to the next of the same depth or less. */
export function section({ file, text }: Page, heading: string): string {
  const lines = text.split('\n');
  const from = lines.findIndex((line) => /^#+ /.test(line) && line.replace(/^#+ /, '') === heading);
  if (from < 0) throw new Error(`${file} has no heading “${heading}”`);
  const depth = lines[from]?.indexOf(' ') ?? 0;
  const to = lines.findIndex(
    (line, index) => index > from && /^#+ /.test(line) && line.indexOf(' ') <= depth,
  );
  return lines.slice(from, to < 0 ? undefined : to).join('\n');
}

function filesUnder(folder: string): string[] {
  return readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    if (NOT_OURS.has(entry.name)) return [];
    const file = path.posix.join(folder, entry.name);
    if (entry.isDirectory()) return filesUnder(file);
    return entry.name.endsWith('.md') ? [file] : [];
  });
}

function headingsOf(prose: string): Heading[] {
  const seen = new Map<string, number>();
  return [...prose.matchAll(/^(#+) (.+)$/gm)].map(([, hashes = '', text = '']) => {
    const base = anchorOf(text);
    const count = seen.get(base) ?? 0;
    seen.set(base, count + 1);
    return { depth: hashes.length, text, anchor: count === 0 ? base : `${base}-${count}` };
  });
}

/** GitHub's rule: lower case, everything but letters, digits, `-` and `_` dropped, blanks to `-`. */
function anchorOf(heading: string): string {
  const words = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
  return words.replace(/[^\p{L}\p{M}\p{N}\p{Pc} -]/gu, '').replaceAll(' ', '-');
}

function targetsOf(prose: string): string[] {
  const plain = prose.replace(/`[^`\n]*`/g, 'code');
  const inline = [...plain.matchAll(/\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g)];
  const html = [...plain.matchAll(/\b(?:src|href)="([^"]+)"/g)];
  const references = [...plain.matchAll(/^\[[^\]]+\]:\s*<?(\S+?)>?(?:\s|$)/gm)];
  return [...inline, ...html, ...references].map(([, target = '']) => target);
}

function rowsOf(prose: string): string[][] {
  const lines = prose.split('\n');
  return lines.flatMap((line, index) => {
    const isRuler = (text: string | undefined) => /^\|[ :|-]+\|$/.test(text ?? '');
    if (!line.startsWith('|') || isRuler(line) || isRuler(lines[index + 1])) return [];
    return [
      line
        .split(/(?<!\\)\|/)
        .slice(1, -1)
        .map((cell) => cell.trim()),
    ];
  });
}
