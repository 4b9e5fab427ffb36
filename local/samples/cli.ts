import { spawn } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { runCommand, UsageError } from '../command/command.ts';
import { whenEnded } from '../command/ending.ts';
import type { Language } from '../command/language.ts';

const HELP = {
  en: `Runs sample events through the functions, against stand-ins on this machine.

  npm run invoke -- -f query -p events/query-authorised.json    one event
  npm run invoke                                                only the stand-ins, until Ctrl-C

The first is “npx osls invoke local -f query -p events/query-authorised.json” with the stand-ins
started for it; further options go to it. The second prints what to set in another terminal for that
command to find the stand-ins.

  --lang en|zh   the language (by LANG otherwise); osls speaks English
  --help
`,
  zh: `让示例事件经过函数，使用本机上的替身。

  npm run invoke -- -f query -p events/query-authorised.json    一个事件
  npm run invoke                                                只启动替身，按 Ctrl-C 结束

第一条就是“npx osls invoke local -f query -p events/query-authorised.json”，并为它启动替身；
其余选项都交给它。第二条打印另一个终端中要设置的内容，使那条命令能找到替身。

  --lang en|zh   语言（默认按 LANG）；osls 只说英文
  --help
`,
};

const FUNCTIONS = readdirSync(path.resolve(import.meta.dirname, '../../handlers')).map(
  (file) => path.parse(file).name,
);

const OPTIONS = {
  function: { type: 'string', short: 'f' },
  path: { type: 'string', short: 'p' },
} as const;

/** Refuses what osls would refuse after the stand-ins have started, in words for whoever has not met it. */
function refuseUnknown(name: unknown, event: unknown): void {
  if (typeof name === 'string' && !FUNCTIONS.includes(name)) {
    throw new UsageError({
      en: `There is no function ${name}: -f takes ${FUNCTIONS.join(', ')}.`,
      zh: `没有函数 ${name}：-f 可以是 ${FUNCTIONS.join('、')}。`,
    });
  }
  if (typeof event === 'string' && !statSync(event, { throwIfNoEntry: false })?.isFile()) {
    throw new UsageError({
      en: `-p: there is no file ${event}; events/README.md lists the sample events.`,
      zh: `-p：没有文件 ${event}；示例事件见 events/README.zh-CN.md。`,
    });
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
function wait(environment: Readonly<Record<string, string>>, language: Language): Promise<number> {
  const exports = Object.entries(environment).map(([name, value]) => `export ${name}='${value}'`);
  const ending = { en: 'Ctrl-C ends the stand-ins.', zh: '按 Ctrl-C 结束替身。' }[language];
  process.stdout.write(`${exports.join('\n')}\n\n# ${ending}\n`);
  return new Promise((resolve) => {
    whenEnded(() => resolve(0));
  });
}

await runCommand(
  { typed: 'npm run invoke --', help: HELP, options: OPTIONS, passesOn: true, isContent: () => false },
  async ({ values, args, language }) => {
    refuseUnknown(values.function, values.path);
    // Loaded where they are needed: what is refused is refused at once.
    const { startSampleParts } = await import('./parts.ts');
    const parts = await startSampleParts();
    try {
      return await (args.length > 0 ? invoke(args, parts.environment) : wait(parts.environment, language));
    } finally {
      await parts.close();
    }
  },
);
