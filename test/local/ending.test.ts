import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';

const ENDING = path.resolve(import.meta.dirname, '../../local/command/ending.ts');

test('one Ctrl-C may come twice, from the terminal and from npm; a second one ends at once what does not end', async () => {
  const stuck = `import { whenEnded } from ${JSON.stringify(ENDING)};
    setInterval(() => {}, 1000);
    whenEnded(() => console.log('ending'));
    console.log('running');`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', stuck], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const said: string[] = [];
  child.stdout.on('data', (chunk) => said.push(String(chunk)));
  await once(child.stdout, 'data');
  child.kill('SIGINT');
  // Another one, lest the system make one of both.
  child.kill('SIGTERM');
  await expect.poll(() => said.join('')).toBe('running\nending\n');
  // Longer than one Ctrl-C takes, whoever sends it.
  await delay(700);
  expect(child.exitCode).toBe(null);
  child.kill('SIGINT');
  expect(await once(child, 'exit')).toEqual([1, null]);
  expect(said.join('')).toBe('running\nending\n');
});
