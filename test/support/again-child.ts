import { Readable } from 'node:stream';
import { inspect } from 'node:util';
import type { Run } from './again.ts';

/** What both write functions of a stream are given last, where somebody waits. */
type Written = () => void;

/**
 * Runs something once for each message, each time as a process of its own would: with these arguments, this environment,
 * this standard input. A run is over where its process would end: when nothing is left to wait for.
 */
export function runAgain(start: (run: Run) => unknown): void {
  const said = { stdout: '', stderr: '' };
  process.setMaxListeners(0);
  for (const name of ['stdout', 'stderr'] as const) {
    process[name].setMaxListeners(0);
    process[name].write = (chunk: string | Uint8Array, ...rest: unknown[]) => {
      said[name] += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString();
      const written = rest.at(-1);
      if (typeof written === 'function') process.nextTick(written as Written);
      return true;
    };
  }

  process.on('message', async (run: Run) => {
    for (const name of Object.keys(process.env)) delete process.env[name];
    Object.assign(process.env, run.environment);
    process.chdir(run.folder);
    process.argv = [process.execPath, run.program, ...run.args];
    const stdin = Readable.from(run.stdin === '' ? [] : [Buffer.from(run.stdin)]);
    Object.defineProperty(process, 'stdin', { value: stdin, configurable: true });
    Object.assign(said, { stdout: '', stderr: '' });
    process.exitCode = 0;
    process.channel?.unref();
    try {
      await start(run);
    } catch (error) {
      process.stderr.write(`${inspect(error)}\n`);
      process.exitCode = 1;
    }
  });

  process.on('beforeExit', (code) => {
    if (!process.connected) return;
    process.channel?.ref();
    process.send?.({ code, ...said });
  });
}
