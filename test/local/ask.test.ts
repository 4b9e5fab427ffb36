import { generateKeyPairSync } from 'node:crypto';
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BaiduError, ServiceError } from '../../lib/baidu/errors.ts';
import { TransportError } from '../../lib/baidu/http/https.ts';
import { publicKeyText } from '../../lib/baidu/keys.ts';
import { advise } from '../../local/ask/advice.ts';
import { baiduFault } from '../../local/ask/baidu-faults.ts';
import { type Cashier, startCashier } from '../../local/cashier/index.ts';
import { startAgain } from '../support/again.ts';
import { answerBody, says, startBaidu } from '../support/baidu.ts';
import { CONSUMED } from './cashier/merchant.ts';

const root = path.resolve(import.meta.dirname, '../..');
const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const other = generateKeyPairSync('rsa', { modulusLength: 2048 });
const pem = (key: typeof privateKey) => key.export({ type: 'pkcs8', format: 'pem' }).toString();
const APP = { appId: '15310', appKey: 'MMUxYz', privateKey: pem(privateKey) };
const ORDER = { orderId: '9007199254740993', userId: '3269234686470', tpOrderId: 'T-1', totalMoney: 990 };

const CLI = path.join(root, 'local/ask.ts');
const again = startAgain();

let folder: string;
let cashier: Cashier;
let gone: Cashier;
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'ask-'));
  const options = {
    ...{ appId: APP.appId, appKey: APP.appKey, merchantPublicKey: publicKey },
    deliver: async () => ({ status: 200, body: CONSUMED }),
  };
  [cashier, gone] = await Promise.all([startCashier(options), startCashier(options)]);
  cashier.createOrder(ORDER);
  await cashier.pay(ORDER.orderId);
  cashier.refund(ORDER.orderId, 'PROCESSING');
  gone.setFaults({ queryGone: true });
});
afterAll(async () => {
  await Promise.all([cashier.close(), gone.close(), again.end()]);
  rmSync(folder, { recursive: true });
});

/** The secret of the merchant, with the pair of the second generation, as a file of its own. */
let files = 0;
function file(change: Record<string, unknown> = {}, content?: string): string {
  files += 1;
  const name = path.join(folder, `secret-${files}.json`);
  const { smartAppKey, smartAppSecret } = cashier;
  writeFileSync(name, content ?? JSON.stringify({ ...APP, smartAppKey, smartAppSecret, ...change }));
  return name;
}

/** Runs the command as its user does; nothing that it prints may be confidential. */
async function ask(args: string[], { stdin = '', env = {} }: { stdin?: string; env?: object } = {}) {
  const environment = { NO_COLOR: '1', LANG: 'C', ...env };
  const run = { program: CLI, args, environment, folder: root, stdin };
  const { code, stdout: out, stderr: err } = await again.run(run);
  for (const key of [APP.privateKey, pem(other.privateKey)]) {
    for (const line of key.split('\n').filter((each) => each.length > 40)) {
      expect(out + err).not.toContain(line);
    }
  }
  expect(out + err).not.toContain(cashier.smartAppSecret);
  expect(out + err).not.toMatch(/24\.[0-9a-f]{32}|^ +at /m);
  return { code, out, err };
}

const byBaidu = (change: { order?: string; user?: string } = {}) => {
  const { order = ORDER.orderId, user = ORDER.userId } = change;
  return ['--order', order, '--user', user, '--url', cashier.queryUrl];
};
const byMerchant = (id = ORDER.tpOrderId) => ['--merchant-order', id, '--url', cashier.openapiUrl];

test('a Baidu that sends escape sequences paints nothing on the terminal', async () => {
  const painted = '\u001b[2J\u001b[32mPAID\u202e\u009b2J';
  const status = { statusNum: -1, statusDesc: painted };
  const statuses = { payStatus: status, refundStatus: status, verification: status };
  const answers = [
    answerBody({ data: { data: statuses }, serverlogid: painted }),
    answerBody({ errno: 10000, errmsg: painted }),
  ];
  const baidu = await startBaidu();
  try {
    for (const body of answers) {
      baidu.always(says(body));
      for (const json of [[], ['--json']]) {
        const words = ['--order', '77777', '--user', '88888', '--url', baidu.url, ...json];
        const { out, err } = await ask([file(), ...words]);
        expect(out + err).toContain('PAID');
        expect(out + err).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}]/u);
      }
    }
  } finally {
    await baidu.close();
  }
});

describe.concurrent('npm run ask: an answer', () => {
  test('by Baidu’s ids, for people', async () => {
    const { code, out, err } = await ask([file(), ...byBaidu()]);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(
      /^Order 9007199254740993 of user 3269234686470, app 15310\n {2}payment: PAID \(1 支付成功\)\n {2}refund: PROCESSING \(1 退费中\)\n {2}verification: NOT_VERIFIED \(-1 无核销数据\)\nBaidu answered by queryorderdetail at \S+, serverlogid \d+\.\n$/,
    );
  });

  test('by Baidu’s ids, for programs', async () => {
    const { code, out } = await ask([file(), ...byBaidu(), '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      ...{ appId: '15310', orderId: ORDER.orderId, siteId: ORDER.userId },
      payment: { status: 'PAID', code: 1, description: '支付成功' },
      source: { api: 'queryorderdetail' },
    });
  });

  test('by the merchant’s id, in Chinese', async () => {
    const { code, out } = await ask([file(), ...byMerchant()], { env: { LANG: 'zh_CN.UTF-8' } });
    expect(code).toBe(0);
    expect(out).toBe(
      '订单 9007199254740993，用户 3269234686470，应用 15310\n  商户订单号 T-1\n  总金额 9.90 元\n  实付 9.90 元\n' +
        '  支付：PAID（2 已支付）\n  退款：PROCESSING（1 退款中）\n  核销：UNKNOWN（第二代接口不提供）\n百度由 findByTpOrderId 应答。\n',
    );
  });

  test('by the merchant’s id, for programs, the secret from standard input', async () => {
    const { smartAppKey, smartAppSecret } = cashier;
    const stdin = JSON.stringify({ apps: [{ ...APP, smartAppKey, smartAppSecret }] });
    const { code, out } = await ask(['-', ...byMerchant(), '--json'], { stdin });
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      ...{ orderId: ORDER.orderId, tpOrderId: 'T-1', totalMoney: 990, payMoney: 990 },
      verification: { status: 'UNKNOWN', code: null, description: '' },
    });
  });

  test('for the app that is chosen, whatever the others hold', async () => {
    const secret = file({}, JSON.stringify({ apps: [{ appId: 1, privateKey: 'broken' }, APP] }));
    expect(await ask([secret, ...byBaidu(), '--app', '15310'])).toMatchObject({ code: 0 });
  });
});

describe.concurrent('npm run ask: a refusal is named', () => {
  test('the key in the console is another, with ours to compare', async () => {
    const { code, out, err } = await ask([file({ privateKey: pem(other.privateKey) }), ...byBaidu()]);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toContain(
      'Baidu refused: errno 10000, “签名错误”.\nMost likely:\n  The public key in Baidu’s console',
    );
    expect(err).toContain(`\n  ${publicKeyText(other.publicKey)}\n`);
  });

  test('the order is of another user', async () => {
    const { code, err } = await ask([file(), ...byBaidu({ user: '5' })]);
    expect(code).toBe(1);
    expect(err).toContain('errno 10002');
    expect(err).toContain(
      'Most likely:\n  The order is of another user: --user is the userId of its payment',
    );
    expect(err).toContain('The order is of another app than 15310');
  });

  test('the mini-program’s App Key stands in the place of the payment appKey, with a wrong key or a right one', async () => {
    const { err } = await ask([file({ appKey: cashier.smartAppKey }), ...byBaidu(), '--lang', 'zh']);
    expect(err).toContain('百度拒绝了查询：errno 10002');
    expect(err).toContain('最可能的原因：\n  appKey 有 32 个字符，是小程序自己的 App Key');
    const second = await ask([file({ appKey: cashier.smartAppKey }), ...byMerchant(), '--json']);
    expect(second.code).toBe(1);
    expect(JSON.parse(second.out)).toEqual({
      error: {
        ...{ code: 'BAIDU_ERROR', errno: 60008, errmsg: '支付服务未开通' },
        message: 'Baidu refused: errno 60008, “支付服务未开通”.',
        advice: expect.arrayContaining([
          expect.stringMatching(/^appKey has 32 letters: it is the mini-program’s/),
        ]),
      },
    });
  });

  test('the payment appKey stands in the place of the mini-program’s App Key', async () => {
    const { code, err } = await ask([file({ smartAppKey: APP.appKey }), ...byMerchant()]);
    expect(code).toBe(1);
    expect(err).toContain('Most likely:\n  smartAppKey is a payment appKey (MM…)');
    expect(err).toContain('smartAppKey and smartAppSecret are not a pair');
  });

  test('the App Secret was reset', async () => {
    const { err } = await ask([file({ smartAppSecret: 'old' }), ...byMerchant()]);
    expect(err).toContain('invalid_client');
    expect(err).toContain('Most likely:\n  smartAppKey and smartAppSecret are not a pair');
  });

  test('nothing listens', async () => {
    for (const args of [
      ['--order', '1', '--user', '2', '--url', 'http://127.0.0.1:1/query'],
      ['--merchant-order', '1', '--url', 'http://127.0.0.1:1'],
    ]) {
      const { code, err } = await ask([file(), ...args]);
      expect(code).toBe(1);
      expect(err).toContain(
        'No connection to Baidu. (BAIDU_UNREACHABLE)\nMost likely:\n  There is no connection (ECONNREFUSED): no network',
      );
    }
  });

  test('the address does not answer any more: the second generation may', async () => {
    const args = ['--order', '1', '--user', '2', '--url', gone.queryUrl];
    const { code, err } = await ask([file({ smartAppKey: undefined, smartAppSecret: undefined }), ...args]);
    expect(code).toBe(1);
    expect(err).toContain(
      'HTTP status 404. (BAIDU_BAD_RESPONSE)\nMost likely:\n  The address does not answer queries any more',
    );
    expect(err).toContain('Try the second generation: --merchant-order');
    expect(err).toContain('It takes smartAppKey and smartAppSecret in the secret');
  });

  test('the address has no path', async () => {
    const args = ['--order', '1', '--user', '2', '--url', cashier.openapiUrl];
    const { code, err } = await ask([file(), ...args, '--lang', 'zh']);
    expect(code).toBe(1);
    expect(err).toContain('最可能的原因：\n  --url 没有路径：与 --order 同用时应为完整的查询地址');
    expect(err).toContain(`的路径都是 ${new URL(cashier.queryUrl).pathname}。`);
  });

  test('Baidu has no such order', async () => {
    const { code, err } = await ask([file(), ...byMerchant('T-none')]);
    expect(code).toBe(1);
    expect(err).toContain('Baidu has no such order.\nMost likely:\n  The order is of another app than 15310');
    expect(JSON.parse((await ask([file(), ...byMerchant('T-none'), '--json'])).out)).toMatchObject({
      error: { code: 'ORDER_UNKNOWN' },
    });
  });
});

describe.concurrent('npm run ask: a secret that cannot be used is named before Baidu is asked', () => {
  const orders = ['--order', '1', '--user', '2'];

  test.each<[string, () => string, string[], RegExp]>([
    ['no file', () => '/no/such/file', orders, /^ {2}file is not there: \/no\/such\/file\.$/m],
    ['no JSON', () => file({}, '{"appId":1,'), orders, /secret/],
    ['no key', () => file({ privateKey: 'none' }), orders, /privateKey is/],
    ['a public key', () => file({ privateKey: publicKeyText(publicKey) }), orders, /privateKey .*public/],
    ['no appId', () => file({ appId: undefined }), orders, /appId is missing/],
    ['a sample', () => file({ appId: '10026' }), orders, /appId is the documentation’s sample value/],
    ['no apps', () => file({}, '{"apps":[]}'), orders, /apps must be a list of apps, one at least/],
    [
      'no pair',
      () => file({ smartAppKey: undefined, smartAppSecret: undefined }),
      ['--merchant-order', '1'],
      /smartAppSecret are missing/,
    ],
    [
      'half a pair',
      () => file({ smartAppKey: undefined }),
      orders,
      /smartAppKey is missing, as smartAppSecret is there/,
    ],
  ])('%s', async (_name, secret, args, words) => {
    const { code, out, err } = await ask([secret(), ...args]);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toMatch(/^The secret cannot be used; Baidu was not asked\.\n/);
    expect(err).toMatch(words);
  });

  test('in Chinese', async () => {
    const { err } = await ask(['/no/such/file', ...orders, '--lang', 'zh']);
    expect(err).toBe('secret 无法使用，未向百度查询。\n  文件：找不到 /no/such/file。\n');
  });

  test('what only the deployed service needs may be missing or wrong', async () => {
    const secret = file({ apiTokens: [], platformPublicKey: 'none' });
    expect(await ask([secret, ...byBaidu()])).toMatchObject({ code: 0 });
  });
});

describe.concurrent('npm run ask: what was not asked rightly', () => {
  const two = JSON.stringify({ apps: [APP, { ...APP, appId: '15311' }] });

  test.each<[string, string[], string, object]>([
    ['nothing', [], 'Name one secret', {}],
    ['two files', ['a', 'b', '--merchant-order', '1'], 'Name one secret', {}],
    ['no order', ['-'], 'Name the order: --order and --user, or --merchant-order.', {}],
    ['both', ['-', '--order', '1', '--user', '1', '--merchant-order', '1'], 'Name the order', {}],
    ['no user', ['-', '--order', '1'], '--user is missing', {}],
    ['an id that is none', ['-', '--order', '01', '--user', '1'], '--order must be a whole number', {}],
    ['a user that is none', ['-', '--order', '1', '--user', 'x'], '--user must be a whole number', {}],
    ['an app that is none', ['-', '--merchant-order', '1', '--app', 'x'], '--app must be a whole number', {}],
    ['a strange merchant’s id', ['-', '--merchant-order', 'a&b'], '--merchant-order is 1 to 128 visible', {}],
    ['http to elsewhere', ['-', '--merchant-order', '1', '--url', 'http://example.com'], '--url must be', {}],
    ['a query in the URL', ['-', '--merchant-order', '1', '--url', 'https://x/?a=1'], '--url must be', {}],
    ['a strange option', ['-', '--verbose'], 'There is no option --verbose.', {}],
    ['a strange language', ['-', '--lang', 'fr'], '--lang must be en or zh.', {}],
    ['content', [`{"appId":1}`, '--merchant-order', '1'], 'Name a file, not what is in it', {}],
    ['options before --', ['-'], 'npm has taken --order', { npm_config_order: '1' }],
    ['several apps', ['-', '--merchant-order', '1'], 'several apps: name one with --app (15310, 15311)', {}],
    ['another app', ['-', '--merchant-order', '1', '--app', '7'], 'holds no app 7, but 15310, 15311', {}],
  ])('%s', async (_name, args, words, env) => {
    const { code, out, err } = await ask(args, { stdin: two, env });
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(words);
    expect(err).toContain('npm run ask -- SECRET.json');
  });

  test('another app than the only one', async () => {
    expect(await ask([file(), ...byBaidu(), '--app', '7'])).toMatchObject({ code: 2 });
  });

  test('--help', async () => {
    expect(await ask(['--help'])).toMatchObject({
      code: 0,
      out: expect.stringContaining('--merchant-order ID'),
    });
    const { out } = await ask(['-h'], { env: { LC_ALL: 'zh_CN.UTF-8' } });
    expect(out).toContain('退出码');
  });
});

describe('advise()', () => {
  const asking = { app: { ...APP, privateKey }, smartAppKey: 'k'.repeat(32), smartAppSecret: 's' };
  const first = { asking, wanted: { orderId: '1', siteId: '2' }, url: undefined };
  const second = { asking, wanted: { tpOrderId: '1' }, url: undefined };
  const likeliest = (error: ServiceError, asked: Parameters<typeof advise>[1] = first) => {
    const [line] = advise(error, asked);
    return typeof line === 'string' ? line : (line?.en ?? '');
  };
  const lost = (code: string) => {
    const cause = new TransportError('unreachable', { cause: Object.assign(new Error('x'), { code }) });
    return new ServiceError('BAIDU_UNREACHABLE', 'No connection to Baidu.', { cause });
  };

  test.each<[ServiceError, Parameters<typeof advise>[1], string]>([
    [
      lost('ENOTFOUND'),
      first,
      'The name of the address is not found (ENOTFOUND): this machine has no network',
    ],
    [lost('EAI_AGAIN'), second, 'The name of the address is not found (EAI_AGAIN)'],
    [lost('SELF_SIGNED_CERT_IN_CHAIN'), first, 'Its certificate is not to be trusted'],
    [lost('ETIMEDOUT'), first, 'There is no connection (ETIMEDOUT)'],
    [new ServiceError('BAIDU_TIMEOUT', 'Late.'), first, 'The network lets nothing through'],
    [new BaiduError(5010003, '', true), first, 'Try again in a minute.'],
    [new BaiduError(50029, '', true), second, 'Try again in a minute.'],
    [new BaiduError(970, '', false), first, 'The mini-program has no payment service'],
    [new BaiduError(6001, '', false), second, 'The mini-program has no payment service'],
    [new BaiduError(930, '', false), first, 'The public key in Baidu’s console'],
    [new BaiduError(10001, '', false), first, 'The order is of another user'],
    [new BaiduError(424242, '', false), first, 'The order is of another app than 15310'],
    [new BaiduError(111, '', false), second, 'smartAppKey and smartAppSecret are not a pair'],
    [new BaiduError(60000, '', false), second, 'The order is of another app than 15310'],
    [new ServiceError('BAIDU_BAD_RESPONSE', 'with HTTP status 503.'), first, 'Try again in a minute.'],
    [
      new ServiceError('BAIDU_BAD_RESPONSE', 'is not JSON.'),
      first,
      'The address does not answer queries any more',
    ],
    [new ServiceError('BAIDU_BAD_RESPONSE', 'is not JSON.'), second, 'Something on the way answers'],
    [
      new ServiceError('BAIDU_BAD_RESPONSE', 'is not JSON.'),
      { ...second, url: new URL('https://proxy.example') },
      'The address of --url',
    ],
    [new ServiceError('INTERNAL_ERROR', 'x'), first, 'This is a fault of this program'],
  ])('%s: %o', (error, asked, words) => {
    expect(likeliest(error, asked)).toContain(words);
  });

  test('has each fault that the clients find in Chinese, too', () => {
    const sources = globSync('lib/baidu/**/*.ts', { cwd: root }).map((each) =>
      readFileSync(path.join(root, each), 'utf8'),
    );
    const samples = { '${status}': '404', '${name}': 'appId', '${field}': 'payStatus' };
    const found = sources
      .flatMap((source) => [
        ...[...source.matchAll(/ServiceError\('BAIDU_\w+', ['`](?!Baidu’s answer \$)(.*?)['`][,)]/g)].map(
          ([, text = '']) => text,
        ),
        ...[...source.matchAll(/badResponse\((?:[^'`)]*\? ')?['`]?(.*?)['`](?: : '(.*?)')?[,)]/g)].flatMap(
          ([, one, other]) => [one, other].flatMap((what) => (what ? [`Baidu’s answer ${what}.`] : [])),
        ),
      ])
      .map((text) =>
        Object.entries(samples).reduce((said, [name, value]) => said.replace(name, value), text),
      );
    expect(found.length).toBeGreaterThan(18);
    for (const message of found) {
      const { zh } = baiduFault(new ServiceError('BAIDU_BAD_RESPONSE', message));
      expect(zh, message).toMatch(/^(百度|连接不上百度)/);
      expect(zh).not.toMatch(/[a-z] [a-z]{2,} /);
    }
  });

  test('speaks both languages', () => {
    for (const errno of [10000, 10001, 10002, 970, 1, 110, 60008, 6001, 60000]) {
      for (const line of [first, second].flatMap((asked) =>
        advise(new BaiduError(errno, '', false), asked),
      )) {
        if (typeof line !== 'string') expect(line.zh).toMatch(/[\u4e00-\u9fff]/);
      }
    }
  });
});
