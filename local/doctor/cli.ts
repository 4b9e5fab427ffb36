import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import type { Language } from './finding.ts';
import { bad } from './finding.ts';
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
  --lang en|zh          the language (by LANG otherwise)
  --help

Ends with 0 if all is well, 1 if something is to be mended, 2 if it was not asked rightly.
It prints no private key, no token and no signature.
`,
  zh: `检查 secret 中有什么不对，以及支付通知为什么验签失败。

  npm run doctor -- [选项] SECRET.json     从文件读取 secret
  npm run doctor -- [选项] -               从标准输入读取
  npm run doctor -- [选项] --secret-id ID  从 AWS Secrets Manager 读取（名称或 ARN）

  --notification FILE   同时检查这条通知：百度 POST 的表单、带参数的 URL，
                        或含有它的 API Gateway 事件；- 表示标准输入
  --lang en|zh          语言（默认按 LANG）
  --help

退出码：0 一切正常，1 有需要修正之处，2 用法不对。
不会打印私钥、令牌或签名。
`,
};

interface Request {
  readonly language: Language;
  readonly file: string | undefined;
  readonly secretId: string | undefined;
  readonly notification: string | undefined;
}

/** A command line that asks for nothing that can be done. */
class UsageError extends Error {}

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
    process.stderr.write(`${error.message}\n\n${HELP[fallback]}`);
    return 2;
  }
}

function readRequest(args: string[], fallback: Language): Request | { help: Language } {
  const { values, positionals } = parse(args);
  const language = values.lang ?? fallback;
  if (language !== 'en' && language !== 'zh')
    throw new UsageError(`--lang must be en or zh, not ${language}`);
  if (values.help) return { help: language };
  const [file, ...more] = positionals;
  const secretId = values['secret-id'];
  if ((file === undefined) === (secretId === undefined) || more.length > 0) {
    throw new UsageError('Name one secret: a file, - for standard input, or --secret-id.');
  }
  const notification = values.notification;
  if (file === '-' && notification === '-') throw new UsageError('Standard input can be read only once.');
  return { language, file, secretId, notification };
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
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

async function examine({ file, secretId, notification }: Request): Promise<Section[]> {
  const fetched = secretId === undefined ? undefined : await fetchSecret(secretId);
  const title = { en: `Secret: ${secretId ?? file}`, zh: `secret：${secretId ?? file}` };
  if (fetched && 'fault' in fetched) return [{ title, findings: [bad('Secrets Manager', fetched.fault)] }];
  const diagnosis = diagnoseSecret(fetched?.text ?? (await read(file ?? '-')));
  const secret = { title, findings: diagnosis.findings };
  if (notification === undefined) return [secret];
  const findings = diagnoseNotification(await read(notification), diagnosis);
  return [secret, { title: { en: `Notification: ${notification}`, zh: `通知：${notification}` }, findings }];
}

async function read(file: string): Promise<string> {
  if (file === '-') return text(process.stdin);
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function languageOf(env: NodeJS.ProcessEnv): Language {
  const locale = env['LC_ALL'] || env['LC_MESSAGES'] || env['LANG'] || '';
  return locale.toLowerCase().startsWith('zh') ? 'zh' : 'en';
}

process.exitCode = await main(process.argv.slice(2));
