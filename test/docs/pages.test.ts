import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { type CodeBlock, type Page, read, readPage, readPages } from './markdown.ts';

const {
  scripts,
  dependencies,
  devDependencies,
}: Record<string, Record<string, string>> = JSON.parse(read('package.json'));

describe.each([...readPages().values()])('$file', ({ text, blocks }) => {
  test('calls a block of shell commands sh, as commands.test.ts does', () => {
    const languages = blocks.map(({ language }) => language);
    expect(languages.filter((name) => !['sh', 'json', 'js', 'yaml', 'mermaid'].includes(name))).toEqual([]);
  });

  test('has no shell command that a shell cannot read', () => {
    for (const block of blocks.filter(({ language }) => language === 'sh')) {
      const { stderr } = spawnSync('bash', ['-n'], { input: block.text, encoding: 'utf8' });
      expect(stderr, block.text).toBe('');
    }
  });

  test('names commands that there are', () => {
    const named = [...text.matchAll(/\bnpm (?:run(?: --silent)? |)([\w:.-]+)/g)].flatMap(
      ([whole, name = '']) => {
        const own = whole.startsWith('npm run') || name === 'test' || name === 'start';
        return own ? [name] : [];
      },
    );
    for (const name of named) expect(Object.keys(scripts ?? {}), `npm run ${name}`).toContain(name);
  });
});

describe.each([
  ['README.md', 'README.zh-CN.md'],
  ['docs/operations.md', 'docs/operations.zh-CN.md'],
  ['lib/baidu/README.md', 'lib/baidu/README.zh-CN.md'],
])('%s and %s', (english, chinese) => {
  const pages = [readPage(english), readPage(chinese)] as const;
  const both = <T>(what: (page: Page) => T) => {
    const [ours, theirs] = pages.map(what);
    expect(theirs).toEqual(ours);
  };

  test('have the same headings, as to depth and order', () => {
    both(({ headings }) => headings.map(({ depth }) => depth));
  });

  test('have the same code', () => {
    both(({ blocks }) => blocks.map(codeOf));
  });

  test('have the same tables, as to rows and columns', () => {
    both(({ rows }) => rows.map((cells) => cells.length));
  });

  test('name the same things in the first column', () => {
    both(({ rows }) => rows.flatMap(([first = '']) => first.match(/`[^`]+`/g) ?? []));
  });

  test('link to the same, each in its language', () => {
    both(({ targets }) => targets.map(languageless).sort());
  });

  test('show the same commands and names', () => {
    both(({ prose }) => [...new Set(prose.match(/`[^`\n]+`/g))].sort());
  });

  test('link to each other', () => {
    const name = (file: string) => file.split('/').at(-1);
    expect(pages[0].targets).toContain(name(chinese));
    expect(pages[1].targets).toContain(name(english));
  });
});

test('docs/architecture.md says of each package why it is there', () => {
  const { rows } = readPage('docs/architecture.md');
  const named = rows.flatMap(([first = '']) => first.match(/(?<=`)[^`]+(?=`)/g) ?? []);
  for (const name of Object.keys({ ...dependencies, ...devDependencies })) expect(named).toContain(name);
});

/** A block without its comments, which are translated; of a diagram its shape, for the same reason. */
function codeOf({ language, text }: CodeBlock): CodeBlock {
  if (language === 'mermaid') return { language, text: text.replace(/"[^"]*"/g, '""') };
  if (language === 'js') return { language, text: text.replace(/^ *(\/\/|\/\*\*) .*$/gm, '') };
  return { language, text: text.replace(/\s+# .*$/gm, '') };
}

/** A link without its language: the anchor's words, and the page's ending. */
function languageless(target: string): string {
  if (target.startsWith('http')) return target;
  const [file = '', anchor] = target.replace(/\.zh-CN(?=\.(md|png))/, '').split('#');
  const translated = /^(|.*operations\.md|.*README\.md)$/.test(file);
  return anchor === undefined ? file : `${file}#${translated ? '' : anchor}`;
}
