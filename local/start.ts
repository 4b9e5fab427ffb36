import { styleText } from 'node:util';
import { startStack } from './stack.ts';

/** Where the service and the cashier listen unless something else does already. */
const PORTS = { gateway: 3000, cashier: 8620 };

/** The order of the sample request on Baidu's page about the payment status query, waiting to be paid. */
const SAMPLE = { orderId: '1920891312', userId: '3747777038', tpOrderId: '3028903626', totalMoney: 11300 };

const say = (text = '') => process.stdout.write(`${text}\n`);
const line = (name: string, value: string) => say(`  ${name.padEnd(16)} ${value}`);
const heading = (text: string) => say(`\n${styleText('bold', text)}`);

const stack = await startStack({
  gatewayPort: PORTS.gateway,
  cashier: { port: PORTS.cashier },
  onError: (error) => process.stderr.write(`${error.message}\n`),
});
const { cashier, gateway, aws, secretsManager, apiToken } = stack;
cashier.createOrder({ ...SAMPLE, title: '示例订单 Sample order' });
for (const [wanted, got] of [
  [PORTS.gateway, gateway.port],
  [PORTS.cashier, cashier.port],
] as const) {
  if (wanted !== got) say(`Port ${wanted} is in use; ${got} is taken instead.`);
}

heading('The service and a cashier of its own, on this machine');
line('open this', styleText('cyan', cashier.url));
line('webhook', stack.webhookUrl);
line('query', stack.queryUrl('{orderId}', '{siteId}'));

heading('Ask for the sample order');
say(`  curl -H 'Authorization: Bearer ${apiToken}' '${stack.queryUrl(SAMPLE.orderId, SAMPLE.userId)}'`);

heading('What is in use, made anew at each start');
line('API token', apiToken);
line('app', `appId ${cashier.appId}, appKey ${cashier.appKey}, dealId ${cashier.dealId}`);
line('platform key', cashier.platformPublicKey);

heading('Stand-ins for AWS');
line('queue, topic', `${aws.environment['AWS_ENDPOINT_URL_SQS']}  (SQS, SNS)`);
line('tables', `${aws.environment['AWS_ENDPOINT_URL_DYNAMODB']}  (DynamoDB)`);
line('secret', `${secretsManager.url}  (Secrets Manager)`);
say('\nLOG_LEVEL=INFO npm start shows the functions’ log. Ctrl-C ends everything.');

let closing = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (closing) process.exit(1);
    closing = true;
    stack.close().then(() => process.exit(0));
  });
}
