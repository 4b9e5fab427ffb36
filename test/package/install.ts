import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { buildLibrary } from '../../local/library.ts';

const run = promisify(execFile);
const root = path.resolve(import.meta.dirname, '../..');

/** What runs and checks what is installed: `.ci/run` names each Node that the package is for, and an older compiler. */
const NODE = process.env['LIBRARY_NODE'] ?? process.execPath;
const TSC = path.join(
  process.env['LIBRARY_TYPESCRIPT'] ?? path.join(root, 'node_modules/typescript'),
  'bin/tsc',
);

/** The package as somebody has it who installed it into an empty folder. */
export interface Installation {
  /** What was built. */
  readonly built: string;
  /** What npm made of it. */
  readonly tarball: string;
  /** Where it was installed. */
  readonly folder: string;
  /** Writes a module there and runs it; resolves with what it prints. */
  run(name: string, source: string, env?: Record<string, string>): Promise<string>;
  /** Starts a module there that runs on; resolves with the first line that it prints. */
  start(
    name: string,
    source: string,
    env: Record<string, string>,
  ): Promise<{ line: string; child: ChildProcess }>;
  /** Type-checks modules there, by their names; resolves with what the compiler finds. */
  check(sources: Readonly<Record<string, string>>, module: 'nodenext' | 'bundler'): Promise<string>;
  remove(): Promise<void>;
}

/** Builds the library, packs it, and installs it without a network. */
export async function installLibrary(): Promise<Installation> {
  const place = await mkdtemp(path.join(os.tmpdir(), 'library-'));
  const built = path.join(place, 'dist');
  const folder = path.join(place, 'shop');
  buildLibrary(built);
  await mkdir(folder);
  // Another npm runs these tests; what it has set is not for this one.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)));
  await run('npm', ['pack', built, '--pack-destination', place], { cwd: place, env });
  const tarball = path.join(place, (await readdir(place)).find((name) => name.endsWith('.tgz')) ?? '');
  await writeFile(
    path.join(folder, 'package.json'),
    '{ "name": "shop", "type": "module", "private": true }\n',
  );
  await run('npm', ['install', '--offline', '--no-audit', '--no-fund', tarball], { cwd: folder, env });
  return { built, tarball, folder, ...programsIn(folder), remove: () => rm(place, { recursive: true }) };
}

function programsIn(folder: string): Pick<Installation, 'run' | 'start' | 'check'> {
  const write = async (name: string, source: string) => {
    const file = path.join(folder, name);
    await writeFile(file, source);
    return file;
  };
  return {
    run: async (name, source, env = {}) => {
      const file = await write(name, source);
      const { stdout } = await run(NODE, [file], {
        cwd: folder,
        env: { ...process.env, ...env },
      });
      return stdout;
    },
    start: async (name, source, env) => {
      const file = await write(name, source);
      const child = spawn(NODE, [file], { cwd: folder, env: { ...process.env, ...env } });
      child.stderr.pipe(process.stderr);
      const [line] = await once(child.stdout, 'data');
      child.stdout.resume();
      return { line: String(line).trim(), child };
    },
    check: async (sources, module) => {
      const files = await Promise.all(Object.entries(sources).map(([name, source]) => write(name, source)));
      await symlink(path.join(root, 'node_modules/@types'), path.join(folder, 'node_modules/@types')).catch(
        (error: NodeJS.ErrnoException) => {
          if (error.code !== 'EEXIST') throw error;
        },
      );
      const how = module === 'nodenext' ? ['nodenext'] : ['esnext', '--moduleResolution', 'bundler'];
      const strict = [
        '--strict',
        '--skipLibCheck',
        'false',
        '--noEmit',
        '--target',
        'es2024',
        '--types',
        'node',
      ];
      try {
        await run(process.execPath, [TSC, '--module', ...how, ...strict, ...files], { cwd: folder });
        return '';
      } catch (error) {
        return (error as { stdout: string }).stdout;
      }
    },
  };
}
