import { styleText } from 'node:util';
import { padded } from '../command/columns.ts';
import { type Given, runCommand, UsageError } from '../command/command.ts';
import { whenEnded } from '../command/ending.ts';
import type { Text } from '../command/language.ts';
import { type Screen, screenIn } from '../command/screen.ts';
import { visible } from '../visible.ts';
import { CashierError } from './error.ts';
import { type Cashier, type CashierOptions, type Hop, type OtherApp, startCashier } from './index.ts';
import { merchantKeyFrom, platformKeyFrom, urlFrom, wholeFrom, wordFrom } from './options.ts';
import { HOP_NAMES } from './orders/hop-names.ts';
import { holdsPrivateKey } from './signature/private-keys.ts';

const DEFAULT_PORT = 8620;

const HELP = {
  en: `A local stand-in for Baidu's cashier, with a page to drive it.

  npm run cashier -- [options]

  --port <n>                      where it listens on 127.0.0.1 (${DEFAULT_PORT}, or another where that is taken; 0 for
                                  a free port)
  --notify-url <url>              your webhook: payment notifications are posted there
  --refund-notify-url <url>       your webhook for refunds: without it nobody is told of one
  --refund-audit-url <url>        your webhook that is asked before a refund: without it nobody is asked
  --merchant-public-key <key>     your public key, to verify queries with: a file, or bare base64
  --platform-key <file>           RSA private key (PEM) that signs notifications; a new one by default
  --app-id <id>                   10026
  --app-key <key>                 MMM4oc
  --deal-id <id>                  470193086
  --other-app <id>,<key>,<deal>   another mini-program's appId, appKey and dealId; may be given several times
  --smart-app-key <key>           the mini-program's own App Key and App Secret, for the second
  --smart-app-secret <secret>     generation of Baidu's interface; new ones by default
  --repeat-interval-ms <n>        between repetitions of a notification (120000, as at Baidu); those of a
                                  refund come after 1, 2, 5, 15 and 30 times as long
  --repeat-count <n>              repetitions at most (200, as at Baidu)
  --answer-limit-ms <n>           in which your webhook must answer (2000, as at Baidu)
  --on-error <repeat|refund>      what an answer with errno other than 0 leads to: Baidu's pages say
                                  both (repeat)
  --sign-values <raw|encoded>     how notifications are signed: Baidu's pages say both (raw)
  --lang en|zh                    the language (by LANG otherwise)
  --help

Scripts drive it as its page does: docs/sandbox.md has the routes, and how to test a webhook in CI.

A platform key that stays the same: openssl genrsa -out platform.pem 2048
Your public key from your private one: openssl rsa -in merchant.pem -pubout
PKCS#1, as Go's x509.ParsePKCS1PrivateKey wants it: openssl rsa -in merchant.pem -traditional
`,
  zh: `百度收银台的本地替身，带操作页面。

  npm run cashier -- [选项]

  --port <n>                      在 127.0.0.1 上监听的端口（${DEFAULT_PORT}，被占用时另选；0 表示任意空闲端口）
  --notify-url <url>              您的支付回调地址：支付通知发到这里
  --refund-notify-url <url>       您的退款回调地址：没有它就不通知退款
  --refund-audit-url <url>        您的退款审核地址：没有它退款前就不询问
  --merchant-public-key <key>     您的公钥，用来验证查询的签名：文件，或不带首尾行的 base64
  --platform-key <file>           给通知签名的 RSA 私钥（PEM）；默认新生成一个
  --app-id <id>                   10026
  --app-key <key>                 MMM4oc
  --deal-id <id>                  470193086
  --other-app <id>,<key>,<deal>   另一个小程序的 appId、appKey 和 dealId；可以给出多次
  --smart-app-key <key>           小程序自己的 App Key 和 App Secret，用于第二代接口；
  --smart-app-secret <secret>     默认新生成
  --repeat-interval-ms <n>        重复通知的间隔（120000，与百度相同）；退款消息的间隔
                                  是它的 1、2、5、15、30 倍
  --repeat-count <n>              最多重复的次数（200，与百度相同）
  --answer-limit-ms <n>           您的服务应答的时限（2000，与百度相同）
  --on-error <repeat|refund>      应答 errno 不为 0 时怎么办：百度的文档两种说法都有（repeat）
  --sign-values <raw|encoded>     通知怎样签名：百度的文档两种说法都有（raw）
  --lang en|zh                    语言（默认按 LANG）
  --help

脚本也能像页面一样操作它：接口和在 CI 中测试的方法见 docs/sandbox.zh-CN.md。

固定不变的平台密钥：openssl genrsa -out platform.pem 2048
由私钥得到公钥：openssl rsa -in merchant.pem -pubout
PKCS#1 格式（Go 的 x509.ParsePKCS1PrivateKey 需要）：openssl rsa -in merchant.pem -traditional
`,
};

const text = { type: 'string' } as const;
const OPTIONS = {
  port: text,
  'notify-url': text,
  'refund-notify-url': text,
  'refund-audit-url': text,
  'merchant-public-key': text,
  'platform-key': text,
  'app-id': text,
  'app-key': text,
  'deal-id': text,
  'other-app': { type: 'string', multiple: true },
  'smart-app-key': text,
  'smart-app-secret': text,
  'repeat-interval-ms': text,
  'repeat-count': text,
  'answer-limit-ms': text,
  'on-error': text,
  'sign-values': text,
} as const;

/** Reads the options; throws `UsageError` for what makes no sense. */
function readOptions({ values, language }: Given<typeof OPTIONS>): CashierOptions {
  const { 'app-id': appId } = values;
  const milliseconds = (name: 'repeat-interval-ms' | 'answer-limit-ms') =>
    // Longer than this and Node's timers fire at once.
    wholeFrom(name, values[name], 2 ** 31 - 1);
  const url = (name: 'notify-url' | 'refund-notify-url' | 'refund-audit-url') => urlFrom(name, values[name]);
  return {
    port: wholeFrom('port', values.port, 65_535) ?? DEFAULT_PORT,
    strictPort: values.port !== undefined,
    notifyUrl: url('notify-url'),
    refundNotifyUrl: url('refund-notify-url'),
    refundAuditUrl: url('refund-audit-url'),
    merchantPublicKey: merchantKeyFrom('merchant-public-key', values['merchant-public-key']),
    platformPrivateKey: platformKeyFrom('platform-key', values['platform-key']),
    appId: appId === undefined ? undefined : String(wholeFrom('app-id', appId, Number.MAX_SAFE_INTEGER)),
    appKey: values['app-key'],
    dealId: values['deal-id'],
    otherApps: values['other-app']?.map(otherApp),
    smartAppKey: values['smart-app-key'],
    smartAppSecret: values['smart-app-secret'],
    repeatIntervalMs: milliseconds('repeat-interval-ms'),
    repeatCount: wholeFrom('repeat-count', values['repeat-count'], 1_000_000),
    answerLimitMs: milliseconds('answer-limit-ms'),
    refusal:
      wordFrom('on-error', values['on-error'], ['repeat', 'refund']) === 'refund' ? 'refunded' : 'repeat',
    signValues: wordFrom('sign-values', values['sign-values'], ['raw', 'encoded']),
    language,
  };
}

function otherApp(value: string): OtherApp {
  const [appId, appKey, dealId, ...more] = value.split(',');
  if (appId && appKey && dealId && more.length === 0) return { appId, appKey, dealId };
  throw new UsageError({
    en: `--other-app must be an appId, an appKey and a dealId with commas, not ${value}.`,
    zh: `--other-app 应为用逗号隔开的 appId、appKey 和 dealId，不能是 ${value}。`,
  });
}

function printStart(cashier: Cashier, wanted: number | undefined, { language, write, line }: Screen): void {
  const { notifyUrl, refundNotifyUrl, refundAuditUrl, merchantPublicKey } = cashier.connection();
  const missing = (words: Text) => styleText('yellow', words[language]);
  const { port, apps } = cashier;
  if (wanted && port !== wanted) {
    const taken: Text = {
      en: `Port ${wanted} is in use; ${port} is taken instead.`,
      zh: `端口 ${wanted} 已被占用，改用 ${port}。`,
    };
    write(`${missing(taken)}\n`);
  }
  const rows: readonly (readonly [Text, Text | string])[] = [
    [{ en: 'Page', zh: '页面' }, styleText('bold', cashier.url)],
    [{ en: 'Query URL', zh: '查询地址' }, cashier.queryUrl],
    [{ en: 'Openapi URL', zh: '第二代接口' }, cashier.openapiUrl],
    ...apps.flatMap(appRows),
    [{ en: 'Your key', zh: '商户公钥' }, merchantPublicKey ?? missing(MISSING.key)],
    [{ en: 'Notify URL', zh: '支付回调' }, notifyUrl ?? missing(MISSING.notify)],
    [{ en: 'Refund URL', zh: '退款回调' }, refundNotifyUrl ?? MISSING.refund],
    [{ en: 'Audit URL', zh: '退款审核' }, refundAuditUrl ?? MISSING.audit],
  ];
  for (const [name, value] of rows) line(name, value);
  write({ en: '\nCtrl-C ends it.\n', zh: '\n按 Ctrl-C 结束。\n' });
}

function appRows({ appId, appKey, dealId, ...own }: Cashier['apps'][number]): (readonly [Text, string])[] {
  return [
    [{ en: 'App', zh: '应用' }, `appId ${appId}, appKey ${appKey}, dealId ${dealId}`],
    [
      { en: 'Mini-program', zh: '小程序' },
      `smartAppKey ${own.smartAppKey}, smartAppSecret ${own.smartAppSecret}`,
    ],
    [{ en: 'Platform key', zh: '平台公钥' }, own.platformPublicKey],
  ];
}

const MISSING: Readonly<Record<'key' | 'notify' | 'refund' | 'audit', Text>> = {
  key: {
    en: 'not given: queries are refused (--merchant-public-key, or the page)',
    zh: '未设置：查询都会被拒绝（--merchant-public-key，或在页面上设置）',
  },
  notify: {
    en: 'not given: notifications go nowhere (--notify-url, or the page)',
    zh: '未设置：通知无处可送（--notify-url，或在页面上设置）',
  },
  refund: {
    en: 'none: nobody is told of a refund (--refund-notify-url, or the page)',
    zh: '无：退款不会通知任何人（--refund-notify-url，或在页面上设置）',
  },
  audit: {
    en: 'none: nobody is asked before a refund (--refund-audit-url, or the page)',
    zh: '无：退款前不会询问商户（--refund-audit-url，或在页面上设置）',
  },
};

/** Prints a hop as a line, and under a query that broke a rule the text that was expected to be signed. */
function printHop(orderId: string | null, hop: Hop, { language, write }: Screen): void {
  const took = hop.milliseconds === null ? '' : ` (${hop.milliseconds} ms)`;
  const name = padded(HOP_NAMES[hop.kind][language], 19);
  const line = `${hop.at.slice(11, 23)}  ${(orderId ?? '-').padEnd(19)}  ${name}  ${hop.note?.[language] ?? ''}${took}`;
  write(hop.tone === 'bad' ? styleText('red', visible(line)) : visible(line));
  if (hop.kind !== 'query' || hop.tone !== 'bad') return;
  const expected = hop.raw.find((raw) => raw.name === 'expectedText');
  const before = { en: 'expected to be signed: ', zh: '应签名的文本：' }[language];
  if (expected) write(`              ${before}${visible(expected.text)}`);
}

async function start(options: CashierOptions): Promise<Cashier> {
  try {
    return await startCashier(options);
  } catch (error) {
    if (!(error instanceof CashierError)) throw error;
    // Everything else has been looked at.
    throw new UsageError({
      en: `--port ${options.port}: ${error.message}.`,
      zh: `--port ${options.port}：${error.text.zh}。`,
    });
  }
}

await runCommand(
  { typed: 'npm run cashier --', help: HELP, options: OPTIONS, isContent: holdsPrivateKey },
  async (given) => {
    const options = readOptions(given);
    const cashier = await start(options);
    const screen = screenIn(given.language, { columns: 13 });
    printStart(cashier, options.port, screen);
    cashier.subscribe((event) => {
      if (event.type === 'hop') printHop(event.orderId, event.hop, screen);
    });
    whenEnded(() => void cashier.close());
    return 0;
  },
);
