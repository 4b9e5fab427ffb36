import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';

/** Where and with what a shell is started. */
export interface ShellOptions {
  readonly folder: string;
  /** All of its variables. */
  readonly environment: Readonly<Record<string, string>>;
}

/** What a command ended with, and what the screen showed of it. */
export interface Outcome {
  readonly code: number;
  readonly screen: string;
}

/** An exit code, or the signal that ended a process without one. */
type Ended = number | NodeJS.Signals;

/** A terminal: a process, and what it has written so far. */
interface Terminal {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** What was written between two calls of `clear`. */
  screen(): string;
  clear(): void;
  /** Resolves when the screen matches; rejects when the process ends before. */
  shows(pattern: RegExp): Promise<RegExpExecArray>;
}

/** One shell in which commands are pasted one after another, as a reader does it. */
export interface Shell {
  run(command: string): Promise<Outcome>;
  close(): Promise<void>;
}

/** Starts bash, which ends at once where a variable is used that has no value. */
export function startShell(options: ShellOptions): Shell {
  const terminal = open(['--noprofile', '--norc'], options);
  const { stdin } = terminal.child;
  stdin?.on('error', () => {});
  // What Node calls a pipe is a socket, and nobody can open /dev/stdout on one.
  stdin?.write('exec > >(exec cat) 2>&1\nset -u\n');
  return {
    run: async (command) => {
      const mark = randomUUID();
      terminal.clear();
      stdin?.write(`{ ${command}\n} < /dev/null\nprintf '\\n%s %d\\n' ${mark} "$?"\n`);
      const [, screen = '', code] = await terminal.shows(new RegExp(`^([^]*)\n${mark} (\\d+)\n`));
      return { code: Number(code), screen };
    },
    close: () => close(terminal, 'SIGKILL'),
  };
}

/** A program in a terminal of its own, until Ctrl-C. */
export interface Program {
  /** What it had written when it was ready. */
  readonly screen: string;
  /** Presses Ctrl-C; resolves with its exit code, or with the signal that ended it, when it and all it started are gone. */
  interrupt(): Promise<Ended>;
  close(): Promise<void>;
}

/** Starts a program and waits until it has written what matches. */
export async function startProgram(command: string, ready: RegExp, options: ShellOptions): Promise<Program> {
  const terminal = open(['--noprofile', '--norc', '-c', `exec ${command} 2>&1`], options);
  try {
    await terminal.shows(ready);
  } catch (error) {
    await close(terminal, 'SIGKILL');
    throw error;
  }
  return {
    screen: terminal.screen(),
    interrupt: async () => {
      await close(terminal, 'SIGINT');
      return terminal.ended;
    },
    close: () => close(terminal, 'SIGKILL'),
  };
}

function open(args: readonly string[], { folder, environment }: ShellOptions): Terminal {
  // A process group of its own, so that a signal reaches all that it has started, as from a terminal.
  const child = spawn('bash', args, { cwd: folder, env: environment, detached: true, stdio: 'pipe' });
  let screen = '';
  const ended = once(child, 'close').then(([code, signal]): Ended => code ?? signal);
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk) => {
      screen += chunk;
      child.emit('screen');
    });
  }
  const shows = async (pattern: RegExp) => {
    const over = ended.then(() => true);
    for (;;) {
      const match = pattern.exec(screen);
      if (match) return match;
      const change = once(child, 'screen').then(() => false);
      if (await Promise.race([over, change])) throw new Error(`It has ended:\n${screen}`);
    }
  };
  const clear = () => {
    screen = '';
  };
  return { child, ended, screen: () => screen, clear, shows };
}

async function close({ child, ended }: Terminal, signal: NodeJS.Signals): Promise<void> {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, signal);
  } catch {
    // There is nobody left in its group.
  }
  await ended;
}
