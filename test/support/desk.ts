import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { COMPILED } from './compiled.ts';
import { type Program, type Shell, startProgram, startShell } from './shell.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const git = (folder: string, ...args: string[]) => promisify(execFile)('git', args, { cwd: folder });

/** A clone of the project, as a reader has it, with a shell in it. */
export interface Desk extends Shell {
  readonly folder: string;
  /** Starts a program in a second terminal; it is ended with the desk. */
  start(command: string, ready: RegExp): Promise<Program>;
  /** Starts a program in place of the shell: in its folder, with what it has exported. */
  startHere(command: string, ready: RegExp): Promise<Program>;
  /** What `git status` finds changed or new. */
  changes(): Promise<string>;
}

/**
 * Sets up a desk.
 *
 * @param environment variables of its shells beside those that a reader has anyway
 */
export async function openDesk(environment: Readonly<Record<string, string>> = {}): Promise<Desk> {
  const home = await mkdtemp(path.join(os.tmpdir(), 'desk-'));
  const folder = path.join(home, 'baidu-payment-status');
  await clone(folder);
  const options = {
    folder,
    environment: {
      ...{ PATH: process.env['PATH'] ?? '', HOME: home, TMPDIR: home, LANG: 'C.UTF-8', NO_COLOR: '1' },
      ...{ EDITOR: 'true', npm_config_update_notifier: 'false' },
      ...COMPILED,
      ...environment,
    },
  };
  const shell = startShell(options);
  const programs: Program[] = [];
  const start = async (command: string, ready: RegExp) => {
    const program = await startProgram(command, ready, options);
    programs.push(program);
    return program;
  };
  return {
    ...{ folder, run: shell.run, start },
    startHere: async (command, ready) => {
      const place = path.join(home, 'place.sh');
      await shell.run(`{ export -p; printf 'cd %q\\n' "$PWD"; echo 'exec "$@"'; } > '${place}'`);
      return start(`bash '${place}' ${command}`, ready);
    },
    changes: async () => (await git(folder, 'status', '--porcelain')).stdout,
    close: async () => {
      await Promise.all([shell, ...programs].map((each) => each.close()));
      await rm(home, { recursive: true, force: true });
    },
  };
}

/** Copies what is under version control here, as it is now, with the packages that are installed. */
async function clone(folder: string): Promise<void> {
  const { stdout } = await git(ROOT, 'ls-files', '-z', '--cached', '--others', '--exclude-standard');
  const files = stdout.split('\0').filter(Boolean);
  for (const each of new Set(files.map(path.dirname)))
    await mkdir(path.join(folder, each), { recursive: true });
  const copy = (file: string) => copyFile(path.join(ROOT, file), path.join(folder, file));
  await Promise.all(files.map((file) => copy(file).catch(ignoreDeleted)));
  await symlink(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'));
  await git(folder, 'init', '--quiet');
  await writeFile(path.join(folder, '.git/info/exclude'), 'node_modules\n');
  await git(folder, 'add', '--all');
  const identity = ['-c', 'user.name=reader', '-c', 'user.email=reader@localhost'];
  await git(folder, ...identity, 'commit', '--quiet', '--message', 'As it is');
}

function ignoreDeleted(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}
