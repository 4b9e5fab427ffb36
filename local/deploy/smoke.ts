import { styleText } from 'node:util';
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { runCommand } from '../command/command.ts';
import { type Language, plain, type Text } from '../command/language.ts';
import { visible } from '../visible.ts';
import { baiduAnswers } from './baidu-answers.ts';
import { credentialsFault } from './credentials.ts';
import { Fault } from './fault.ts';
import { invoke } from './invoke.ts';

/*
 * Checks a deployed stage from outside, without touching an order:
 *
 *   npm run smoke -- --stage prod --region cn-north-1
 *
 * Each function tests itself on the deployed runtime, the webhook refuses what is forged, the query refuses who has no
 * token. Needs AWS credentials that may invoke the functions and describe the stack.
 */
const SERVICE = 'baidu-payment-status';

const HELP = {
  en: `Checks a deployed stage from outside, without touching an order.

npm run smoke -- [--stage STAGE] [--region REGION] [--service NAME]
  --stage       the deployed stage; dev if left out
  --region      where it is deployed; AWS_REGION, AWS_DEFAULT_REGION or the profile's if left out
  --service     the service's name in serverless.yml (${SERVICE})
  --lang en|zh  the language (by LANG otherwise)
  --help
`,
  zh: `从外部检查已部署的环境，不涉及任何订单。

npm run smoke -- [--stage STAGE] [--region REGION] [--service NAME]
  --stage       已部署的环境；默认 dev
  --region      部署的区域；默认取 AWS_REGION、AWS_DEFAULT_REGION 或配置文件（profile）
  --service     serverless.yml 中的服务名（${SERVICE}）
  --lang en|zh  语言（默认按 LANG）
  --help
`,
};

/** What one check found, for people; it throws what is wrong, a `Fault` where that is ours to say. */
type Check = () => Promise<Text>;

/** The outputs of the stack by their names. */
type Outputs = ReadonlyMap<string, string>;

const say = (text: string) => process.stdout.write(text);

await runCommand(
  {
    typed: 'npm run smoke --',
    help: HELP,
    options: {
      stage: { type: 'string', default: 'dev' },
      region: { type: 'string' },
      service: { type: 'string', default: SERVICE },
    },
    isContent: () => false,
  },
  async ({ values: { service, stage, region }, language }) =>
    (await smoke({ stack: `${service}-${stage}`, wanted: region, language })) ? 0 : 1,
);

async function smoke(asked: {
  stack: string;
  wanted: string | undefined;
  language: Language;
}): Promise<boolean> {
  const { stack, wanted, language } = asked;
  // Without one the SDK looks on, into AWS_REGION and the profile.
  const given = wanted || process.env['AWS_REGION'] || process.env['AWS_DEFAULT_REGION'];
  const client = given ? { region: given } : {};
  const cloudFormation = new CloudFormationClient(client);
  const outputs = outputsOf(cloudFormation, stack);
  const region = await cloudFormation.config.region().catch(() => undefined);
  const reason = await outputs.then(
    () => undefined,
    (error: Error) => hindrance(error, stack, region),
  );
  if (reason === undefined) return check(checksOf(stack, new LambdaClient(client), outputs), language);
  say(`${visible(reason[language])}\n`);
  return false;
}

/** Why no check can succeed and what to do about it; `undefined` where the checks themselves had better speak. */
function hindrance(error: Error, stack: string, region: string | undefined): Text | undefined {
  if (region === undefined) {
    return {
      en: 'No region is named: give --region, or set AWS_REGION.',
      zh: '没有指定区域：请给出 --region，或设置 AWS_REGION。',
    };
  }
  const { name, message } = error;
  if (/^(Credentials|Token)ProviderError$/.test(name)) {
    return credentialsFault(message, process.env['AWS_PROFILE'] || undefined);
  }
  if (/^(ExpiredToken|RequestExpired)/.test(name)) {
    return {
      en: 'The AWS credentials have expired. Sign in again, or set new ones.',
      zh: 'AWS 凭证已过期。请重新登录，或设置新的凭证。',
    };
  }
  if (/^(InvalidClientTokenId|UnrecognizedClient|SignatureDoesNotMatch|AuthFailure)/.test(name)) {
    return {
      en: `AWS does not take these credentials in ${region} (${name}). Regions in China take those of an account of AWS in China, and no others do.`,
      zh: `${region} 的 AWS 不接受这些凭证（${name}）。中国区域只接受 AWS 中国账号的凭证，其他区域不接受它们。`,
    };
  }
  if (name === 'ValidationError' && message.includes('does not exist')) {
    return {
      en: `There is no stack ${stack} in ${region}. Give the --stage and the --region that it was deployed with, and the credentials of its account.`,
      zh: `${region} 中没有堆栈 ${stack}。请给出部署时所用的 --stage 和 --region，以及那个账号的凭证。`,
    };
  }
  if ('code' in error && /^E[A-Z_]+$/.test(String(error.code))) {
    return {
      en: `AWS cannot be reached in ${region} (${message}). Is that the region's name, and is there a network?`,
      zh: `无法访问 ${region} 的 AWS（${message}）。区域名称对吗？网络通吗？`,
    };
  }
  return undefined;
}

function checksOf(stack: string, lambda: LambdaClient, outputs: Promise<Outputs>): [Text, Check][] {
  return [
    [{ en: 'query signs', zh: 'query 能签名' }, () => selfTest(lambda, `${stack}-query`)],
    [{ en: 'notify verifies', zh: 'notify 能验签' }, () => selfTest(lambda, `${stack}-notify`)],
    [{ en: 'confirm signs', zh: 'confirm 能签名' }, () => selfTest(lambda, `${stack}-confirm`)],
    [{ en: 'Baidu answers', zh: '百度有应答' }, () => baiduAnswers(lambda, `${stack}-query`)],
    [
      { en: 'the webhook refuses what is forged', zh: '支付回调拒绝伪造的通知' },
      async () => refusesForgery(urlIn(await outputs, 'WebhookUrl')),
    ],
    [
      { en: 'the query refuses who has no token', zh: '查询拒绝没有令牌的调用者' },
      async () => refusesStranger(urlIn(await outputs, 'QueryUrl')),
    ],
  ];
}

/** Runs every check and says what each found; whether all are well. */
async function check(checks: readonly [Text, Check][], language: Language): Promise<boolean> {
  const [fine, wrong, colon] = { en: ['ok   ', 'WRONG', ': '], zh: ['正常', '有误', '：'] }[language];
  let good = true;
  for (const [name, check] of checks) {
    const { mark, text } = await check().then(
      (found) => ({ mark: styleText('green', fine ?? ''), text: found }),
      (error: Error) => {
        good = false;
        return {
          mark: styleText('red', wrong ?? ''),
          text: error instanceof Fault ? error.text : plain(error.message),
        };
      },
    );
    say(`${mark} ${name[language]}${colon}${visible(text[language])}\n`);
  }
  return good;
}

/** A key as a self-test shows it. */
interface Key {
  readonly keyBits: number;
  readonly publicKey: string;
}

/** Invokes `{"selfTest":true}` and shows the keys that the function works with. */
async function selfTest(lambda: LambdaClient, name: string): Promise<Text> {
  const { result, error, message } = await invoke(lambda, name, { selfTest: true });
  if (error !== undefined || result?.['ok'] !== true) {
    throw new Fault({
      en: `${name} failed: ${error}: ${message}`,
      zh: `${name} 失败：${error}：${message}`,
    });
  }
  const apps: (Key & { appId?: string; platformKeys?: Key[] })[] = result['apps'] ?? [result];
  const written = (key: (key: Key) => string, app: string) =>
    apps
      .map(({ appId, platformKeys, ...own }) => {
        const keys = (platformKeys ?? [own]).map(key).join('; ');
        return apps.length > 1 ? `${app} ${appId}: ${keys}` : keys;
      })
      .join('; ');
  return {
    en: written(({ keyBits, publicKey }) => `${keyBits} bits, public key ${publicKey}`, 'app'),
    zh: written(({ keyBits, publicKey }) => `${keyBits} 位，公钥 ${publicKey}`, '应用'),
  };
}

/** Every field well-formed, and a signature that nobody made. */
async function refusesForgery(url: string): Promise<Text> {
  const names = [
    'unitPrice',
    'totalMoney',
    'payMoney',
    'promoMoney',
    'hbMoney',
    'hbBalanceMoney',
    'giftCardMoney',
  ];
  const form = new URLSearchParams({
    ...Object.fromEntries(names.map((name) => [name, '0'])),
    ...{ userId: '1', orderId: '1', count: '1', dealId: '1', payTime: '0', payType: '0', partnerId: '0' },
    ...{ promoDetail: '', status: '1', tpOrderId: 'smoke-test', returnData: '' },
    rsaSign: Buffer.alloc(128, 1).toString('base64'),
  });
  const response = await fetch(url, { method: 'POST', body: form });
  const { errno } = await jsonOf(response);
  if (response.status !== 403 || !errno) throw unexpected(`HTTP ${response.status}, errno ${errno}`, 403);
  return plain(`HTTP 403, errno ${errno}`);
}

async function refusesStranger(url: string): Promise<Text> {
  const response = await fetch(`${url.replace('{orderId}', '1')}?siteId=1`);
  const { code } = await jsonOf(response);
  if (response.status !== 401 || code !== 'UNAUTHORIZED') {
    throw unexpected(`HTTP ${response.status}, code ${code}`, 401);
  }
  return plain('HTTP 401, UNAUTHORIZED');
}

function unexpected(answered: string, expected: number): Fault {
  return new Fault({ en: `${answered}; ${expected} was expected`, zh: `${answered}；应为 ${expected}` });
}

async function jsonOf(response: Response): Promise<Record<string, unknown>> {
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    throw new Fault({ en: `HTTP ${response.status}, and no JSON`, zh: `HTTP ${response.status}，不是 JSON` });
  }
}

async function outputsOf(cloudFormation: CloudFormationClient, stack: string): Promise<Outputs> {
  const { Stacks: [found] = [] } = await cloudFormation.send(new DescribeStacksCommand({ StackName: stack }));
  return new Map(found?.Outputs?.map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue]));
}

function urlIn(outputs: Outputs, name: string): string {
  const url = outputs.get(name);
  if (!url) throw new Fault({ en: `the stack has no output ${name}`, zh: `堆栈没有输出值 ${name}` });
  return url;
}
