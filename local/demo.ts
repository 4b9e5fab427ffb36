import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { DeleteMessageCommand, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { buildBundles } from './bundles.ts';
import type { DeliveryResult, Hop } from './cashier/index.ts';
import { notifyEvent, queryEvent } from './events.ts';
import { startParts } from './parts.ts';
import { startWorker } from './worker.ts';

/** The order of the sample request on Baidu's page about the payment status query. */
const ORDER = { orderId: '1920891312', userId: '3747777038', tpOrderId: '3028903626', totalMoney: 11300 };

/** How long a published message is waited for, in milliseconds. */
const PATIENCE_MS = 10_000;
/** How long nothing must come for "published once" to be believed, in milliseconds. */
const SILENCE_MS = 1500;

const say = (text = '') => process.stdout.write(`${text}\n`);
const title = (text: string) => say(`\n── ${text} ${'─'.repeat(Math.max(0, 76 - text.length))}`);
const line = (name: string, value: string) => say(`   ${name.padEnd(15)} ${value}`);
const json = (value: unknown) => say(JSON.stringify(value, null, 2).replace(/^/gm, '   '));

const folder = await mkdtemp(path.join(os.tmpdir(), 'demo-'));
const parts = await startParts();
const { cashier, aws } = parts;
try {
  await demonstrate();
} finally {
  await parts.close();
  await rm(folder, { recursive: true, force: true });
}

async function demonstrate(): Promise<void> {
  Object.assign(process.env, parts.environment, { LOG_LEVEL: 'SILENT' });
  const bundles = await buildBundles(folder);
  const require = createRequire(import.meta.url);
  const { query, notify, confirm } = {
    query: require(bundles.query).handler,
    notify: require(bundles.notify).handler,
    confirm: require(bundles.confirm).handler,
  };
  title('On this machine: the built functions, and stand-ins for what is around them');
  line('cashier', `${cashier.url}  (checks signatures by Baidu’s rules, with code of its own)`);
  line('secrets', `${parts.secretsManager.url}  (Secrets Manager’s protocol)`);
  line('queue, topic', aws.environment['AWS_ENDPOINT_URL_SQS'] ?? '');
  line('table', aws.environment['AWS_ENDPOINT_URL_DYNAMODB'] ?? '');

  cashier.setDeliver(async (form) => {
    const { statusCode, body } = await notify(notifyEvent(form), { awsRequestId: 'demo-notify' });
    return { status: statusCode, body };
  });
  const worker = startWorker({ sqs: aws.sqs, queueUrl: aws.paymentQueueUrl, handler: confirm });
  try {
    cashier.createOrder({ ...ORDER, title: 'Sample order' });
    title('1. The customer pays; Baidu notifies; notify verifies, stores, answers');
    showDelivery(await cashier.pay(ORDER.orderId, { payType: '1117' }));

    title('2. confirm asks Baidu, then tells everyone: what a subscriber receives');
    const published = await receive(PATIENCE_MS);
    json(published ?? 'nothing');

    title('3. Baidu notifies twice more; nothing is published again');
    for (let count = 0; count < 2; count++) showDelivery(await cashier.notifyAgain(ORDER.orderId));
    const repeated = await receive(SILENCE_MS);
    line('published', repeated ? 'AGAIN, which is wrong' : 'nothing more');

    title('4. query: has this order been paid?');
    const status = await showQuery(query);
    title(`Order ${ORDER.orderId} is ${status}`);
    const right = status === 'PAID' && published?.payment?.status === 'PAID' && !repeated;
    if (!right) process.exitCode = 1;
  } finally {
    await worker.stop();
  }
}

function showDelivery({ body, milliseconds, outcome }: DeliveryResult): void {
  line('notify answers', body ?? '(nothing)');
  line('Baidu', `${outcome}, after ${milliseconds} ms of 2000`);
}

async function showQuery(
  query: (event: unknown, context: unknown) => Promise<{ statusCode: number; body: string }>,
) {
  const event = queryEvent({
    orderId: ORDER.orderId,
    siteId: ORDER.userId,
    headers: { authorization: `Bearer ${parts.apiToken}` },
  });
  const answer = await query(event, { awsRequestId: 'demo-query' });
  const body = JSON.parse(answer.body);
  const hop = cashier.timeline(ORDER.orderId).findLast(({ kind }) => kind === 'query');
  line('request', `GET ${event['rawPath']}?${event['rawQueryString']}`);
  line('signed text', rawOf(hop, 'expectedText'));
  line('signature', new URLSearchParams(rawOf(hop, 'request').split('?')[1]).get('sign') ?? '(none)');
  line('the cashier', hop?.note?.en ?? '(was not asked)');
  line('answer', `HTTP ${answer.statusCode}`);
  json(body);
  return body.payment?.status;
}

/** The next message that a subscriber of the topic receives, or nothing within the time. */
async function receive(ms: number) {
  const giveUpAt = Date.now() + ms;
  while (Date.now() < giveUpAt) {
    const { Messages: [message] = [] } = await aws.sqs.send(
      new ReceiveMessageCommand({ QueueUrl: aws.subscriberQueueUrl, WaitTimeSeconds: 1 }),
    );
    if (!message) continue;
    const { Body = '', ReceiptHandle } = message;
    await aws.sqs.send(new DeleteMessageCommand({ QueueUrl: aws.subscriberQueueUrl, ReceiptHandle }));
    return JSON.parse(Body);
  }
  return undefined;
}

function rawOf(hop: Hop | undefined, name: string): string {
  return hop?.raw.find((raw) => raw.name === name)?.text ?? '(none)';
}
