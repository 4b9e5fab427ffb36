import { parseArgs } from 'node:util';
import { bad, type Language, plain, type Text } from './finding.ts';
import { readInput } from './input.ts';
import { diagnoseNotification } from './notification.ts';
import { type Section, writeReport } from './report.ts';
import { diagnoseSecret } from './secret.ts';
import { fetchSecret } from './secrets-manager.ts';

const HELP = {
  en: `Says what is wrong with a secret, and why a payment notification does not verify.

  npm run doctor -- [options] SECRET.json     the secret from a file
  npm run doctor -- [options] -               … from standard input
  npm run doctor -- [options] --secret-id ID  … from AWS Secrets Manager: a name or an ARN

  --notification FILE   also check this notification: the form as Baidu posts it, its URL, or the
                        event of API Gateway that holds it; - for standard input
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

  --notification FILE   同时检查这条通知：百度 POST 的表单、带参数的 URL，
                        或含有它的 API Gateway 事件；- 表示标准输入
  --without-platform-key
                        允许缺少平台公钥，例如首次部署之前
  --lang en|zh          语言（默认按 LANG）
  --help

退出码：0 没有需要修正之处（可能有警告 !），1 有需要修正之处或无法读取，2 用法不对。
不会打印私钥、令牌或签名。
`,
};

interface Request {
  readonly language: Language;
  readonly file: string | undefined;
  readonly secretId: string | undefined;
  readonly notification: string | undefined;
  readonly withoutPlatformKey: boolean;
}

/** A command line that asks for nothing that can be done. */
class UsageError extends Error {
  readonly text: Text;

  constructor(text: Text) {
    super(text.en);
    this.text = text;
  }
}

async function main(args: string[]): Promise<number> {
  const fallback = languageOf(process.env);
  try {
    const request = readRequest(args, fallback);
    if ('help' in request) {
      process.stdout.write(HELP[request.help]);
      return 0;
    }
    const sections = await examine(request);
    process.stdout.write(writeReport(sections, request.language));
    return sections.some(({ findings }) => findings.some(({ level }) => level === 'bad')) ? 1 : 0;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${error.text[fallback]}\n\n${HELP[fallback]}`);
    return 2;
  }
}

function readRequest(args: string[], fallback: Language): Request | { help: Language } {
  refuseLostOptions(process.env);
  for (const arg of args) refuseContent(arg);
  const { values, positionals } = parse(args);
  const language = values.lang ?? fallback;
  if (language !== 'en' && language !== 'zh') {
    throw new UsageError({ en: '--lang must be en or zh.', zh: '--lang 只能是 en 或 zh。' });
  }
  if (values.help) return { help: language };
  const [file, ...more] = positionals;
  const secretId = values['secret-id'];
  if ((file === undefined) === (secretId === undefined) || more.length > 0) {
    throw new UsageError({
      en: 'Name one secret: a file, - for standard input, or --secret-id.',
      zh: '请给出一个 secret：文件、-（标准输入）或 --secret-id。',
    });
  }
  const { notification, 'without-platform-key': withoutPlatformKey = false } = values;
  if (file === '-' && notification === '-') {
    throw new UsageError({ en: 'Standard input can be read only once.', zh: '标准输入只能读取一次。' });
  }
  return { language, file, secretId, notification, withoutPlatformKey };
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
  const lost = ['secret-id', 'notification', 'lang', 'without-platform-key'].find(
    (name) => env[`npm_config_${name.replaceAll('-', '_')}`] !== undefined,
  );
  if (lost === undefined) return;
  throw new UsageError({
    en: `npm has taken --${lost} for an option of its own: write -- before it, npm run doctor -- --${lost} …`,
    zh: `npm 把 --${lost} 当成了它自己的选项：请在前面加上 --，即 npm run doctor -- --${lost} …`,
  });
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        'secret-id': { type: 'string' },
        notification: { type: 'string' },
        lang: { type: 'string' },
        'without-platform-key': { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new UsageError(plain(error instanceof Error ? error.message : String(error)));
  }
}

async function examine({ file, secretId, notification, withoutPlatformKey }: Request): Promise<Section[]> {
  const title = { en: `Secret: ${secretId ?? file}`, zh: `secret：${secretId ?? file}` };
  const read = secretId === undefined ? await readInput(file ?? '-') : await fetchSecret(secretId);
  if ('fault' in read) {
    return [
      { title, findings: [bad(secretId === undefined ? subjectOf(file) : 'Secrets Manager', read.fault)] },
    ];
  }
  const diagnosis = diagnoseSecret(read.text, { withoutPlatformKey });
  const secret = { title, findings: diagnosis.findings };
  if (notification === undefined) return [secret];
  const form = await readInput(notification);
  const findings =
    'fault' in form ? [bad(subjectOf(notification), form.fault)] : diagnoseNotification(form.text, diagnosis);
  return [secret, { title: { en: `Notification: ${notification}`, zh: `通知：${notification}` }, findings }];
}

function subjectOf(file: string | undefined): string {
  return file === '-' ? 'stdin' : 'file';
}

function languageOf(env: NodeJS.ProcessEnv): Language {
  const locale = env['LC_ALL'] || env['LC_MESSAGES'] || env['LANG'] || '';
  return locale.toLowerCase().startsWith('zh') ? 'zh' : 'en';
}

process.exitCode = await main(process.argv.slice(2));
