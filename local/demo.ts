import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { buildBundles } from './bundles.ts';
import type { Hop } from './cashier/index.ts';
import { queryEvent } from './events.ts';
import { startParts } from './parts.ts';

/** The order of the sample request on Baidu's page about the payment status query. */
const ORDER = { orderId: '1920891312', userId: '3747777038' };

const say = (text = '') => process.stdout.write(`${text}\n`);
const title = (text: string) => say(`\n── ${text} ${'─'.repeat(Math.max(0, 76 - text.length))}`);
const line = (name: string, value: string) => say(`   ${name.padEnd(14)}${value}`);

const folder = await mkdtemp(path.join(os.tmpdir(), 'demo-'));
const parts = await startParts();
try {
  await demonstrate();
} finally {
  await parts.close();
  await rm(folder, { recursive: true, force: true });
}

async function demonstrate(): Promise<void> {
  Object.assign(process.env, parts.environment, { LOG_LEVEL: 'SILENT' });
  const bundles = await buildBundles(folder);
  const { cashier } = parts;
  line('cashier', cashier.url);
  line('secrets', parts.secretsManager.url);

  cashier.createOrder({ ...ORDER, tpOrderId: '3028903626', totalMoney: 11300, title: 'Sample order' });
  await cashier.pay(ORDER.orderId).catch(() => undefined);

  title('query: has this order been paid?');
  const { handler } = createRequire(import.meta.url)(bundles.query);
  const event = queryEvent({
    orderId: ORDER.orderId,
    siteId: ORDER.userId,
    headers: { authorization: `Bearer ${parts.apiToken}` },
  });
  line('request', `GET ${event['rawPath']}?${event['rawQueryString']}`);
  const answer = await handler(event, { awsRequestId: 'demo-1' });

  const hop = cashier.timeline(ORDER.orderId).findLast(({ kind }) => kind === 'query');
  line('signed text', rawOf(hop, 'expectedText'));
  line('signature', new URLSearchParams(rawOf(hop, 'request').split('?')[1]).get('sign') ?? '(none)');
  line('at the cashier', hop?.note?.en ?? 'verified by its own rules');
  line('answer', `HTTP ${answer.statusCode}`);
  say(JSON.stringify(JSON.parse(answer.body), null, 2).replace(/^/gm, '   '));

  const status = JSON.parse(answer.body).payment?.status;
  title(`Order ${ORDER.orderId} is ${status}`);
  if (status !== 'PAID') process.exitCode = 1;
}

function rawOf(hop: Hop | undefined, name: string): string {
  return hop?.raw.find((raw) => raw.name === name)?.text ?? '(none)';
}
