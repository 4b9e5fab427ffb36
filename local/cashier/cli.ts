import { existsSync, readFileSync } from 'node:fs';
import { parseArgs, styleText } from 'node:util';
import { visible } from '../visible.ts';
import { CashierError } from './error.ts';
import { type Cashier, type CashierOptions, type Hop, type OtherApp, startCashier } from './index.ts';

const DEFAULT_PORT = 8620;

const HELP = `A local stand-in for Baidu's cashier, with a page to drive it.

  npm run cashier -- [options]

  --port <n>                      where it listens on 127.0.0.1 (${DEFAULT_PORT}; 0 for a free port)
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
  --help

Scripts drive it as its page does: docs/sandbox.md has the routes, and how to test a webhook in CI.

A platform key that stays the same: openssl genrsa -out platform.pem 2048
Your public key from your private one: openssl rsa -in merchant.pem -pubout
`;

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
  help: { type: 'boolean' },
} as const;

/** Reads the command line; `null` when help was asked for, throws `INVALID` for what makes no sense. */
function readOptions(args: string[]): CashierOptions | null {
  const { values } = parse(args);
  if (values.help) return null;
  const { 'on-error': onError = 'repeat', 'app-id': appId } = values;
  if (onError !== 'repeat' && onError !== 'refund') {
    throw new CashierError('INVALID', `--on-error must be repeat or refund, not ${onError}`);
  }
  const signValues = values['sign-values'] ?? 'raw';
  if (signValues !== 'raw' && signValues !== 'encoded') {
    throw new CashierError('INVALID', `--sign-values must be raw or encoded, not ${signValues}`);
  }
  return {
    port: whole('port', values.port, 65_535) ?? DEFAULT_PORT,
    notifyUrl: values['notify-url'],
    refundNotifyUrl: values['refund-notify-url'],
    refundAuditUrl: values['refund-audit-url'],
    merchantPublicKey: keyText('merchant-public-key', values['merchant-public-key']),
    platformPrivateKey: keyText('platform-key', values['platform-key']),
    appId: appId === undefined ? undefined : String(whole('app-id', appId, Number.MAX_SAFE_INTEGER)),
    appKey: values['app-key'],
    dealId: values['deal-id'],
    otherApps: values['other-app']?.map(otherApp),
    smartAppKey: values['smart-app-key'],
    smartAppSecret: values['smart-app-secret'],
    // Longer than this and Node's timers fire at once.
    repeatIntervalMs: whole('repeat-interval-ms', values['repeat-interval-ms'], 2 ** 31 - 1),
    repeatCount: whole('repeat-count', values['repeat-count'], 1_000_000),
    answerLimitMs: whole('answer-limit-ms', values['answer-limit-ms'], 2 ** 31 - 1),
    refusal: onError === 'refund' ? 'refunded' : 'repeat',
    signValues,
  };
}

function otherApp(value: string): OtherApp {
  const [appId, appKey, dealId, ...more] = value.split(',');
  if (appId && appKey && dealId && more.length === 0) return { appId, appKey, dealId };
  throw new CashierError(
    'INVALID',
    `--other-app must be an appId, an appKey and a dealId with commas, not ${value}`,
  );
}

function parse(args: string[]) {
  try {
    return parseArgs({ args, options: OPTIONS, strict: true });
  } catch (error) {
    throw new CashierError('INVALID', error instanceof Error ? error.message : String(error));
  }
}

function whole(name: string, value: string | undefined, largest: number): number | undefined {
  if (value === undefined) return undefined;
  if (/^[0-9]{1,16}$/.test(value) && Number(value) <= largest) return Number(value);
  throw new CashierError('INVALID', `--${name} must be a whole number from 0 to ${largest}, not ${value}`);
}

function keyText(name: string, value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  if (existsSync(value)) return readText(name, value);
  // What cannot be the name of a file is the key itself.
  if (/^(-----BEGIN|MI[A-Za-z0-9+/=\s]{100,}$)/.test(value)) return value;
  throw new CashierError('INVALID', `--${name}: there is no file ${value}`);
}

function readText(name: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new CashierError('INVALID', `--${name}: ${file} cannot be read`, { cause });
  }
}

function printStart(cashier: Cashier, wanted: number | undefined): void {
  const { notifyUrl, refundNotifyUrl, refundAuditUrl, merchantPublicKey } = cashier.connection();
  const missing = (what: string) => styleText('yellow', `not given: ${what}`);
  if (wanted && cashier.port !== wanted) {
    console.log(styleText('yellow', `Port ${wanted} is in use; ${cashier.port} is taken instead.\n`));
  }
  const rows = [
    ['Page', styleText('bold', cashier.url)],
    ['Query URL', cashier.queryUrl],
    ['Openapi URL', cashier.openapiUrl],
    ...cashier.apps.flatMap(({ appId, appKey, dealId, smartAppKey, smartAppSecret, platformPublicKey }) => [
      ['App', `appId ${appId}, appKey ${appKey}, dealId ${dealId}`],
      ['Mini-program', `smartAppKey ${smartAppKey}, smartAppSecret ${smartAppSecret}`],
      ['Platform key', platformPublicKey],
    ]),
    ['Your key', merchantPublicKey ?? missing('queries are refused (--merchant-public-key, or the page)')],
    ['Notify URL', notifyUrl ?? missing('notifications go nowhere (--notify-url, or the page)')],
    ['Refund URL', refundNotifyUrl ?? 'none: nobody is told of a refund (--refund-notify-url, or the page)'],
    [
      'Audit URL',
      refundAuditUrl ?? 'none: nobody is asked before a refund (--refund-audit-url, or the page)',
    ],
  ];
  for (const [name = '', value] of rows) console.log(`${name.padEnd(14)}${value}`);
  console.log('\nCtrl-C ends it.\n');
}

/** Prints a hop as a line, and under a query that broke a rule the text that was expected to be signed. */
function printHop(orderId: string | null, hop: Hop): void {
  const took = hop.milliseconds === null ? '' : ` (${hop.milliseconds} ms)`;
  const line = visible(
    `${hop.at.slice(11, 23)}  ${(orderId ?? '-').padEnd(19)}  ${hop.kind.padEnd(18)}  ${hop.note?.en ?? ''}${took}`,
  );
  console.log(hop.tone === 'bad' ? styleText('red', line) : line);
  if (hop.kind !== 'query' || hop.tone !== 'bad') return;
  const expected = hop.raw.find(({ name }) => name === 'expectedText');
  if (expected) console.log(`              expected to be signed: ${visible(expected.text)}`);
}

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  if (options === null) {
    console.log(HELP);
    return;
  }
  const cashier = await startCashier(options);
  printStart(cashier, options.port);
  cashier.subscribe((event) => {
    if (event.type === 'hop') printHop(event.orderId, event.hop);
  });
  const end = () => void cashier.close();
  process.once('SIGINT', end);
  process.once('SIGTERM', end);
}

main().catch((error: unknown) => {
  if (!(error instanceof CashierError)) throw error;
  console.error(`${error.message}\nnpm run cashier -- --help shows every option.`);
  process.exitCode = 1;
});
