import { styleText } from 'node:util';
import { asServiceError, BaiduError, type ServiceError } from '../lib/baidu/errors.ts';
import { type Advice, advise, adviseNotFound } from './ask/advice.ts';
import { writeAnswer } from './ask/answer.ts';
import { type AskingApp, readApp } from './ask/app.ts';
import { askBaidu } from './ask/baidu.ts';
import { baiduFault } from './ask/baidu-faults.ts';
import { isLoopback, REQUEST_OPTIONS, type Request, readRequest } from './ask/request.ts';
import { runCommand } from './command/command.ts';
import type { Text } from './command/language.ts';
import { type Finding, subjectIn } from './doctor/finding.ts';
import { readInput } from './doctor/input.ts';
import { visible, visibleJson } from './visible.ts';

const HELP = {
  en: `Asks Baidu for the status of one order, with your own secret: no AWS, nothing deployed.

  npm run ask -- SECRET.json --order ID --user ID     by Baidu's ids: those of the payment notification
  npm run ask -- SECRET.json --merchant-order ID      by your own id (tpOrderId), without a notification;
                                                      takes smartAppKey and smartAppSecret in the secret
  - in the place of SECRET.json: the secret from standard input

  --app ID       which app asks, where the secret holds several
  --url URL      another address: of the query, or with --merchant-order the origin of the second generation
  --json         the answer, or the error, as JSON on standard output
  --lang en|zh   the language (by LANG otherwise)
  --help

Ends with 0 if Baidu answered, 1 if it refused, has no such order, or could not be asked, 2 if it was not
asked rightly. It prints no private key, no token and no secret.
`,
  zh: `用您自己的 secret 向百度查询一笔订单的状态：不需要 AWS，也不需要部署。

  npm run ask -- SECRET.json --order ID --user ID     按百度的 ID 查询：即支付通知中的 orderId 和 userId
  npm run ask -- SECRET.json --merchant-order ID      按您自己的订单号（tpOrderId）查询，不需要支付通知；
                                                      secret 中须有 smartAppKey 和 smartAppSecret
  用 - 代替 SECRET.json：从标准输入读取 secret

  --app ID       secret 中有多个应用时，指定其中一个
  --url URL      其他地址：查询地址；与 --merchant-order 同用时为第二代接口的源（origin）
  --json         以 JSON 在标准输出给出应答或错误
  --lang en|zh   语言（默认按 LANG）
  --help

退出码：0 百度已应答，1 被拒绝、没有该订单或无法查询，2 用法不对。
不会打印私钥、令牌或密钥。
`,
};

/** Why there is no answer: in words, with a code for programs. */
interface Failure {
  readonly code: string;
  readonly said: Text;
  readonly advice: Advice;
  readonly errno?: number;
  readonly errmsg?: string;
}

/** Asks, and prints what is answered; or says why nothing is. */
async function ask({ file, appId, url, wanted, language, json }: Request): Promise<Failure | undefined> {
  const read = await readInput(file);
  if ('fault' in read) return unusable([{ subject: file === '-' ? 'stdin' : 'file', text: read.fault }]);
  const asking = readApp(read.text, { appId, samples: url !== undefined && isLoopback(url) });
  if ('faults' in asking) return unusable(asking.faults);
  if ('tpOrderId' in wanted && !(asking.smartAppKey && asking.smartAppSecret)) return unusable([NO_PAIR]);
  try {
    const answer = await askBaidu(asking, wanted, url);
    if (!answer) return notFound(asking);
    process.stdout.write(json ? `${visibleJson(answer)}\n` : writeAnswer(answer, language));
    return undefined;
  } catch (thrown) {
    const error = asServiceError(thrown);
    return refused(error, advise(error, { asking, wanted, url }));
  }
}

const NO_PAIR = {
  subject: 'smartAppKey, smartAppSecret',
  text: {
    en: 'are missing: the second generation asks for the mini-program’s own App Key and App Secret (console, 设置, 开发设置).',
    zh: '缺失。第二代接口需要小程序自己的 App Key 和 App Secret（后台，设置，开发设置）。',
  },
};

function unusable(faults: readonly (Pick<Finding, 'subject' | 'text'> & Partial<Finding>)[]): Failure {
  return {
    code: 'CONFIGURATION_UNAVAILABLE',
    said: { en: 'The secret cannot be used; Baidu was not asked.', zh: 'secret 无法使用，未向百度查询。' },
    advice: faults.flatMap(({ subject, text, detail = [] }) => [
      { en: `${subject} ${text.en}`, zh: `${subjectIn('zh', { subject })}：${text.zh}` },
      ...detail,
    ]),
  };
}

function notFound(asking: AskingApp): Failure {
  return {
    code: 'ORDER_UNKNOWN',
    said: { en: 'Baidu has no such order.', zh: '百度没有这笔订单。' },
    advice: adviseNotFound(asking),
  };
}

function refused(error: ServiceError, advice: Advice): Failure {
  const { code } = error;
  if (!(error instanceof BaiduError)) {
    const { en, zh } = baiduFault(error);
    return { code, said: { en: `${en} (${code})`, zh: `${zh}（${code}）` }, advice };
  }
  const { errno, errmsg } = error;
  const said = {
    en: `Baidu refused: errno ${errno}, “${errmsg}”.`,
    zh: `百度拒绝了查询：errno ${errno}，“${errmsg}”。`,
  };
  return { code, said, advice, errno, errmsg };
}

/** For programs on standard output, for people on standard error: an answer alone stands on the first otherwise. */
function report({ said, advice, ...failure }: Failure, { json, language }: Request): void {
  const words = advice.map((line) => (typeof line === 'string' ? line : line[language]));
  if (json) {
    const error = { ...failure, message: said[language], advice: words };
    process.stdout.write(`${visibleJson({ error })}\n`);
    return;
  }
  const likely = { en: 'Most likely:', zh: '最可能的原因：' }[language];
  const heading = failure.code === 'CONFIGURATION_UNAVAILABLE' ? [] : [likely];
  const lines = [
    styleText('red', visible(said[language])),
    ...heading,
    ...words.map((line) => `  ${visible(line)}`),
  ];
  process.stderr.write(`${lines.join('\n')}\n`);
}

await runCommand(
  {
    typed: 'npm run ask --',
    help: HELP,
    options: REQUEST_OPTIONS,
    takesFiles: true,
    isContent: (arg) => arg.length >= 400 || /[\n{}]|-----BEGIN/.test(arg),
  },
  async (given) => {
    const request = readRequest(given);
    const failure = await ask(request);
    if (failure) report(failure, request);
    return failure ? 1 : 0;
  },
);
