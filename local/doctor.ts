import { parseArgs } from 'node:util';
import { examine, type Request } from './doctor/examine.ts';
import { type Language, plain, type Text } from './doctor/finding.ts';
import { writeReport } from './doctor/report.ts';
import { visible } from './visible.ts';

const HELP = {
  en: `Says what is wrong with a secret, and why a payment notification does not verify.

  npm run doctor -- [options] SECRET.json     the secret from a file
  npm run doctor -- [options] -               … from standard input
  npm run doctor -- [options] --secret-id ID  … from AWS Secrets Manager: a name or an ARN

  --notification FILE   also check this notification: the form as Baidu posts it, its URL, its fields one
                        on a line, or the event of API Gateway that holds it; - for standard input
  --without-platform-key
                        the platform's public key may be missing, as before a first deployment
  --lang en|zh          the language (by LANG otherwise)
  --help

Ends with 0 if nothing is to be mended (there may be warnings, !), 1 if something is or cannot be read,
2 if it was not asked rightly.
It prints no private key, no token and no signature.
`,
  zh: `检查 secret 中有什么不对，以及支付通知为什么验签失败。

  npm run doctor -- [选项] SECRET.json     从文件读取 secret
  npm run doctor -- [选项] -               从标准输入读取
  npm run doctor -- [选项] --secret-id ID  从 AWS Secrets Manager 读取（名称或 ARN）

  --notification FILE   同时检查这条通知：百度 POST 的表单、带参数的 URL、每行一个字段，
                        或含有它的 API Gateway 事件；- 表示标准输入
  --without-platform-key
                        允许缺少平台公钥，例如首次部署之前
  --lang en|zh          语言（默认按 LANG）
  --help

退出码：0 没有需要修正之处（可能有警告 !），1 有需要修正之处或无法读取，2 用法不对。
不会打印私钥、令牌或签名。
`,
};

const OPTIONS = {
  'secret-id': { type: 'string' },
  notification: { type: 'string' },
  lang: { type: 'string' },
  'without-platform-key': { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

/** A command line that asks for nothing that can be done. */
class UsageError extends Error {
  readonly text: Text;

  constructor(text: Text) {
    super(text.en);
    this.text = text;
  }
}

process.exitCode = await main(process.argv.slice(2), languageOf(process.env));

async function main(args: string[], fallback: Language): Promise<number> {
  try {
    const request = readRequest(args, fallback);
    if (request.help) {
      process.stdout.write(HELP[request.language]);
      return 0;
    }
    const sections = await examine(request);
    process.stdout.write(writeReport(sections, request.language));
    return sections.some(({ findings }) => findings.some(({ level }) => level === 'bad')) ? 1 : 0;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${visible(error.text[fallback])}\n\n${HELP[fallback]}`);
    return 2;
  }
}

function readRequest(args: string[], fallback: Language): Request & { language: Language; help: boolean } {
  refuseLostOptions(process.env);
  for (const arg of args) refuseContent(arg);
  const { values, positionals } = parse(args);
  const { help, notification, 'secret-id': secretId, 'without-platform-key': withoutPlatformKey } = values;
  const language = values.lang ?? fallback;
  if (language !== 'en' && language !== 'zh') {
    throw new UsageError({ en: '--lang must be en or zh.', zh: '--lang 只能是 en 或 zh。' });
  }
  const [file, ...more] = positionals;
  if (!help && ((file === undefined) === (secretId === undefined) || more.length > 0)) {
    throw new UsageError({
      en: 'Name one secret: a file, - for standard input, or --secret-id.',
      zh: '请给出一个 secret：文件、-（标准输入）或 --secret-id。',
    });
  }
  if (file === '-' && notification === '-') {
    throw new UsageError({ en: 'Standard input can be read only once.', zh: '标准输入只能读取一次。' });
  }
  return { language, help, file, secretId, notification, withoutPlatformKey };
}

/** Names are shown; what belongs into a file is not. */
function refuseContent(arg: string): void {
  if (arg.length < 400 && !/[\n{}]|-----BEGIN|[?&]\w+=/.test(arg)) return;
  throw new UsageError({
    en: 'Name a file, not what is in it. To hand it over without a file: … | npm run doctor -- -',
    zh: '请给出文件名，而不是文件的内容。不用文件时可写作：… | npm run doctor -- -',
  });
}

/** npm takes options that stand before `--` for its own, and only leaves a trace of them. */
function refuseLostOptions(env: NodeJS.ProcessEnv): void {
  const lost = Object.keys(OPTIONS).find(
    (name) => name !== 'help' && env[`npm_config_${name.replaceAll('-', '_')}`] !== undefined,
  );
  if (lost === undefined) return;
  throw new UsageError({
    en: `npm has taken --${lost} for an option of its own: write -- before it, npm run doctor -- --${lost} …`,
    zh: `npm 把 --${lost} 当成了它自己的选项：请在前面加上 --，即 npm run doctor -- --${lost} …`,
  });
}

function parse(args: string[]) {
  try {
    return parseArgs({ args, allowPositionals: true, options: OPTIONS });
  } catch (error) {
    throw new UsageError(plain(error instanceof Error ? error.message : String(error)));
  }
}

function languageOf(env: NodeJS.ProcessEnv): Language {
  const locale = env['LC_ALL'] || env['LC_MESSAGES'] || env['LANG'] || '';
  return locale.toLowerCase().startsWith('zh') ? 'zh' : 'en';
}
