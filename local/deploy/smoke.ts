import { parseArgs, styleText } from 'node:util';
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { visible } from '../visible.ts';
import { baiduAnswers } from './baidu-answers.ts';
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

const HELP = `npm run smoke -- [--stage STAGE] [--region REGION] [--service NAME]
  --stage     the deployed stage; dev if left out
  --region    where it is deployed; AWS_REGION, AWS_DEFAULT_REGION or the profile's if left out
  --service   the service's name in serverless.yml (${SERVICE})
`;

/** What one check found, for people; it throws what is wrong. */
type Check = () => Promise<string>;

/** The outputs of the stack by their names. */
type Outputs = ReadonlyMap<string, string>;

const { values } = parseArgs({
  options: {
    stage: { type: 'string', default: 'dev' },
    region: { type: 'string' },
    service: { type: 'string', default: SERVICE },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
const say = (text: string) => process.stdout.write(text);
if (values.help) say(HELP);
else process.exitCode = (await smoke(`${values.service}-${values.stage}`)) ? 0 : 1;

async function smoke(stack: string): Promise<boolean> {
  // Without one the SDK looks on, into AWS_REGION and the profile.
  const given = values.region || process.env['AWS_REGION'] || process.env['AWS_DEFAULT_REGION'];
  const client = given ? { region: given } : {};
  const cloudFormation = new CloudFormationClient(client);
  const outputs = outputsOf(cloudFormation, stack);
  const region = await cloudFormation.config.region().catch(() => undefined);
  const reason = await outputs.then(
    () => undefined,
    (error: Error) => hindrance(error, stack, region),
  );
  if (reason === undefined) return check(stack, new LambdaClient(client), outputs);
  say(`${visible(reason)}\n`);
  return false;
}

/** Why no check can succeed and what to do about it; `undefined` where the checks themselves had better speak. */
function hindrance(error: Error, stack: string, region: string | undefined): string | undefined {
  if (region === undefined) return 'No region is named: give --region, or set AWS_REGION.';
  const { name, message } = error;
  if (/^(Credentials|Token)ProviderError$/.test(name)) {
    return `There are no AWS credentials (${message.replace(/\.$/, '')}). Sign in, or set AWS_PROFILE, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.`;
  }
  if (/^(ExpiredToken|RequestExpired)/.test(name)) {
    return 'The AWS credentials have expired. Sign in again, or set new ones.';
  }
  if (/^(InvalidClientTokenId|UnrecognizedClient|SignatureDoesNotMatch|AuthFailure)/.test(name)) {
    return `AWS does not take these credentials in ${region} (${name}). Regions in China take those of an account of AWS in China, and no others do.`;
  }
  if (name === 'ValidationError' && message.includes('does not exist')) {
    return `There is no stack ${stack} in ${region}. Give the --stage and the --region that it was deployed with, and the credentials of its account.`;
  }
  if ('code' in error && /^E[A-Z_]+$/.test(String(error.code))) {
    return `AWS cannot be reached in ${region} (${message}). Is that the region's name, and is there a network?`;
  }
  return undefined;
}

/** Runs every check and says what each found; whether all are well. */
async function check(stack: string, lambda: LambdaClient, outputs: Promise<Outputs>): Promise<boolean> {
  const checks: [string, Check][] = [
    ['query signs', () => selfTest(lambda, `${stack}-query`)],
    ['notify verifies', () => selfTest(lambda, `${stack}-notify`)],
    ['confirm signs', () => selfTest(lambda, `${stack}-confirm`)],
    ['Baidu answers', () => baiduAnswers(lambda, `${stack}-query`)],
    ['the webhook refuses what is forged', async () => refusesForgery(urlIn(await outputs, 'WebhookUrl'))],
    ['the query refuses who has no token', async () => refusesStranger(urlIn(await outputs, 'QueryUrl'))],
  ];
  let good = true;
  for (const [name, check] of checks) {
    const { mark, text } = await check().then(
      (found) => ({ mark: styleText('green', 'ok   '), text: found }),
      (error: Error) => {
        good = false;
        return { mark: styleText('red', 'WRONG'), text: error.message };
      },
    );
    say(`${mark} ${name}: ${visible(text)}\n`);
  }
  return good;
}

/** A key as a self-test shows it. */
interface Key {
  readonly keyBits: number;
  readonly publicKey: string;
}

/** Invokes `{"selfTest":true}` and shows the keys that the function works with. */
async function selfTest(lambda: LambdaClient, name: string): Promise<string> {
  const { result, error, message } = await invoke(lambda, name, { selfTest: true });
  if (error !== undefined || result?.['ok'] !== true) throw new Error(`${name} failed: ${error}: ${message}`);
  const apps: (Key & { appId?: string; platformKeys?: Key[] })[] = result['apps'] ?? [result];
  const keysOf = ({ platformKeys, ...own }: (typeof apps)[number]) =>
    (platformKeys ?? [own])
      .map(({ keyBits, publicKey }) => `${keyBits} bits, public key ${publicKey}`)
      .join('; ');
  return apps.map((app) => (apps.length > 1 ? `app ${app.appId}: ${keysOf(app)}` : keysOf(app))).join('; ');
}

/** Every field well-formed, and a signature that nobody made. */
async function refusesForgery(url: string): Promise<string> {
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
  if (response.status !== 403 || !errno)
    throw new Error(`HTTP ${response.status}, errno ${errno}; 403 was expected`);
  return `HTTP 403, errno ${errno}`;
}

async function refusesStranger(url: string): Promise<string> {
  const response = await fetch(`${url.replace('{orderId}', '1')}?siteId=1`);
  const { code } = await jsonOf(response);
  if (response.status !== 401 || code !== 'UNAUTHORIZED') {
    throw new Error(`HTTP ${response.status}, code ${code}; 401 was expected`);
  }
  return 'HTTP 401, UNAUTHORIZED';
}

async function jsonOf(response: Response): Promise<Record<string, unknown>> {
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`HTTP ${response.status}, and no JSON`);
  }
}

async function outputsOf(cloudFormation: CloudFormationClient, stack: string): Promise<Outputs> {
  const { Stacks: [found] = [] } = await cloudFormation.send(new DescribeStacksCommand({ StackName: stack }));
  return new Map(found?.Outputs?.map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue]));
}

function urlIn(outputs: Outputs, name: string): string {
  const url = outputs.get(name);
  if (!url) throw new Error(`the stack has no output ${name}`);
  return url;
}
