import { parseArgs, styleText } from 'node:util';
import { SAMPLE_ORDER } from './cashier/sample-order.ts';
import { type Stack, startStack } from './stack/stack.ts';
import { visible } from './visible.ts';

/** Where the service and the cashier listen unless something else does already. */
const PORTS = { gateway: 3000, cashier: 8620 };

/** What takes minutes in production and seconds here, so that it can be watched. */
const REPEAT_SECONDS = 10;
const RETRY_SECONDS = 5;

const { REFUND_AUDIT, BAIDU_STATUS_API } = process.env;
const isSecond = BAIDU_STATUS_API === 'findByTpOrderId';

/** How many mini-programs the merchant has: npm start -- --apps 2. */
const apps = Math.max(Number(parseArgs({ options: { apps: { type: 'string' } } }).values.apps ?? 1) || 1, 1);

const TITLE = '示例订单 Sample order';

const say = (text = '') => process.stdout.write(`${text}\n`);
const line = (name: string, value: string) => say(`  ${name.padEnd(16)} ${value}`);
const heading = (text: string) => say(`\n${styleText('bold', text)}`);

const closing = new AbortController();
// Before anything is started: what has begun must be ended.
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (closing.signal.aborted) process.exit(1);
    closing.abort();
    const ended = starting.then((stack) => stack.close());
    // What was broken off on the way has been cleaned up.
    ended.catch(() => {}).then(() => process.exit(0));
  });
}

const starting = startStack({
  signal: closing.signal,
  gatewayPort: PORTS.gateway,
  cashier: { port: PORTS.cashier, repeatIntervalMs: REPEAT_SECONDS * 1000 },
  retrySeconds: RETRY_SECONDS,
  apps,
  onError: (error) => process.stderr.write(`${visible(error.message)}\n`),
  environment: {
    ...(REFUND_AUDIT && { REFUND_AUDIT }),
    ...(BAIDU_STATUS_API && { BAIDU_STATUS_API }),
  },
  ...(process.env['LOG_LEVEL'] && { onLog: (entry) => say(visible(entry)) }),
});

try {
  show(await starting);
} catch (error) {
  if (!closing.signal.aborted) throw error;
}

function show({ cashier, gateway, aws, secretsManager, apiToken, ...stack }: Stack): void {
  if (closing.signal.aborted) return;
  cashier.createOrder({ ...SAMPLE_ORDER, title: TITLE });
  say();
  takenInstead('The service', PORTS.gateway, gateway.port);
  takenInstead('The cashier', PORTS.cashier, cashier.port);

  heading('The service and a cashier of its own, on this machine');
  line('open this', styleText(['cyan', 'bold'], cashier.url));
  line('webhook', stack.webhookUrl);
  line('refunds', `${stack.refundNotifyUrl}, …/refund-audit`);
  line('query', stack.queryUrl('{orderId}', '{siteId}'));
  line('by your own id', stack.ownQueryUrl('TPORDERID').replace('TPORDERID', '{tpOrderId}'));

  heading('Try it: ask for the sample order, pay for it, ask again');
  say('  1. This answers that it is UNPAID:');
  const { orderId, userId, tpOrderId } = SAMPLE_ORDER;
  // The second generation needs the merchant's id, which by Baidu's ids only the ledger knows, once it was notified.
  const url = isSecond ? stack.ownQueryUrl(tpOrderId) : stack.queryUrl(orderId, userId);
  say(`  curl -H 'Authorization: Bearer ${apiToken}' '${url}'`);
  say(`  2. Open the page, choose the order “${TITLE}”, and pay. Or have it paid from here:`);
  say(`  curl -H 'content-type: application/json' -d '{}' '${cashier.url}/api/orders/${orderId}/pay'`);
  say('  3. The first command now answers that it is PAID. The page shows each step on the way.');

  heading('What is in use, made anew at each start');
  for (const { appId, appKey, dealId, platformPublicKey } of cashier.apps) {
    line('API token', stack.apiTokens.get(appId) ?? '');
    line('app', `appId ${appId}, appKey ${appKey}, dealId ${dealId}`);
    line('platform key', platformPublicKey);
  }

  heading('Stand-ins for AWS');
  line('queue, topic', `${aws.environment['AWS_ENDPOINT_URL_SQS']}  (SQS, SNS)`);
  line('status topic', `${aws.statusTopicArn}  (examples/queue-reader: a queue of your own on it)`);
  line('tables', `${aws.environment['AWS_ENDPOINT_URL_DYNAMODB']}  (DynamoDB)`);
  line('secret', `${secretsManager.url}  (Secrets Manager)`);

  heading('Different here, so that it can be watched');
  line('Baidu repeats', `a notification after ${REPEAT_SECONDS} s (in production 2 min)`);
  line('the queue', `delivers again after ${RETRY_SECONDS} s (deployed 3 min)`);
  line(
    'status API',
    `${BAIDU_STATUS_API ?? 'queryorderdetail'}: BAIDU_STATUS_API=findByTpOrderId npm start runs on the second generation`,
  );
  line(
    'refund audits',
    `REFUND_AUDIT is ${REFUND_AUDIT ?? 'approve'}: set it for another (deployed: undecided)`,
  );
  say(
    '\ndocs/sandbox.md: the page’s routes, for scripts. LOG_LEVEL=INFO npm start: the functions’ log, too.',
  );
  say('Ctrl-C ends everything.');
}

function takenInstead(what: string, wanted: number, got: number): void {
  if (wanted !== got) say(styleText('yellow', `Port ${wanted} is in use. ${what} has taken ${got} instead.`));
}
