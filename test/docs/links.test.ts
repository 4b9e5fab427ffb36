import { existsSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Page, read, readPages } from './markdown.ts';

const pages = readPages();
const root = path.resolve(import.meta.dirname, '../..');

describe.each([...pages.values()])('$file', (page) => {
  test('links to what is there', () => {
    expect(page.targets.map((target) => faultOf(page, target)).filter(Boolean)).toEqual([]);
  });

  test('quotes tests by names that they have', () => {
    const quotes = [...page.prose.matchAll(/\(([^()\s]*test\/[\w./-]+\.(?:test\.)?ts)\)[\s:：]*“([^”]+)”/g)];
    if (page.file === 'SECURITY.md') expect(quotes.length).toBeGreaterThan(20);
    for (const [, target = '', name = ''] of quotes) {
      const source = textOf(path.posix.join(path.posix.dirname(page.file), target));
      expect(source, `“${name}” in ${target}`).toContain(name);
    }
  });
});

/** What is wrong with a link, or nothing. Links to other hosts are not followed. */
function faultOf({ file, headings }: Page, target: string): string | undefined {
  if (/^(https?|mailto):/.test(target)) return undefined;
  const [name = '', anchor] = decodeURIComponent(target).split('#');
  const linked = name === '' ? file : path.posix.join(path.posix.dirname(file), name);
  if (!existsSync(path.join(root, linked))) return `${target}: no such file`;
  if (anchor === undefined) return undefined;
  const anchors = name === '' ? headings : pages.get(linked)?.headings;
  if (!anchors) return `${target}: an anchor in what is no page`;
  return anchors.some((heading) => heading.anchor === anchor) ? undefined : `${target}: no such heading`;
}

function textOf(file: string): string {
  return existsSync(path.join(root, file)) ? read(file) : '';
}
