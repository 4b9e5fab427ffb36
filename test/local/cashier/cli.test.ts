import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createHash, createVerify, generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { readPublicKey } from '../../../local/cashier/signature/keys.ts';
import { sign } from '../../../local/cashier/signature/signature.ts';
import { startAgain } from '../../support/again.ts';
import { occupy } from '../../support/occupy.ts';
import { merchantKeys } from './merchant.ts';

const CLI = join(import.meta.dirname, '../../../local/cashier/cli.ts');
const folder = mkdtempSync(join(tmpdir(), 'cashier-'));
afterAll(() => rmSync(folder, { recursive: true }));

const children: ChildProcess[] = [];
afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
  }
});

/** Starts a program and lets a test wait for what it prints. */
function start(command: string, args: string[], env: Record<string, string> = {}) {
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1', LC_ALL: 'C.UTF-8', ...env },
  });
  children.push(child);
  let output = '';
  let look: () => void = () => {};
  const take = (chunk: Buffer) => {
    output += chunk;
    look();
  };
  child.stdout.on('data', take);
  child.stderr.on('data', take);
  const exit = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const printed = (pattern: RegExp): Promise<RegExpExecArray> =>
    new Promise((resolve, reject) => {
      look = () => {
        const found = pattern.exec(output);
        if (found) resolve(found);
      };
      void exit.then(() => reject(new Error(`ended without printing ${pattern}:\n${output}`)));
      look();
    });
  return { child, exit, printed, output: () => output };
}

const cli = (...args: string[]) => start(process.execPath, [CLI, ...args]);

const again = startAgain();
afterAll(() => again.end());

/** What the command answers where it begins nothing. */
async function asked(args: readonly string[]): Promise<{ code: number; output: string }> {
  const environment = { NO_COLOR: '1', LC_ALL: 'C.UTF-8' };
  const run = { program: CLI, args, environment, folder: process.cwd(), stdin: '' };
  const { code, stdout, stderr } = await again.run(run);
  return { code, output: stdout + stderr };
}

const post = async (url: string, body: object = {}) => {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  return JSON.parse(await response.text());
};

function writeKey(name: string, key: string): string {
  const file = join(folder, name);
  writeFileSync(file, key);
  return file;
}

const publicPem = merchantKeys.publicKey.export({ type: 'spki', format: 'pem' }).toString();
const platformPem = merchantKeys.privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();

describe('a webhook of some lines in Python', () => {
  test('is driven through a payment and a refund', async () => {
    if (spawnSync('python3', ['--version']).status !== 0) {
      throw new Error('This test needs python3 on PATH: it shows that the cashier drives other languages.');
    }
    const webhook = start('python3', [join(import.meta.dirname, 'webhook.py')]);
    const [notifyUrl] = await webhook.printed(/^http\S+/);
    const key = ['--platform-key', writeKey('platform.pem', platformPem)];
    const refunds = ['--refund-notify-url', `${notifyUrl}refund`, '--refund-audit-url', `${notifyUrl}audit`];
    const cashier = cli('--port', '0', '--notify-url', notifyUrl, ...refunds, ...key);
    const [, url] = await cashier.printed(/^Page +(\S+)$/m);
    const order = { orderId: '1920891312', tpOrderId: 'T-1', totalMoney: 9900, returnData: '座位 7' };
    await post(`${url}/api/orders`, order);
    const result = await post(`${url}/api/orders/1920891312/pay`, { payType: '1117' });
    expect(result).toMatchObject({ outcome: 'settled', order: { settlement: 'SETTLED' } });
    await webhook.printed(/^2 1920891312 9900 座位 7$/m);
    await cashier.printed(/1920891312 +Notification +The money settles: isConsumed is 2 \(\d+ ms\)$/m);

    const fields = new URLSearchParams(result.form);
    const signature = fields.get('rsaSign') ?? '';
    const verifier = createVerify('sha1').update(result.signedText);
    expect(verifier.verify(merchantKeys.publicKey, signature, 'base64')).toBe(true);

    const refunded = await post(`${url}/api/orders/1920891312/refunds`, { money: 300 });
    const { refundBatchId } = refunded.refund;
    expect(refunded).toMatchObject({ audit: { outcome: 'approved' }, notification: { outcome: 'told' } });
    await webhook.printed(new RegExp(`^/refund 1920891312 ${refundBatchId} 1$`, 'm'));
    await cashier.printed(/1920891312 +Refund notification +Baidu’s console shows the refund: errno is 0/);
    cashier.child.kill('SIGINT');
    expect(await cashier.exit).toBe(0);
  });
});

describe('a broken query', () => {
  test('is printed with the rule that it broke and the text that was expected', async () => {
    const cashier = cli('--port', '0', '--merchant-public-key', writeKey('merchant.pem', publicPem));
    const [, queryUrl] = await cashier.printed(/^Query URL +(\S+)$/m);
    const params = { appId: '10026', appKey: 'MMM4oc', orderId: '7', siteId: '8' };
    const wrong = sign({ ...params, siteId: '9' }, merchantKeys.privateKey);
    const answer = await fetch(`${queryUrl}?${new URLSearchParams({ ...params, sign: wrong })}`);
    expect(await answer.json()).toMatchObject({ errno: 10000, errmsg: '签名错误' });
    const begin = createHash('sha1')
      .update('appId=10026&appKey=MMM4oc&orderId=7&siteId=8')
      .digest('hex')
      .slice(0, 8);
    await cashier.printed(new RegExp(`Query +errno 10000: the right key signed another text.* ${begin} `));
    await cashier.printed(/expected to be signed: appId=10026&appKey=MMM4oc&orderId=7&siteId=8$/m);
    expect(cashier.output()).not.toContain(wrong);
  });

  test('is printed with its control characters escaped', async () => {
    const cashier = cli('--port', '0', '--merchant-public-key', writeKey('merchant.pem', publicPem));
    const [, queryUrl] = await cashier.printed(/^Query URL +(\S+)$/m);
    const params = { appId: '10026', appKey: 'MMM4oc', orderId: '7', siteId: '8', 'x\u001b[2J': 'y' };
    await fetch(`${queryUrl}?${new URLSearchParams({ ...params, sign: 'z' })}`);
    await cashier.printed(/Query +errno .*\\u\{1b\}\[2J/);
    expect(cashier.output()).not.toContain('\u001b');
  });
});

describe('a private key that a client sends', () => {
  test('is in no line of the terminal, which says what happened', async () => {
    const cashier = cli('--port', '0', '--merchant-public-key', writeKey('merchant.pem', publicPem));
    const [, queryUrl] = await cashier.printed(/^Query URL +(\S+)$/m);
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
    const sent = privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
    const params = { appId: '10026', appKey: sent, orderId: '7', siteId: '8', sign: 'x' };
    await fetch(`${queryUrl}?${new URLSearchParams(params)}`);
    await cashier.printed(/Query +errno 10001: appKey holds a private key: it was removed here/);
    await cashier.printed(/expected to be signed: appId=10026&appKey=\[private key removed .*\]&orderId=7/);
    for (const line of sent.split('\n').filter((each) => each.length > 20 && !each.includes('-----'))) {
      expect(cashier.output()).not.toContain(line);
    }
  });
});

describe('in Chinese', () => {
  test('the cashier says where it is, what is missing, and what happens', async () => {
    const cashier = start(process.execPath, [CLI, '--port', '0'], { LC_ALL: 'zh_CN.UTF-8' });
    const [, queryUrl] = await cashier.printed(/^查询地址 +(\S+)$/m);
    await cashier.printed(/^支付回调 +未设置：通知无处可送/m);
    await cashier.printed(/^按 Ctrl-C 结束。$/m);
    await fetch(`${queryUrl}?appId=1`);
    const refused = await fetch(`${new URL(String(queryUrl)).origin}/api/orders/1`);
    expect(await refused.json()).toMatchObject({ message: '订单 1 不存在' });
    await cashier.printed(/状态查询 +errno 10001：缺少参数 appKey/);
    const rows = cashier.output().split('\n\n')[0] ?? '';
    expect(
      rows.replace(/https?:\S+|\b(appId|appKey|dealId|smartAppKey|smartAppSecret) \w+/g, ''),
    ).not.toMatch(/[A-Z][a-z]+ [a-z]+/);
  });

  test.each([
    [['--lang', 'zh', '--help'], 0, '百度收银台的本地替身'],
    [['--lang', 'zh', '--colour', 'red'], 2, '没有选项 --colour。'],
    [['--lang', 'zh', 'red'], 2, 'red 不是选项：本命令只接受选项。'],
    [['--lang', 'zh', '--port'], 2, '--port 缺少值。'],
    [['--lang', 'zh', '--help=yes'], 2, '--help 不带值。'],
    [['--lang=zh', '--repeat-count', '-1'], 2, '--repeat-count 缺少值；以 - 开头的值请写作'],
    [['--lang=zh', '--port', '99999'], 2, '--port 必须是 0 到 65535 的整数'],
    [['--lang=zh', '--on-error', 'cry'], 2, '--on-error 只能是 repeat 或 refund'],
    [['--lang=zh', '--notify-url', 'x'], 2, '--notify-url 必须是 http 或 https 地址'],
    [['--lang=zh', '--platform-key', 'nothing.pem'], 2, '--platform-key：没有文件 nothing.pem。'],
  ])('%j', async (args, code, words) => {
    const answer = await asked(args);
    expect(answer.code).toBe(code);
    expect(answer.output).toContain(words);
  });
});

test('a reader that goes away ends nothing', async () => {
  const cashier = cli('--port', '0');
  const [, url] = await cashier.printed(/^Page +(\S+)$/m);
  cashier.child.stdout?.destroy();
  for (const orderId of ['1', '2', '3']) {
    await post(`${url}/api/orders`, { orderId, tpOrderId: `T-${orderId}`, totalMoney: 1 });
  }
  expect((await fetch(`${url}`)).status).toBe(200);
  cashier.child.kill('SIGINT');
  expect(await cashier.exit).toBe(0);
  expect(cashier.output()).not.toContain('EPIPE');
});

describe('the command line', () => {
  test('--help shows every option and ends well', async () => {
    const help = await asked(['--help']);
    expect(help.code).toBe(0);
    for (const option of ['port', 'notify-url', 'platform-key', 'merchant-public-key', 'repeat-count']) {
      expect(help.output).toContain(`--${option} `);
    }
  });

  test('a port that is asked for and in use is refused: whoever asked would talk to a stranger', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const address = other.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const { code, output } = await asked(['--port', String(port)]);
    expect(output).toMatch(new RegExp(`^--port ${port}: port ${port} is in use\\.$`, 'm'));
    expect(code).toBe(2);
    other.close();
  });

  test('its own port in use is said, and another taken', async () => {
    await occupy(8620);
    const cashier = cli();
    const [, taken] = await cashier.printed(/^Port 8620 is in use; (\d+) is taken instead\.$/m);
    await cashier.printed(new RegExp(`^Page +http://127\\.0\\.0\\.1:${taken}$`, 'm'));
  });

  test('ends with npm, which hands a signal to its shell alone', async () => {
    const npm = start('npm', ['run', '--silent', 'cashier', '--', '--port', '0']);
    const [, url = ''] = await npm.printed(/^Page +(\S+)$/m);
    npm.child.kill('SIGTERM');
    await npm.exit;
    await expect.poll(() => fetch(url).catch(() => 'gone'), { timeout: 10_000 }).toBe('gone');
  });

  test('keys are taken bare, and what is missing is said', async () => {
    const bare = merchantKeys.publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
    const cashier = cli(
      '--port',
      '0',
      '--merchant-public-key',
      bare,
      '--app-id',
      '7',
      '--app-key',
      'k',
      '--smart-app-secret',
      'own-secret',
    );
    await cashier.printed(/^App +appId 7, appKey k, dealId 470193086$/m);
    await cashier.printed(/^Mini-program +smartAppKey [0-9a-f]{32}, smartAppSecret own-secret$/m);
    await cashier.printed(/^Openapi URL +http:\/\/127\.0\.0\.1:\d+$/m);
    await cashier.printed(/^Notify URL +not given: notifications go nowhere/m);
    const [, platform = ''] = await cashier.printed(/^Platform key +(\S+)$/m);
    expect(readPublicKey(platform).asymmetricKeyDetails?.modulusLength).toBe(1024);
    expect(cashier.output()).toContain(bare);
  });

  test.each([
    [['--colour', 'red'], 'There is no option --colour.'],
    [['red'], 'red is no option'],
    [['--port'], '--port lacks its value.'],
    [['--help=yes'], '--help takes no value.'],
    [['--port', '99999'], '--port must be a whole number from 0 to 65535, not 99999'],
    [['--repeat-count', '-1'], '--repeat-count lacks its value; one that begins with a dash is'],
    [['--lang', 'fr'], '--lang must be en or zh.'],
    [
      ['--repeat-interval-ms', '2m'],
      '--repeat-interval-ms must be a whole number from 0 to 2147483647, not 2m',
    ],
    [['--on-error', 'cry'], '--on-error must be repeat or refund, not cry'],
    [['--sign-values', 'twice'], '--sign-values must be raw or encoded, not twice'],
    [['--platform-key', 'nothing.pem'], '--platform-key: there is no file nothing.pem'],
    [['--notify-url', 'nowhere'], '--notify-url must be an http or https URL, not nowhere'],
    [['--refund-audit-url', 'ftp://x'], '--refund-audit-url must be an http or https URL, not ftp://x'],
    [['--merchant-public-key', folder], '--merchant-public-key: '],
    [['--merchant-public-key', CLI], '--merchant-public-key: this is not an RSA public key'],
    [['--platform-key', CLI], 'is not an RSA private key of 1024 bits or more'],
    [
      ['--merchant-public-key', writeKey('own.pem', platformPem)],
      '--merchant-public-key: this is a private key',
    ],
    [['--app-key', platformPem], 'Name a file, not what is in it.'],
  ])('%j is refused', async (args, message) => {
    const { code, output } = await asked(args);
    expect(code).toBe(2);
    expect(output).toContain(message);
    expect(output).toContain('npm run cashier -- [options]');
    expect(output).not.toContain(platformPem.slice(40, 60));
    expect(output).not.toMatch(/^ +at /m);
  });
});
