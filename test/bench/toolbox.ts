import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/** What the benchmarks use beside the checkout: installed once into the user's cache folder, never by `npm ci`. */
export interface Toolbox {
  /** The main module of AWS's own runtime client. */
  readonly runtimeClient: string;
  /** Where the packages of the usual stack are found. */
  readonly packages: string;
  versionOf(name: string): string;
}

const NEEDED = ['autoconf', 'automake', 'libtoolize', 'cmake', 'make', 'g++'];
const DEBIAN_PACKAGES = ['autoconf', 'automake', 'libtool', 'cmake', 'make', 'g++'];

const wanted = path.join(import.meta.dirname, 'contenders');

/** Installs what is not there yet. The runtime client's native part is compiled, which takes about a minute. */
export function openToolbox(say: (line: string) => void): Toolbox {
  const folder = cacheFolder();
  const done = path.join(folder, 'installed');
  if (!existsSync(done)) {
    requireCompiler(say);
    say(`Installing aws-lambda-ric and the usual stack into ${folder} …`);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    for (const file of ['package.json', 'package-lock.json']) {
      cpSync(path.join(wanted, file), path.join(folder, file));
    }
    execFileSync('npm', ['ci', '--no-fund', '--no-audit'], {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    writeFileSync(done, '');
  }
  const packages = path.join(folder, 'node_modules');
  return {
    runtimeClient: path.join(packages, 'aws-lambda-ric', 'index.mjs'),
    packages,
    versionOf: (name) => JSON.parse(readFileSync(path.join(packages, name, 'package.json'), 'utf8')).version,
  };
}

/** One folder for each list of packages, so that a change of the list is an installation of its own. */
function cacheFolder(): string {
  const cache = process.env['XDG_CACHE_HOME'] || path.join(os.homedir(), '.cache');
  const list = readFileSync(path.join(wanted, 'package-lock.json'));
  const name = createHash('sha256').update(list).digest('hex').slice(0, 12);
  return path.join(cache, 'baidu-payment-status-bench', name);
}

function requireCompiler(say: (line: string) => void): void {
  if (process.platform !== 'linux') {
    throw new Error('The benchmarks run on Linux: AWS’s runtime client builds nowhere else.');
  }
  const missing = () => NEEDED.filter((tool) => !isThere(tool));
  if (missing().length === 0) return;
  if (process.getuid?.() === 0 && isThere('apt-get')) {
    say(`Installing ${missing().join(', ')} …`);
    const quiet = { stdio: 'ignore', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } } as const;
    execFileSync('apt-get', ['update', '-qq'], quiet);
    execFileSync('apt-get', ['install', '-y', '-qq', ...DEBIAN_PACKAGES], quiet);
  }
  if (missing().length > 0) {
    throw new Error(
      `AWS’s runtime client is compiled here and needs ${missing().join(', ')}. On Debian: apt-get install ${DEBIAN_PACKAGES.join(' ')}`,
    );
  }
}

function isThere(tool: string): boolean {
  const folders = (process.env['PATH'] ?? '').split(path.delimiter);
  return folders.some((folder) => existsSync(path.join(folder, tool)));
}
