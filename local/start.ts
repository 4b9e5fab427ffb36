import { styleText } from 'node:util';
import { platformKeyFrom, wholeFrom } from './cashier/options.ts';
import { SAMPLE_ORDER } from './cashier/orders/sample-order.ts';
import { holdsPrivateKey } from './cashier/signature/private-keys.ts';
import { runCommand, UsageError } from './command/command.ts';
import { whenEnded } from './command/ending.ts';
import { type Language, plain, type Text } from './command/language.ts';
import { type Screen, screenIn } from './command/screen.ts';
import { RULES } from './deploy/rules.ts';
import { type Stack, type StackOptions, startStack } from './stack/stack.ts';
import { visible } from './visible.ts';

/** Where the service and the cashier listen unless something else does already. */
const PORTS = { gateway: 3000, cashier: 8620 };

/** What takes minutes in production and seconds here, so that it can be watched. */
const REPEAT_SECONDS = 10;
const RETRY_SECONDS = 5;

const { REFUND_AUDIT, BAIDU_STATUS_API } = process.env;
// Many have it in their environment for other programs: it asks for no log here.
const LOG_LEVEL = process.env['LOG_LEVEL']?.replace(/^silent$/i, '');

/** What the environment may choose, by the parameter of the deployment that it stands for. */
const CHOSEN = {
  REFUND_AUDIT: ['refundAudit', REFUND_AUDIT],
  BAIDU_STATUS_API: ['baiduStatusApi', BAIDU_STATUS_API],
  LOG_LEVEL: ['logLevel', LOG_LEVEL],
} as const;

const TITLE = '示例订单 Sample order';

const HELP = {
  en: `The whole service on this machine, with a cashier of its own, until Ctrl-C: no AWS, nothing deployed.

  npm start -- [options]

  --apps N              how many mini-programs the merchant has (1)
  --platform-key FILE   RSA private key (PEM) that signs notifications; a new one at each start by default:
                        openssl genrsa -out platform.pem 2048
  --lang en|zh          the language (by LANG otherwise)
  --help

REFUND_AUDIT=undecided|refuse|approve in the environment: what is answered to a refund audit (approve).
BAIDU_STATUS_API=findByTpOrderId: Baidu is asked by the second generation of its interface.
LOG_LEVEL=INFO: the functions' log, too.
`,
  zh: `在本机运行整个服务，自带收银台，按 Ctrl-C 结束：不需要 AWS，也不需要部署。

  npm start -- [选项]

  --apps N              商户有几个小程序（1）
  --platform-key FILE   给通知签名的 RSA 私钥（PEM）；默认每次启动新生成一个：
                        openssl genrsa -out platform.pem 2048
  --lang en|zh          语言（默认按 LANG）
  --help

环境变量 REFUND_AUDIT=undecided|refuse|approve：如何答复退款审核（approve）。
BAIDU_STATUS_API=findByTpOrderId：用第二代接口向百度查询。
LOG_LEVEL=INFO：同时显示函数的日志。
`,
};

await runCommand(
  {
    typed: 'npm start --',
    help: HELP,
    options: { 'platform-key': { type: 'string' }, apps: { type: 'string' } },
    isContent: holdsPrivateKey,
  },
  async ({ values, language }) => {
    refuseUnfitEnvironment();
    const platformPrivateKey = platformKeyFrom('platform-key', values['platform-key']);
    await runUntilInterrupted(
      {
        gatewayPort: PORTS.gateway,
        cashier: {
          port: PORTS.cashier,
          repeatIntervalMs: REPEAT_SECONDS * 1000,
          platformPrivateKey,
          language,
        },
        retrySeconds: RETRY_SECONDS,
        apps: wholeFrom('apps', values.apps, 100, 1) ?? 1,
        onError: (error) => process.stderr.write(`${visible(error.message)}\n`),
        environment: {
          ...(REFUND_AUDIT && { REFUND_AUDIT }),
          ...(BAIDU_STATUS_API && { BAIDU_STATUS_API }),
        },
        ...(LOG_LEVEL && { onLog: (entry) => void process.stdout.write(`${visible(entry)}\n`) }),
      },
      language,
    );
    return 0;
  },
);

function refuseUnfitEnvironment(): void {
  for (const [name, [parameter, value]] of Object.entries(CHOSEN)) {
    // None of these rules asks where to.
    const fault = value && RULES[parameter]?.(value, { region: '', retentionDays: [] });
    if (fault) throw new UsageError({ en: `${name} ${fault.en}.`, zh: `${name} ${fault.zh}。` });
  }
}

async function runUntilInterrupted(options: StackOptions, language: Language): Promise<void> {
  const closing = new AbortController();
  const started = Promise.withResolvers<Stack>();
  // Before anything is started: what has begun must be ended.
  whenEnded(() => {
    closing.abort();
    const ended = started.promise.then((stack) => stack.close());
    // What was broken off on the way has been cleaned up.
    ended.catch(() => {}).then(() => process.exit(0));
  });
  try {
    const stack = await startStack({ ...options, signal: closing.signal });
    started.resolve(stack);
    if (!closing.signal.aborted) show(stack, language);
  } catch (error) {
    started.reject(error);
    started.promise.catch(() => {});
    if (!closing.signal.aborted) throw error;
  }
}

function show(stack: Stack, language: Language): void {
  stack.cashier.createOrder({ ...SAMPLE_ORDER, title: TITLE });
  const screen = screenIn(language, { indent: 2, columns: 16 });
  screen.write();
  showAddresses(stack, screen);
  showTrial(stack, screen);
  showValues(stack, screen);
  showStandIns(stack, screen);
  showDifferences(screen);
  screen.write({
    en: '\ndocs/sandbox.md: the page’s routes, for scripts. npm start -- --help: what can be chosen.',
    zh: '\ndocs/sandbox.zh-CN.md：供脚本使用的接口。npm start -- --help：可以选择的内容。',
  });
  screen.write({ en: 'Ctrl-C ends everything.', zh: '按 Ctrl-C 全部结束。' });
}

function heading({ language, write }: Screen, text: Text): void {
  write(`\n${styleText('bold', text[language])}`);
}

function showAddresses({ cashier, gateway, ...stack }: Stack, screen: Screen): void {
  for (const taken of [
    takenInstead({ en: 'The service', zh: '服务' }, PORTS.gateway, gateway.port),
    takenInstead({ en: 'The cashier', zh: '收银台' }, PORTS.cashier, cashier.port),
  ]) {
    if (taken) screen.write(styleText('yellow', taken[screen.language]));
  }
  heading(screen, {
    en: 'The service and a cashier of its own, on this machine',
    zh: '本机上的服务，以及它自带的收银台',
  });
  screen.line({ en: 'open this', zh: '请打开' }, styleText(['cyan', 'bold'], cashier.url));
  screen.line({ en: 'webhook', zh: '支付回调' }, stack.webhookUrl);
  screen.line({ en: 'refunds', zh: '退款回调、审核' }, `${stack.refundNotifyUrl}, …/refund-audit`);
  screen.line({ en: 'query', zh: '状态查询' }, stack.queryUrl('{orderId}', '{siteId}'));
  const ownId = stack.ownQueryUrl('TPORDERID').replace('TPORDERID', '{tpOrderId}');
  screen.line({ en: 'by your own id', zh: '按商户订单号' }, ownId);
}

function showTrial({ cashier, apiToken, ...stack }: Stack, screen: Screen): void {
  const { orderId, tpOrderId } = SAMPLE_ORDER;
  const url = stack.ownQueryUrl(tpOrderId);
  heading(screen, {
    en: 'Try it: ask for the sample order, pay for it, ask again',
    zh: '试一试：查询示例订单，付款，再查询',
  });
  screen.write({ en: '  1. This answers that it is UNPAID:', zh: '  1. 这条命令应答 UNPAID（未支付）：' });
  screen.write(`  curl -H 'Authorization: Bearer ${apiToken}' '${url}'`);
  screen.write({
    en: `  2. Open the page, choose the order “${TITLE}”, and pay. Or have it paid from here:`,
    zh: `  2. 打开页面，选择订单“${TITLE}”并支付。也可以在这里付款：`,
  });
  screen.write(
    `  curl -H 'content-type: application/json' -d '{}' '${cashier.url}/api/orders/${orderId}/pay'`,
  );
  screen.write({
    en: '  3. The first command now answers that it is PAID. The page shows each step on the way.',
    zh: '  3. 第一条命令现在应答 PAID（已支付）。页面上能看到途中的每一步。',
  });
}

function showValues({ cashier, apiTokens }: Stack, screen: Screen): void {
  heading(screen, {
    en: 'What is in use, made anew at each start where it was not given',
    zh: '正在使用的值，没有给出的每次启动重新生成',
  });
  for (const { appId, appKey, dealId, platformPublicKey } of cashier.apps) {
    screen.line({ en: 'API token', zh: 'API token 令牌' }, apiTokens.get(appId) ?? '');
    screen.line({ en: 'app', zh: '应用' }, `appId ${appId}, appKey ${appKey}, dealId ${dealId}`);
    screen.line({ en: 'platform key', zh: '平台公钥' }, platformPublicKey);
  }
}

function showStandIns({ aws, secretsManager }: Stack, screen: Screen): void {
  const { AWS_ENDPOINT_URL_SQS: queues, AWS_ENDPOINT_URL_DYNAMODB: tables } = aws.environment;
  heading(screen, { en: 'Stand-ins for AWS', zh: 'AWS 的替身' });
  // Pages name the first two in English, in both languages: what is pasted has to be found.
  screen.line(plain('queue, topic'), `${queues}  (SQS, SNS)`);
  screen.line(plain('status topic'), {
    en: `${aws.statusTopicArn}  (examples/queue-reader: a queue of your own on it)`,
    zh: `${aws.statusTopicArn}  （状态主题，可接上自己的队列：examples/queue-reader）`,
  });
  screen.line({ en: 'tables', zh: '表' }, `${tables}  (DynamoDB)`);
  screen.line(plain('secret'), `${secretsManager.url}  (Secrets Manager)`);
}

function showDifferences(screen: Screen): void {
  const { line } = screen;
  heading(screen, { en: 'Different here, so that it can be watched', zh: '为便于观察，与线上不同之处' });
  line(
    { en: 'Baidu repeats', zh: '百度重复通知' },
    {
      en: `a notification after ${REPEAT_SECONDS} s (in production 2 min)`,
      zh: `间隔 ${REPEAT_SECONDS} 秒（线上 2 分钟）`,
    },
  );
  line(
    { en: 'the queue', zh: '队列' },
    {
      en: `delivers again after ${RETRY_SECONDS} s (deployed 3 min)`,
      zh: `${RETRY_SECONDS} 秒后再次投递（部署后 3 分钟）`,
    },
  );
  const first = {
    en: 'queryorderdetail: BAIDU_STATUS_API=findByTpOrderId npm start runs on the second generation',
    zh: 'queryorderdetail：BAIDU_STATUS_API=findByTpOrderId npm start 改用第二代接口',
  };
  const isSecond = BAIDU_STATUS_API === 'findByTpOrderId';
  line({ en: 'status API', zh: '查询接口' }, isSecond ? plain(BAIDU_STATUS_API) : first);
  const audit = REFUND_AUDIT || 'approve';
  line(
    { en: 'refund audits', zh: '退款审核' },
    {
      en: `REFUND_AUDIT is ${audit}: set it for another (deployed: undecided)`,
      zh: `REFUND_AUDIT 为 ${audit}，可另行设置（部署后默认 undecided）`,
    },
  );
}

function takenInstead(what: Text, wanted: number, got: number): Text | undefined {
  if (wanted === got) return undefined;
  return {
    en: `Port ${wanted} is in use. ${what.en} has taken ${got} instead.`,
    zh: `端口 ${wanted} 已被占用，${what.zh}改用 ${got}。`,
  };
}
