import { spawn } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** A server of somebody else's in a process of its own, on 127.0.0.1. */
export interface Engine {
  readonly url: string;
  /** Ends the process; resolves when it is gone. */
  close(): Promise<void>;
}

/** How long a Java or Python server may take to answer on a machine that does much else, in milliseconds. */
const START_MS = 60_000;

/** Starts a program and waits until it takes connections; rejects with what it wrote where it ends before. */
export async function startEngine(
  program: string,
  argsFor: (port: number) => readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Engine> {
  const port = await freePort();
  const child = spawn(program, argsFor(port), {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'close');
  const output: string[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => output.push(String(chunk)));
  const close = async () => {
    child.kill('SIGKILL');
    await ended;
  };
  // Whatever becomes of the test run, nothing of it goes on.
  process.once('exit', () => child.kill('SIGKILL'));
  const giveUpAt = performance.now() + START_MS;
  while (!(await takesConnections(port))) {
    if (child.exitCode !== null || performance.now() > giveUpAt) {
      await close();
      throw new Error(`${program} does not answer:\n${output.join('')}`);
    }
    await delay(100);
  }
  return { url: `http://127.0.0.1:${port}`, close };
}

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address ? address.port : 0;
}

function takesConnections(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    const done = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => done(true)).once('error', () => done(false));
  });
}
