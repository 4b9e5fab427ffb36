import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Stack, startStack } from '../../local/stack/stack.ts';
import { startAgain } from '../support/again.ts';
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const CLI = path.join(ROOT, 'local/deploy/smoke.ts');
const again = startAgain();
const NAME = 'baidu-payment-status-prod';

let stack: Stack;
let planes: ControlPlane[];

beforeAll(async () => {
  stack = await startStack();
  planes = [];
}, 60_000);

afterAll(async () => {
  await Promise.all([again.end(), ...planes.map((plane) => plane.close())]);
  await stack.close();
});

type Handler = (event: unknown) => Promise<unknown>;

/** The local functions as Lambda's API reaches them. */
const functionsOf = ({ functions }: Stack): Record<string, Handler> =>
  Object.fromEntries(
    Object.entries(functions).map(([name, { invoke }]) => [
      name,
      async (event: unknown) => {
        const { result, error } = await invoke(event);
        if (error) throw Object.assign(new Error(error.message), { name: error.name });
        return result;
      },
    ]),
  );

interface SmokeOptions {
  functions?: Record<string, Handler>;
  outputs?: Record<string, string>;
  /** What CloudFormation says instead of the outputs. */
  refusal?: { code: string; message: string };
  args?: readonly string[];
  environment?: Readonly<Record<string, string | undefined>>;
}

/** Runs the command against a stage; its exit code and what it printed. */
async function smoke({
  functions = functionsOf(stack),
  outputs = outputsOf(stack),
  refusal,
  args = ['--stage', 'prod', '--region', 'cn-north-1'],
  environment: more = {},
}: SmokeOptions = {}) {
  const named = Object.fromEntries(
    Object.entries(functions).map(([name, handler]) => [`${NAME}-${name}`, handler]),
  );
  const plane = await startControlPlane(named, refusal ?? { name: NAME, outputs });
  planes.push(plane);
  const environment = {
    ...{ NO_COLOR: '1', HOME: import.meta.dirname, AWS_EC2_METADATA_DISABLED: 'true' },
    AWS_ENDPOINT_URL_LAMBDA: plane.url,
    AWS_ENDPOINT_URL_CLOUDFORMATION: plane.url,
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    ...more,
  };
  const { code, stdout, stderr } = await again.run({
    program: CLI,
    args,
    environment,
    folder: ROOT,
    stdin: '',
  });
  return { code, output: stdout + stderr };
}

const outputsOf = ({ webhookUrl, gateway }: Stack): Record<string, string> => ({
  WebhookUrl: webhookUrl,
  QueryUrl: `${gateway.url}/orders/{orderId}/payment-status`,
});

test('npm run smoke finds a good stage good', async () => {
  const { code, output } = await smoke();
  expect(output).toMatch(/ok\s+query signs: 2048 bits, public key MII/);
  expect(output).toMatch(/ok\s+notify verifies: \d+ bits, public key MI/);
  expect(output).toMatch(/ok\s+confirm signs: 2048 bits/);
  expect(output).toMatch(/ok\s+Baidu answers: queryorderdetail \(Baidu answered with errno 10002\.\)/);
  expect(output).toMatch(/ok\s+the webhook refuses what is forged: HTTP 403/);
  expect(output).toMatch(/ok\s+the query refuses who has no token: HTTP 401/);
  expect(code).toBe(0);
}, 60_000);

test('npm run smoke says what is wrong, check by check', async () => {
  const open = { ...outputsOf(stack), WebhookUrl: `${stack.gateway.url}/elsewhere`, QueryUrl: '' };
  const failing = async () => {
    throw Object.assign(new Error('The secret’s appId is missing.\u001b[2J'), {
      name: 'CONFIGURATION_UNAVAILABLE',
    });
  };
  const { code, output } = await smoke({
    functions: { ...functionsOf(stack), query: failing },
    outputs: open,
  });
  expect(output).toContain(
    'query failed: CONFIGURATION_UNAVAILABLE: The secret’s appId is missing.\\u{1b}[2J',
  );
  expect(output).toMatch(/WRONG the webhook refuses what is forged: HTTP 404/);
  expect(output).toMatch(/WRONG the query refuses who has no token: the stack has no output QueryUrl/);
  expect(output).toMatch(/ok\s+confirm signs/);
  expect(code).toBe(1);
}, 60_000);

test('npm run smoke says in Chinese what it finds, and what is wrong', async () => {
  const outputs = { ...outputsOf(stack), WebhookUrl: `${stack.gateway.url}/elsewhere`, QueryUrl: '' };
  const { code, output } = await smoke({ outputs, environment: { LANG: 'zh_CN.UTF-8' } });
  expect(output).toMatch(/^正常 query 能签名：2048 位，公钥 MII/m);
  expect(output).toMatch(/^正常 confirm 能签名：/m);
  expect(output).toMatch(/^有误 支付回调拒绝伪造的通知：HTTP 404/m);
  expect(output).toMatch(/^有误 查询拒绝没有令牌的调用者：堆栈没有输出值 QueryUrl$/m);
  expect(code).toBe(1);
}, 60_000);

/** A stage whose functions fail or answer as is said, with a self-test of two apps. */
const staged = (answer: (event: Record<string, unknown>) => unknown): Record<string, Handler> => ({
  ...functionsOf(stack),
  query: async (event) => {
    const asked = event as Record<string, unknown>;
    const key = { keyBits: 1024, publicKey: 'MI' };
    if (asked['selfTest']) return { ok: true, apps: ['1', '2'].map((appId) => ({ ...key, appId })) };
    const [name, message] = answer(asked) as [string, string];
    throw Object.assign(new Error(message), { name });
  },
});

describe('npm run smoke says which of Baidu’s interfaces answers, app by app:', () => {
  test('the second, where no order is asked for by Baidu’s ids', async () => {
    const { output } = await smoke({ functions: staged(() => ['ORDER_UNKNOWN', 'Nobody.']) });
    expect(output).toContain(
      'Baidu answers: app 1: findByTpOrderId (no such order); app 2: findByTpOrderId (no such order)',
    );
    expect(output).toMatch(/ok\s+query signs: app 1: 1024 bits, public key MI; app 2: 1024 bits/);
  }, 60_000);

  test.each([
    [
      ['BAIDU_BAD_RESPONSE', 'Baidu answered with HTTP status 404.'],
      'BAIDU_BAD_RESPONSE: Baidu answered with HTTP status 404.',
    ],
    [['BAIDU_ERROR', 'Baidu answered with errno 10000.'], 'queryorderdetail does not take the signature'],
  ])(
    'neither: %j',
    async (failure, words) => {
      const functions = staged(({ appId }) =>
        appId === '2' ? failure : ['BAIDU_ERROR', 'Baidu answered with errno 10002.'],
      );
      const { code, output } = await smoke({ functions });
      expect(output).toContain(`WRONG Baidu answers: app 2: ${words}`);
      expect(code).toBe(1);
    },
    60_000,
  );

  test('the second fails', async () => {
    const functions = staged(({ tpOrderId }) =>
      tpOrderId === undefined
        ? ['ORDER_UNKNOWN', 'Nobody.']
        : ['BAIDU_ERROR', 'Baidu gives no access token: invalid_client.'],
    );
    const { output } = await smoke({ functions });
    expect(output).toContain(
      'WRONG Baidu answers: app 1: findByTpOrderId: BAIDU_ERROR: Baidu gives no access token',
    );
  }, 60_000);
});

const said = (output: string) => output.trimEnd().split('\n');

describe('npm run smoke says once, and what to do, that', () => {
  test('there are no credentials', async () => {
    const environment = { AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined };
    const { code, output } = await smoke({ environment });
    expect(said(output)).toEqual([
      'There are no AWS credentials. Sign in (aws configure), or set AWS_PROFILE, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; in China those of an account of AWS in China.',
    ]);
    expect(code).toBe(1);
  });

  test('there are no credentials, in Chinese and without a word of the SDK', async () => {
    const none = { AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined };
    const args = ['--stage', 'prod', '--region', 'cn-north-1', '--lang', 'zh'];
    expect(said((await smoke({ args, environment: none })).output)).toEqual([
      '没有 AWS 凭证。请登录（aws configure），或设置 AWS_PROFILE，或设置 AWS_ACCESS_KEY_ID 和 AWS_SECRET_ACCESS_KEY；中国区须用 AWS 中国账号的凭证。',
    ]);
    const misspelt = { ...none, AWS_PROFILE: 'nosuch' };
    expect(said((await smoke({ args, environment: misspelt })).output)).toEqual([
      '没有 AWS 凭证：本机没有名为 nosuch 的配置（profile），或其中没有凭证。AWS_PROFILE 写对了吗？',
    ]);
  });

  test.each([
    [
      'the credentials have expired',
      { code: 'ExpiredToken', message: 'The security token included in the request is expired' },
      'The AWS credentials have expired. Sign in again, or set new ones.',
    ],
    [
      'the credentials are of another partition',
      { code: 'InvalidClientTokenId', message: 'The security token included in the request is invalid.' },
      'AWS does not take these credentials in cn-north-1 (InvalidClientTokenId). Regions in China take those of an account of AWS in China, and no others do.',
    ],
    [
      'the secret key is wrong, without the text that was signed',
      {
        code: 'SignatureDoesNotMatch',
        message: 'The canonical string should have been x-amz-security-token',
      },
      'AWS does not take these credentials in cn-north-1 (SignatureDoesNotMatch). Regions in China take those of an account of AWS in China, and no others do.',
    ],
  ])('%s', async (_, refusal, line) => {
    const { code, output } = await smoke({ refusal });
    expect(said(output)).toEqual([line]);
    expect(code).toBe(1);
  });

  test('no region is named', async () => {
    const { code, output } = await smoke({ args: ['--stage', 'prod'] });
    expect(said(output)).toEqual(['No region is named: give --region, or set AWS_REGION.']);
    expect(code).toBe(1);
  });

  test('there is no such stack in the region', async () => {
    const { code, output } = await smoke({ args: ['--stage', 'beta', '--region', 'ap-east-1'] });
    expect(said(output)).toEqual([
      'There is no stack baidu-payment-status-beta in ap-east-1. Give the --stage and the --region that it was deployed with, and the credentials of its account.',
    ]);
    expect(code).toBe(1);
  });

  test('in Chinese, too', async () => {
    const args = ['--stage', 'beta', '--region', 'ap-east-1', '--lang', 'zh'];
    expect(said((await smoke({ args })).output)).toEqual([
      'ap-east-1 中没有堆栈 baidu-payment-status-beta。请给出部署时所用的 --stage 和 --region，以及那个账号的凭证。',
    ]);
  });

  test('it was not asked rightly', async () => {
    const { code, output } = await smoke({ args: ['--stge', 'prod'] });
    expect(said(output)[0]).toBe('There is no option --stge.');
    expect(code).toBe(2);
  });

  test('AWS cannot be reached', async () => {
    const environment = { AWS_ENDPOINT_URL_CLOUDFORMATION: 'http://127.0.0.1:1' };
    const { code, output } = await smoke({ environment });
    expect(said(output)).toEqual([
      "AWS cannot be reached in cn-north-1 (connect ECONNREFUSED 127.0.0.1:1). Is that the region's name, and is there a network?",
    ]);
    expect(code).toBe(1);
  });
});

describe('npm run smoke', () => {
  test('takes the region from the profile', async () => {
    const file = path.join(mkdtempSync(path.join(tmpdir(), 'smoke-')), 'config');
    writeFileSync(file, '[default]\nregion = ap-east-1\n');
    const { output } = await smoke({ args: ['--stage', 'beta'], environment: { AWS_CONFIG_FILE: file } });
    rmSync(path.dirname(file), { recursive: true });
    expect(output).toContain('There is no stack baidu-payment-status-beta in ap-east-1.');
  });

  test.each(['AWS_REGION', 'AWS_DEFAULT_REGION'])('takes the region from %s', async (name) => {
    const { code, output } = await smoke({ args: ['--stage', 'prod'], environment: { [name]: 'ap-east-1' } });
    expect(output).not.toContain('WRONG');
    expect(code).toBe(0);
  });

  test('checks what it can where the stack may not be described', async () => {
    const refusal = {
      code: 'AccessDenied',
      message: 'not authorized to perform cloudformation:DescribeStacks',
    };
    const { code, output } = await smoke({ refusal });
    expect(output).toMatch(/ok\s+query signs/);
    expect(output).toMatch(/WRONG the webhook refuses what is forged: not authorized to perform/);
    expect(code).toBe(1);
  });
});
