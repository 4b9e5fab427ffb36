import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { ScanCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Stack, type StatusMessage, startStack } from '../../local/stack/stack.ts';

/*
 * Two mini-programs in one deployment, through everything: the cashier, the gateway, the built functions and the
 * stand-ins for AWS.
 */
let stack: Stack;
const published: StatusMessage[] = [];
const arrival = new EventTarget();
beforeAll(async () => {
  stack = await startStack({ apps: 2, cashier: { repeatIntervalMs: 500 } });
  stack.onPublished((message) => {
    published.push(message);
    arrival.dispatchEvent(new Event('message'));
  });
}, 60_000);
afterAll(() => stack.close());

/** The first message that is so, now or later. */
async function told(isSo: (message: StatusMessage) => boolean): Promise<StatusMessage | undefined> {
  while (!published.some(isSo)) await once(arrival, 'message');
  return published.find(isSo);
}

/** Resolves when nobody is telling any more: what was told is written down after it went out. */
async function settled(): Promise<void> {
  const { dynamodb, ledgerTable: TableName } = stack.aws;
  for (;;) {
    const { Items = [] } = await dynamodb.send(new ScanCommand({ TableName }));
    if (Items.every(({ claimUntil }) => claimUntil === undefined)) return;
    await delay(20);
  }
}

async function ask(url: string, appId: string) {
  const headers = { authorization: `Bearer ${stack.apiTokens.get(appId)}` };
  const response = await fetch(url, { headers });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

test('a payment of each is told, and asked for, under its own name', async () => {
  const { cashier, queryUrl, ownQueryUrl } = stack;
  const [first, second] = cashier.apps.map(({ appId }) => appId);
  for (const appId of [first, second]) {
    const { orderId, userId } = cashier.createOrder({ appId, tpOrderId: `T-${appId}`, totalMoney: 100 });
    await stack.ordersWritten();
    await cashier.pay(orderId);
    expect(await told((message) => message.orderId === orderId)).toMatchObject({
      ...{ appId, tpOrderId: `T-${appId}`, payment: { status: 'PAID' } },
    });
    for (const url of [queryUrl(orderId, userId), ownQueryUrl(`T-${appId}`)]) {
      expect(await ask(url, String(appId))).toMatchObject({ status: 200, body: { appId, orderId } });
    }
    const other = String(appId === first ? second : first);
    expect(await ask(queryUrl(orderId, userId), other)).toMatchObject({
      status: 502,
      body: { errno: 10002 },
    });
    expect(await ask(ownQueryUrl(`T-${appId}`), other)).toMatchObject({ status: 404 });
    await cashier.startRefund(orderId);
    for (const member of ['refundAudit', 'refunds']) {
      const message = await told((each) => each.orderId === orderId && member in each);
      expect(message).toMatchObject({ appId });
    }
  }
  await settled();
}, 60_000);
