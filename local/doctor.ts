import { runCommand, UsageError } from './command/command.ts';
import { examine } from './doctor/examine.ts';
import { exitCodeOf, writeReport } from './doctor/report.ts';

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

await runCommand(
  {
    typed: 'npm run doctor --',
    help: HELP,
    options: {
      'secret-id': { type: 'string' },
      notification: { type: 'string' },
      'without-platform-key': { type: 'boolean', default: false },
    },
    takesFiles: true,
    isContent: (arg) => arg.length >= 400 || /[\n{}]|-----BEGIN|[?&]\w+=/.test(arg),
  },
  async ({ values, positionals: [file, ...more], language }) => {
    const { notification, 'secret-id': secretId, 'without-platform-key': withoutPlatformKey } = values;
    if ((file === undefined) === (secretId === undefined) || more.length > 0) {
      throw new UsageError({
        en: 'Name one secret: a file, - for standard input, or --secret-id.',
        zh: '请给出一个 secret：文件、-（标准输入）或 --secret-id。',
      });
    }
    if (file === '-' && notification === '-') {
      throw new UsageError({ en: 'Standard input can be read only once.', zh: '标准输入只能读取一次。' });
    }
    const sections = await examine({ file, secretId, notification, withoutPlatformKey });
    process.stdout.write(writeReport(sections, language));
    return exitCodeOf(sections);
  },
);
