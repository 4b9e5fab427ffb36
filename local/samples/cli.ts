import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { whenEnded } from '../command/ending.ts';
import { languageOf } from '../command/language.ts';
import { startSampleParts } from './parts.ts';

const HELP = {
  en: `Runs sample events through the functions, against stand-ins on this machine.

  npm run invoke -- -f query -p events/query-authorised.json    one event
  npm run invoke                                                only the stand-ins, until Ctrl-C

The first is “npx osls invoke local -f query -p events/query-authorised.json” with the stand-ins
started for it; further options go to it. The second prints what to set in another terminal for that
command to find the stand-ins.
`,
  zh: `让示例事件经过函数，使用本机上的替身。

  npm run invoke -- -f query -p events/query-authorised.json    一个事件
  npm run invoke                                                只启动替身，按 Ctrl-C 结束

第一条就是“npx osls invoke local -f query -p events/query-authorised.json”，并为它启动替身；
其余选项都交给它。第二条打印另一个终端中要设置的内容，使那条命令能找到替身。
`,
};

// Options go to osls: the language is the environment's.
const language = languageOf(process.env);

async function main(args: readonly string[]): Promise<number> {
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(HELP[language]);
    return 0;
  }
  const parts = await startSampleParts();
  try {
    return args.length > 0 ? await invoke(args, parts.environment) : await wait(parts.environment);
  } finally {
    await parts.close();
  }
}

/** Runs `osls invoke local` and resolves with its exit code. */
function invoke(args: readonly string[], environment: Readonly<Record<string, string>>): Promise<number> {
  const osls = createRequire(import.meta.url).resolve('serverless/bin/serverless.js');
  const child = spawn(process.execPath, [osls, 'invoke', 'local', ...args], {
    stdio: 'inherit',
    env: { ...process.env, ...environment },
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? 1));
  });
}

/** Prints the environment for another terminal and waits to be ended. */
function wait(environment: Readonly<Record<string, string>>): Promise<number> {
  const exports = Object.entries(environment).map(([name, value]) => `export ${name}='${value}'`);
  const ending = { en: 'Ctrl-C ends the stand-ins.', zh: '按 Ctrl-C 结束替身。' }[language];
  process.stdout.write(`${exports.join('\n')}\n\n# ${ending}\n`);
  return new Promise((resolve) => {
    whenEnded(() => resolve(0));
  });
}

process.exitCode = await main(process.argv.slice(2));
