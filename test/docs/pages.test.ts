import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';
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

const files = [...readPages().keys()];
const twinOf = (file: string) => file.replace(/(?:\.zh-CN)?\.md$/, '.zh-CN.md');

/** What a merchant's developer or operator reads is there in Chinese, too. */
const TRANSLATED =
  /^(?:README|SECURITY|docs\/(?:api|sandbox|operations\/.*)|examples\/.*|events\/.*|lib\/.*)\.md$/;

test('a merchant finds each page in Chinese, and beside each Chinese page the English one', () => {
  const merchants = files.filter((file) => TRANSLATED.test(file));
  for (const folder of ['', 'docs/operations/', 'examples/', 'lib/']) {
    expect(merchants.some((file) => file.startsWith(folder))).toBe(true);
  }
  for (const file of merchants) expect(files).toContain(twinOf(file));
  for (const file of files) expect(files).toContain(file.replace('.zh-CN.md', '.md'));
});

test('Chinese pages and commands address the reader in one voice', () => {
  const sources = readdirSync(path.resolve(import.meta.dirname, '../../local'), {
    recursive: true,
    encoding: 'utf8',
  });
  const commands = sources.filter((file) => file.endsWith('.ts')).map((file) => `local/${file}`);
  for (const file of [...files, ...commands]) expect(read(file).includes('你'), file).toBe(false);
});

describe.each(
  files.filter((file) => file.endsWith('.zh-CN.md')).map((file) => [file.replace('.zh-CN.md', '.md'), file]),
)('%s and %s', (english = '', chinese = '') => {
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
    both(({ file, targets }) => targets.map((target) => languageless(file, target)).sort());
  });

  test('lead on in their language where there is a page in it', () => {
    const [ours, theirs] = pages.map(({ file, targets }) =>
      targets.map((target) => pageOf(file, target)).filter((linked) => files.includes(twinOf(linked))),
    );
    expect(ours?.filter((linked) => linked.endsWith('.zh-CN.md'))).toEqual([chinese]);
    expect(theirs?.filter((linked) => !linked.endsWith('.zh-CN.md'))).toEqual([english]);
  });

  test('lead to no folder in Chinese whose page GitHub shows in English', () => {
    const [, theirs] = pages.map(({ file, targets }) => targets.map((target) => pageOf(file, target)));
    const folders = theirs?.filter((linked) => files.includes(path.posix.join(linked, 'README.zh-CN.md')));
    expect(folders).toEqual([]);
  });

  test('say in Chinese of a page in English alone that it is', () => {
    const text = read(chinese);
    for (const [link, target = ''] of text.matchAll(/\[[^\]]*\]\(([^)\s]+\.md)(?:#[^)\s]*)?\)/g)) {
      const linked = pageOf(chinese, target);
      if (linked === english || isOfAnotherHost(target) || files.includes(twinOf(linked))) continue;
      const said = text.includes(`${link}（英文`) || text.includes('架构、性能、贡献说明和变更日志为英文');
      expect(said, link).toBe(true);
    }
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

/** The page or file that a link on a page leads to, as a path from the root; of another host's the link. */
function pageOf(file: string, target: string): string {
  if (isOfAnotherHost(target)) return target;
  const [name = ''] = target.split('#');
  return name === '' ? file : path.posix.join(path.posix.dirname(file), name);
}

function isOfAnotherHost(target: string): boolean {
  return /^(https?|mailto):/.test(target);
}

/** Where a link leads, without its language: the page's ending, and the anchor's words where the page is translated. */
function languageless(file: string, target: string): string {
  const linked = pageOf(file, target);
  if (isOfAnotherHost(target)) return target;
  const [, anchor] = target.split('#');
  const translated = linked.endsWith('.md') && files.includes(twinOf(linked));
  const page = linked.replace(/\.zh-CN(?=\.(md|png)$)/, '');
  return anchor === undefined ? page : `${page}#${translated ? '' : anchor}`;
}
