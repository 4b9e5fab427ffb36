import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import type { Cashier, CashierOptions, Text } from '../cashier/index.ts';
import type { FunctionName } from '../deploy/bundles.ts';
import { orderIdIn, startConfirmSources } from './confirm-sources.ts';
import { type DeployedFunction, type Deployment, readDeployment } from './deployment.ts';
import { type Gateway, type GatewayRoute, startGateway } from './gateway.ts';
import { writeBundles } from './kept-bundles.ts';
import { type LocalFunction, startFunction } from './lambda.ts';
import { merchantService, statusNames } from './merchant-service.ts';
import { type LocalParts, startParts } from './parts.ts';
import { startSubscriber } from './subscriber.ts';

/** A message of the status topic. */
export type StatusMessage = Readonly<Record<string, unknown>> & { readonly orderId: string };

/** The whole service on this machine: the built functions, wired as `serverless.yml` says. */
export interface Stack extends LocalParts {
  readonly gateway: Gateway;
  /** The functions by name, to be invoked directly. */
  readonly functions: Readonly<Record<FunctionName, LocalFunction>>;
  readonly webhookUrl: string;
  /** Where Baidu tells of refunds, and where it asks before one. */
  readonly refundNotifyUrl: string;
  readonly refundAuditUrl: string;
  /** Where an order's status is asked for. */
  queryUrl(orderId: string, siteId: string): string;
  /** The same by the merchant's own id. */
  ownQueryUrl(tpOrderId: string): string;
  /** Resolves when the merchant's table holds every order that the cashier has now. */
  ordersWritten(): Promise<void>;
  /** Calls the listener with each message that a subscriber of the status topic gets. */
  onPublished(listener: (message: StatusMessage) => void): void;
}

/** How the whole service is started; everything has a default. */
export interface StackOptions {
  gatewayPort?: number;
  cashier?: CashierOptions;
  /** How many mini-programs the merchant has: 1 by default. */
  apps?: number;
  /** When a message that was not confirmed is delivered again, in seconds: 180 where it is deployed, 5 by default. */
  retrySeconds?: number;
  /** Variables that the functions have beside those that they are deployed with. */
  environment?: Readonly<Record<string, string>>;
  /** Breaks the start off, which then rejects and leaves nothing. */
  signal?: AbortSignal;
  /** Told of each line that the functions log. */
  onLog?: (line: string) => void;
  /** Told of what fails outside of any request. */
  onError?: (error: Error) => void;
}

/** Starts everything; what happens to an order is recorded on its time line at the cashier. */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'baidu-payment-status-'));
  const removeFolder = () => rm(folder, { recursive: true, force: true });
  const starting = [
    startParts(options.cashier, options.apps),
    writeBundles(folder),
    readDeployment(options.signal),
  ] as const;
  try {
    const [parts, bundles, deployment] = await Promise.all(starting);
    options.signal?.throwIfAborted();
    return await connect({ ...options, parts, bundles, deployment, removeFolder });
  } catch (error) {
    const [parts] = await Promise.allSettled(starting);
    if (parts.status === 'fulfilled') await parts.value.close();
    await removeFolder();
    throw error;
  }
}

interface Pieces extends StackOptions {
  parts: LocalParts;
  bundles: Record<FunctionName, string>;
  deployment: Deployment;
  removeFolder: () => Promise<void>;
}

async function connect({ parts, bundles, removeFolder, onLog, ...options }: Pieces): Promise<Stack> {
  const { cashier, aws } = parts;
  const { gatewayPort = 0, retrySeconds = 5, onError = () => {} } = options;
  const deployed = options.deployment(parts.resources);
  parts.storeSecret(deployed[0]?.environment['BAIDU_SECRET_ID'] ?? '');
  const environment = { ...parts.environment, ...options.environment };
  const functions = startFunctions(deployed, { bundles, environment, onLog });
  const gateway = await startGateway(routesOf(deployed, functions), gatewayPort);
  const webhookUrl = gateway.url + pathOf(deployed, 'notify', 'payment-notify');
  const refundNotifyUrl = gateway.url + pathOf(deployed, 'notify', 'refund-notify');
  const refundAuditUrl = gateway.url + pathOf(deployed, 'notify', 'refund-audit');
  cashier.setNotifyUrl(webhookUrl);
  cashier.setRefundNotifyUrl(refundNotifyUrl);
  cashier.setRefundAuditUrl(refundAuditUrl);
  const queryUrl = (orderId: string, siteId: string) =>
    `${gateway.url}${pathOf(deployed, 'query', '{orderId}').replace('{orderId}', orderId)}?siteId=${siteId}`;
  const ownQueryUrl = (tpOrderId: string) =>
    gateway.url +
    pathOf(deployed, 'query', '{tpOrderId}').replace('{tpOrderId}', encodeURIComponent(tpOrderId));
  cashier.setService(merchantService(parts, { queryUrl, ownQueryUrl }));

  const listeners: ((message: StatusMessage) => void)[] = [];
  const orders = keepOrders(parts, onError);
  const sources = startConfirmSources({ parts, confirm: functions.confirm, retrySeconds, onError });
  const onMessage = async (body: string, attributes: Readonly<Record<string, string>>) => {
    const message: StatusMessage = JSON.parse(body);
    for (const listener of listeners) listener(message);
    // What was sent comes after what sent it on the time line.
    await sources.settled();
    recordPublished(cashier, message, body, attributes);
  };
  const subscriber = startSubscriber({ sqs: aws.sqs, queueUrl: aws.subscriberQueueUrl, onError, onMessage });
  const deadLetters = startSubscriber({
    ...{ sqs: aws.sqs, queueUrl: aws.deadLetterQueueUrl, onError },
    onMessage: (body) => recordDeadLetter(cashier, body),
  });
  return {
    ...{ ...parts, gateway, functions, webhookUrl, refundNotifyUrl, refundAuditUrl, queryUrl, ownQueryUrl },
    ordersWritten: orders.written,
    onPublished: (listener) => listeners.push(listener),
    close: async () => {
      orders.stop();
      await Promise.all([sources.stop(), subscriber.stop(), deadLetters.stop()]);
      await Promise.all([...Object.values(functions).map((each) => each.close()), gateway.close()]);
      await parts.close();
      await removeFolder();
    },
  };
}

/** Starts the functions, each with the variables that it is deployed with and those that hold for all of them here. */
function startFunctions(
  deployed: readonly DeployedFunction[],
  options: Pick<Pieces, 'bundles'> & {
    environment: Readonly<Record<string, string>>;
    onLog: StackOptions['onLog'] | undefined;
  },
): Record<FunctionName, LocalFunction> {
  const start = (name: FunctionName) => {
    const { environment, timeoutMs } = deployedAs(deployed, name);
    return startFunction({
      ...{ name, timeoutMs, bundle: options.bundles[name], onLog: options.onLog },
      environment: { ...environment, ...options.environment },
    });
  };
  return { query: start('query'), notify: start('notify'), confirm: start('confirm') };
}

function routesOf(
  deployed: readonly DeployedFunction[],
  functions: Readonly<Record<string, LocalFunction>>,
): GatewayRoute[] {
  return deployed.flatMap(({ name, routes }) => {
    const behind = functions[name];
    return behind ? routes.map((route) => ({ ...route, invoke: behind.invoke })) : [];
  });
}

function deployedAs(deployed: readonly DeployedFunction[], name: FunctionName): DeployedFunction {
  const found = deployed.find((each) => each.name === name);
  if (!found) throw new Error(`serverless.yml has no function ${name}.`);
  return found;
}

/** The path of the function's route that holds the text. */
function pathOf(deployed: readonly DeployedFunction[], name: FunctionName, part: string): string {
  const route = deployedAs(deployed, name).routes.find(({ path: each }) => each.includes(part));
  if (!route) throw new Error(`serverless.yml has no route for ${name} with ${part}.`);
  return route.path;
}

/** Plays the merchant's order system: writes each order into the table that notify compares with. */
function keepOrders({ cashier, aws }: LocalParts, onError: (error: Error) => void) {
  let writing: Promise<unknown> = Promise.resolve();
  const known = new Set<string>();
  const stop = cashier.subscribe((event) => {
    if (event.type !== 'order' || known.has(event.order.orderId)) return;
    const { orderId, tpOrderId, totalMoney } = event.order;
    known.add(orderId);
    const Item = { tpOrderId: { S: tpOrderId }, totalMoney: { N: String(totalMoney) } };
    const write = aws.dynamodb.send(new PutItemCommand({ TableName: aws.ordersTable, Item })).catch(onError);
    writing = Promise.all([writing, write]);
  });
  return { stop, written: async () => void (await writing) };
}

function recordPublished(
  cashier: Cashier,
  message: StatusMessage,
  body: string,
  attributes: Readonly<Record<string, string>>,
): void {
  const filter = Object.entries(attributes).map(([name, value]) => `${name} = ${value}`);
  const raw = [
    { name: 'message', text: body },
    { name: 'attributes', text: filter.join('\n') },
  ];
  cashier.record(message.orderId, { kind: 'published', tone: 'good', note: noteOf(message), raw });
}

/** What a message tells: its number and what is new in it, or what was answered to a refund audit. */
function noteOf(message: StatusMessage): Text {
  if (message['eventType'] === 'refund-audit') {
    const { auditStatus, refundPayMoney } = message['answer'] as Record<string, number>;
    const said = `auditStatus ${auditStatus}, refundPayMoney ${refundPayMoney}`;
    return { en: `Baidu asks whether to refund; answered: ${said}`, zh: `百度询问是否退款，已答复：${said}` };
  }
  const names = statusNames(message);
  const changed = (message['changed'] as string[]).join(', ');
  const sequence = String(message['sequence']);
  return {
    en: `${names}. sequence ${sequence}, changed: ${changed}`,
    zh: `${names}。sequence ${sequence}，变化：${changed}`,
  };
}

function recordDeadLetter(cashier: Cashier, body: string): void {
  cashier.record(orderIdIn(body), {
    kind: 'deadLetter',
    tone: 'bad',
    raw: [{ name: 'message', text: body }],
  });
}
