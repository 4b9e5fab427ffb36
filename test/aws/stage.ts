import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { type Stack, startStack } from '../../local/stack/stack.ts';
import { startControlPlane } from '../support/control-plane.ts';
import { packageTemplate } from '../template/package.ts';
import { type Account, openAccount, SERVICE } from './account.ts';
import { startMoto } from './moto.ts';

/** The order of the pages, paid, with the user who has paid it. */
export const ORDER = {
  orderId: '1920891312',
  userId: '3747777038',
  tpOrderId: '3028903626',
  totalMoney: 11300,
};

/** What Baidu's console shows to this merchant. */
export const APP = { appId: '20137', appKey: 'PPqr7s', dealId: '581204197' };

/** What neither moto nor the local stack answers: the AWS CLI checks such a command, and sends nothing. */
export const CHECKED_ONLY: Readonly<Record<string, string>> = {
  'lambda get-account-settings': 'moto knows no limits of an account',
  'sqs start-message-move-task': 'only ElasticMQ moves messages, and does in queues.test.ts',
  'sqs list-message-move-tasks': 'only ElasticMQ moves messages, and does in queues.test.ts',
};

/** The stage that the pages speak of: functions, queues and topics in this process, all else of AWS in moto. */
export interface Stage {
  /** What Baidu's console shows as 平台公钥. */
  readonly platformPublicKey: string;
  /** A notification as Baidu has posted it. */
  readonly notification: string;
  /** An account of its own, with `aws` on the PATH: pages are followed side by side. */
  openAccount(): Promise<Account>;
  /** Has a new order paid; resolves with its id. */
  pay(): Promise<string>;
  /** The next message of a queue that a page has made. */
  receive(queue: string): Promise<Record<string, unknown>>;
  close(): Promise<void>;
}

/** Deploys the stage, with one order paid. */
export async function startStage(python: string): Promise<Stage> {
  const [stack, moto, { template }, bin] = await Promise.all([
    startStack({ cashier: APP }),
    startMoto(python),
    packageTemplate({ stage: 'prod' }),
    mkdtemp(path.join(os.tmpdir(), 'bin-')),
  ]);
  await installCli(bin, path.join(python, 'aws'));
  const functions = await startControlPlane(handlersOf(stack));
  const { cashier, aws } = stack;
  const { orderId } = cashier.createOrder(ORDER);
  await stack.ordersWritten();
  const { form } = await cashier.pay(orderId);
  const messaging = new URL(aws.paymentQueueUrl).origin;
  const behind = { messaging, functions: functions.url, rest: moto.url };
  const deployed = { stack, template, deadLetter: { orderId, siteId: ORDER.userId } };
  let [accounts, count] = [0, 0];
  return {
    platformPublicKey: cashier.platformPublicKey,
    notification: form,
    openAccount: async () => {
      const account = await openAccount(String(++accounts).padStart(12, '0'), behind, deployed);
      const PATH = `${bin}:${process.env['PATH']}`;
      return { ...account, environment: { ...account.environment, PATH } };
    },
    pay: async () => {
      const order = cashier.createOrder({ tpOrderId: `order-${++count}`, totalMoney: 1 });
      await stack.ordersWritten();
      await cashier.pay(order.orderId);
      return order.orderId;
    },
    receive: async (queue) => {
      const QueueUrl = new URL(`/000000000000/${queue}`, messaging).href;
      const { Messages = [] } = await aws.sqs.send(
        new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 }),
      );
      return JSON.parse(Messages[0]?.Body ?? 'null');
    },
    close: async () => {
      await Promise.all([stack, moto, functions].map((each) => each.close()));
      await rm(bin, { recursive: true });
    },
  };
}

/** Puts `aws` into a folder. Version 1 asks SQS at an address of its own, whatever the variables say. */
function installCli(bin: string, program: string): Promise<void> {
  const checked = Object.keys(CHECKED_ONLY).map((operation) => `'${operation}'`);
  const script = `#!/bin/sh
case "$1 $2" in ${checked.join('|')}) exec '${program}' "$@" --generate-cli-skeleton output ;; esac
exec '${program}' --endpoint-url "$AWS_ENDPOINT_URL" "$@"
`;
  return writeFile(path.join(bin, 'aws'), script, { mode: 0o755 });
}

/** The functions as Lambda's API reaches them. */
function handlersOf({ functions }: Stack): Record<string, (event: unknown) => Promise<unknown>> {
  return Object.fromEntries(
    Object.entries(functions).map(([name, { invoke }]) => [
      `${SERVICE}-${name}`,
      async (event: unknown) => {
        const { result, error } = await invoke(event);
        if (error) throw Object.assign(new Error(error.message), { name: error.name });
        return result;
      },
    ]),
  );
}
