import { execFileSync } from 'node:child_process';
import { copyFileSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');

/**
 * Builds `lib/baidu/` as the package that other servers install: modules, types and source maps, with a manifest of
 * its own. The repository's manifest names what the service needs, AWS's clients among it; the library needs nothing.
 *
 * @param folder is emptied first
 */
export function buildLibrary(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const typescript = path.dirname(createRequire(import.meta.url).resolve('typescript/package.json'));
  const tsc = path.join(typescript, 'bin/tsc');
  // Comments are for the types and, in the source maps, for whoever steps through; a third time they only weigh.
  for (const half of [['--declaration', 'false', '--removeComments'], ['--emitDeclarationOnly']]) {
    const compile = [tsc, '-p', 'tsconfig.lib.json', '--outDir', folder, ...half];
    execFileSync(process.execPath, compile, { cwd: root, stdio: 'inherit' });
  }
  const reached = nameTypes(folder, 'index.d.ts');
  for (const file of globSync('**/*.d.ts', { cwd: folder })) {
    if (!reached.has(file)) rmSync(path.join(folder, file));
  }
  writeFileSync(path.join(folder, 'package.json'), `${JSON.stringify(manifest(), null, 2)}\n`);
  for (const page of ['LICENSE', 'CHANGELOG.md', 'lib/baidu/README.md', 'lib/baidu/README.zh-CN.md']) {
    copyFileSync(path.join(root, page), path.join(folder, path.basename(page)));
  }
}

/**
 * Mends the imports of types, from a module on: the compiler rewrites the ending of an import in code alone, and a type
 * is found by the old one, but not by every tool.
 *
 * @returns the files that it leads to: nobody can reach the types of any other
 */
function nameTypes(folder: string, file: string, reached = new Set<string>()): Set<string> {
  if (reached.has(file)) return reached;
  reached.add(file);
  const types = path.join(folder, file);
  const text = readFileSync(types, 'utf8').replace(/(from '\.[\w./-]+)\.ts';/g, "$1.js';");
  writeFileSync(types, text);
  for (const [, name = ''] of text.matchAll(/from '(\.[\w./-]+)\.js';/g)) {
    nameTypes(folder, `${path.join(path.dirname(file), name)}.d.ts`, reached);
  }
  return reached;
}

/** What npm reads of the package: name, version and licence are the repository's, for it is one. */
function manifest(): Record<string, unknown> {
  const { name, version, license } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  return {
    name,
    version,
    description:
      "Baidu's cashier (百度收银台) for any server: ask whether an order was paid; verify and answer payment and refund notifications.",
    keywords: [
      'baidu',
      'smart-program',
      'payment',
      'refund',
      'webhook',
      '百度',
      '小程序',
      '收银台',
      '支付回调',
    ],
    license,
    type: 'module',
    engines: { node: '>=22' },
    sideEffects: false,
    exports: { '.': { types: './index.d.ts', default: './index.js' }, './package.json': './package.json' },
    files: ['**/*.js', '**/*.js.map', '**/*.d.ts', 'CHANGELOG.md', 'README.zh-CN.md'],
  };
}

if (process.argv[1] === import.meta.filename) buildLibrary(path.join(root, 'dist'));
