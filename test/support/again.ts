import { fork } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';

/** What a program is run with. */
export interface Run {
  readonly program: string;
  readonly args: readonly string[];
  /** All of it: nothing of this process's own is added. */
  readonly environment: Readonly<Record<string, string>>;
  readonly folder: string;
  readonly stdin: string;
}

/** What a program printed, and ended with. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A process that runs programs, one after another. */
export interface Again {
  run(run: Run): Promise<Outcome>;
  /** Ends the process, which ends with this one otherwise; resolves when it is gone. */
  end(): Promise<void>;
}

const COMMANDS = path.join(import.meta.dirname, 'commands-again.ts');

/**
 * Starts a process that runs programs one after another, each with the same outcome as in a process of its own: most of what
 * a short run spends is spent on loading packages.
 *
 * @param script what it runs them with; by default imports a module anew, with all that it imports as it is
 */
export function startAgain(script = COMMANDS): Again {
  const { NODE_COMPILE_CACHE = '' } = process.env;
  const child = fork(script, {
    ...{ execArgv: [], env: { NODE_COMPILE_CACHE }, cwd: tmpdir() },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  const lastWords = child.stderr ? text(child.stderr) : '';
  const ended = Promise.all([once(child, 'exit'), lastWords]).then(([[code], words]) =>
    Promise.reject(new Error(`It ended with ${code}.${words && ` ${words}`}`)),
  );
  const over = ended.catch(() => undefined);
  let last: Promise<unknown> = Promise.resolve();
  return {
    run: (run) => {
      const outcome = last.then(async () => {
        child.send(run);
        const [said] = await Promise.race([once(child, 'message'), ended]);
        return said as Outcome;
      });
      last = outcome.catch(() => undefined);
      return outcome;
    },
    end: async () => {
      if (!child.connected) return;
      child.disconnect();
      // What still waits for something has been read to its end.
      const late = setTimeout(() => child.kill('SIGKILL'), 5000);
      await over;
      clearTimeout(late);
    },
  };
}
