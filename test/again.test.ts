import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Again, type Outcome, startAgain } from './support/again.ts';
import { COMPILED } from './support/compiled.ts';

const root = path.resolve(import.meta.dirname, '..');
let folder: string;
let again: Again;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'again-'));
  again = startAgain();
});
afterAll(async () => {
  await again.end();
  rmSync(folder, { recursive: true });
});

const run = (program: string, { args = [] as string[], environment = {}, stdin = '' } = {}) =>
  again.run({ program, args, environment, folder, stdin });

/** Writes a program and runs it. */
function runText(text: string, given?: Parameters<typeof run>[1]): Promise<Outcome> {
  const program = path.join(folder, `${performance.now()}.mjs`);
  writeFileSync(program, text);
  return run(program, given);
}

describe('a program that is run again', () => {
  test.each([
    ['local/doctor.ts', ['nothing.json']],
    ['local/ask.ts', ['nothing.json', '--order', '1', '--user', '2']],
    ['local/deploy/smoke.ts', []],
    ['local/cashier/cli.ts', ['--port', 'x']],
  ])('says and ends with what %s %j does in a process of its own', async (file, args) => {
    const program = path.join(root, file);
    const environment = { NO_COLOR: '1', LANG: 'C' };
    const own = await new Promise<Outcome>((resolve) => {
      const options = { cwd: folder, env: { ...environment, ...COMPILED } };
      execFile(process.execPath, [program, ...args], options, (error, stdout, stderr) =>
        resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
      );
    });
    expect(own.code).toBeGreaterThan(0);
    expect(await run(program, { args, environment })).toEqual(own);
  });

  test('has its own arguments, environment, standard input and folder, and nothing of the run before', async () => {
    const text = `
      import { text } from 'node:stream/consumers';
      const { argv, env, stdin } = process;
      console.log(JSON.stringify([argv.slice(2), env, await text(stdin), process.cwd()]));
      process.exitCode = Number(argv[2]);`;
    const given = { args: ['3'], environment: { A: '1' }, stdin: '少' };
    const first = await runText(text, given);
    expect(first.code).toBe(3);
    expect(JSON.parse(first.stdout)).toEqual([['3'], { A: '1' }, '少', folder]);
    const second = await runText(text, { args: ['0'] });
    expect(second).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(second.stdout)).toEqual([['0'], {}, '', folder]);
  });

  test('that throws ends with 1 and its stack', async () => {
    const { code, stderr } = await runText("throw new Error('It broke.');");
    expect(code).toBe(1);
    expect(stderr).toMatch(/^Error: It broke\.\n +at /);
  });

  test('is not over while it waits for something', async () => {
    const waiting = runText('setTimeout(() => console.log("over"), 300);');
    expect(await Promise.race([waiting, setTimeout(100, 'waiting')])).toBe('waiting');
    expect(await waiting).toEqual({ code: 0, stdout: 'over\n', stderr: '' });
  });

  test('that ends the process is told of, and so are those after it', async () => {
    const other = startAgain();
    const program = path.join(folder, 'exit.mjs');
    writeFileSync(program, 'process.exit(7);');
    const ending = { program, args: [], environment: {}, folder, stdin: '' };
    await expect(other.run(ending)).rejects.toThrow('It ended with 7.');
    await expect(other.run(ending)).rejects.toThrow('It ended with 7.');
    await other.end();
  });
});
