import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { buildBundles, type FunctionName } from './bundles.ts';
import type { Cashier, CashierOptions } from './cashier/index.ts';
import { type DeployedFunction, readDeployment } from './deployment.ts';
import { type Gateway, type GatewayRoute, startGateway } from './gateway.ts';
import { type LocalParts, startParts } from './parts.ts';
import { startSubscriber } from './subscriber.ts';
import { type QueueHandler, startWorker } from './worker.ts';

/** A message of the status topic. */
export type StatusMessage = Readonly<Record<string, unknown>> & { readonly orderId: string };

/** The whole service on this machine: the built functions, wired as `serverless.yml` says. */
export interface Stack extends LocalParts {
  readonly gateway: Gateway;
  /** The functions by name, as Lambda would call them. */
  readonly functions: Readonly<Record<FunctionName, GatewayRoute['handler']>>;
  readonly webhookUrl: string;
  /** Where an order's status is asked for. */
  queryUrl(orderId: string, siteId: string): string;
  /** Resolves when the merchant's table holds every order that the cashier has now. */
  ordersWritten(): Promise<void>;
  /** Calls the listener with each message that a subscriber of the status topic gets. */
  onPublished(listener: (message: StatusMessage) => void): void;
}

export interface StackOptions {
  gatewayPort?: number;
  cashier?: CashierOptions;
  /** Told of what fails outside of any request. */
  onError?: (error: Error) => void;
}

/** Starts everything; what happens to an order is recorded on its time line at the cashier. */
export async function startStack({
  gatewayPort = 0,
  cashier: options,
  onError,
}: StackOptions = {}): Promise<Stack> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'baidu-payment-status-'));
  const [parts, bundles] = await Promise.all([startParts(options), buildBundles(folder)]);
  const { cashier, aws } = parts;
  const deployment = await readDeployment(parts.resources);
  const environment = environmentOf(deployment, parts);
  parts.storeSecret(environment['BAIDU_SECRET_ID'] ?? '');
  Object.assign(process.env, environment);

  const require = createRequire(import.meta.url);
  const load = (name: FunctionName) => require(bundles[name]).handler;
  const functions = { query: load('query'), notify: load('notify'), confirm: load('confirm') };
  const routes = deployment.flatMap(({ name, route, timeoutMs }) =>
    route ? [{ ...route, timeoutMs, handler: functions[name as FunctionName] }] : [],
  );
  const gateway = await startGateway(routes, gatewayPort);
  const webhookUrl = gateway.url + pathOf(deployment, 'notify');
  cashier.setNotifyUrl(webhookUrl);

  const listeners: ((message: StatusMessage) => void)[] = [];
  const failed = (error: Error) => onError?.(error);
  const orders = keepOrders(parts, failed);
  const worker = startWorker({
    ...{ sqs: aws.sqs, queueUrl: aws.paymentQueueUrl, onError: failed },
    timeoutMs: deployment.find(({ name }) => name === 'confirm')?.timeoutMs ?? 30_000,
    handler: recorded(functions.confirm, cashier),
  });
  const subscriber = startSubscriber({
    ...{ sqs: aws.sqs, queueUrl: aws.subscriberQueueUrl, onError: failed },
    onMessage: (body) => {
      const message: StatusMessage = JSON.parse(body);
      record(cashier, message.orderId, 'published', 'good', body);
      for (const listener of listeners) listener(message);
    },
  });
  return {
    ...{ ...parts, gateway, functions, webhookUrl },
    queryUrl: (orderId, siteId) =>
      `${gateway.url}${pathOf(deployment, 'query').replace('{orderId}', orderId)}?siteId=${siteId}`,
    ordersWritten: orders.written,
    onPublished: (listener) => listeners.push(listener),
    close: async () => {
      orders.stop();
      await Promise.all([worker.stop(), subscriber.stop()]);
      await gateway.close();
      await parts.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function environmentOf(deployment: readonly DeployedFunction[], parts: LocalParts): Record<string, string> {
  const deployed = Object.assign({}, ...deployment.map(({ environment }) => environment));
  return { ...deployed, ...parts.environment, LOG_LEVEL: process.env['LOG_LEVEL'] ?? 'SILENT' };
}

function pathOf(deployment: readonly DeployedFunction[], name: FunctionName): string {
  const route = deployment.find((deployed) => deployed.name === name)?.route;
  if (!route) throw new Error(`serverless.yml has no route for ${name}.`);
  return route.path;
}

/** Plays the merchant's order system: writes each order into the table that notify compares with. */
function keepOrders({ cashier, aws }: LocalParts, onError: (error: Error) => void) {
  let writing: Promise<unknown> = Promise.resolve();
  const stop = cashier.subscribe((event) => {
    if (event.type !== 'order') return;
    const { tpOrderId, totalMoney } = event.order;
    const Item = { tpOrderId: { S: tpOrderId }, totalMoney: { N: String(totalMoney) } };
    const write = aws.dynamodb.send(new PutItemCommand({ TableName: aws.ordersTable, Item })).catch(onError);
    writing = Promise.all([writing, write]);
  });
  return { stop, written: async () => void (await writing) };
}

/** A handler that leaves what it was given and what came of it on the time lines of the orders. */
function recorded(handler: QueueHandler, cashier: Cashier): QueueHandler {
  return async (event, context) => {
    const records = event.Records.map(({ messageId, body }) => ({
      messageId,
      body,
      orderId: orderIdIn(body),
    }));
    for (const { orderId, body } of records) record(cashier, orderId, 'queued', 'neutral', body);
    const result = await handler(event, context);
    const failures = new Set(result.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
    for (const { orderId, messageId } of records) {
      const failed = failures.has(messageId);
      const note = failed
        ? { en: 'Not confirmed; the message stays in the queue', zh: '未能确认,消息留在队列中' }
        : { en: 'Confirmed by Baidu’s answer', zh: '已由百度应答确认' };
      cashier.record(orderId, { kind: 'confirmed', tone: failed ? 'bad' : 'good', note });
    }
    return result;
  };
}

function record(
  cashier: Cashier,
  orderId: string | null,
  kind: 'queued' | 'published',
  tone: 'good' | 'neutral',
  text: string,
): void {
  cashier.record(orderId, { kind, tone, raw: [{ name: 'message', text }] });
}

function orderIdIn(body: string): string | null {
  try {
    return String(JSON.parse(body).orderId);
  } catch {
    return null;
  }
}
