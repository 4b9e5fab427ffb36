import { CreateTableCommand } from '@aws-sdk/client-dynamodb';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { CreateQueueCommand, ReceiveMessageCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { AWS_ENVIRONMENT } from '../../local/stack/aws.ts';
import { type LocalSecretsManager, startSecretsManager } from '../../local/stack/secrets-manager.ts';
import { type Stack, startStack } from '../../local/stack/stack.ts';
import { startControlPlane } from '../support/control-plane.ts';

/** The order of the pages, paid, with the user who has paid it. */
export const ORDER = {
  orderId: '1920891312',
  userId: '3747777038',
  tpOrderId: '3028903626',
  totalMoney: 11300,
};

/** What Baidu's console shows to this merchant. */
export const APP = { appId: '20137', appKey: 'PPqr7s', dealId: '581204197' };

const SERVICE = 'baidu-payment-status-prod';
const SECRET = 'baidu-payment-status/prod';

/** The stage that the pages speak of, deployed to this machine. */
export interface Stage {
  /** What Baidu's console shows as 平台公钥. */
  readonly platformPublicKey: string;
  /** A notification as Baidu has posted it. */
  readonly notification: string;
  /** An account in which the stage is deployed; its secret is its own. */
  openAccount(): Promise<Account>;
  /** Has a new order paid; resolves with its id. */
  pay(): Promise<string>;
  /** The next message of a queue that a page has made. */
  receive(queue: string): Promise<Record<string, unknown>>;
  close(): Promise<void>;
}

/** What a shell needs to find the stage, with a Secrets Manager in which nothing is stored. */
export interface Account {
  readonly environment: Readonly<Record<string, string>>;
  /** The secret that is stored, if one is. */
  storedSecret(): Promise<Record<string, unknown> | undefined>;
  /** The secret that the stage works with. */
  readonly secret: string;
  /** Stores the secret that the stage works with, in place of any other: the cashier knows no key but its own. */
  storeSecret(): void;
  close(): Promise<void>;
}

/** Deploys the stage, with one order paid, a dead letter for each account, and what an older stage left. */
export async function startStage(): Promise<Stage> {
  const stack = await startStack({ cashier: APP });
  const order = stack.cashier.createOrder(ORDER);
  await stack.ordersWritten();
  const { form } = await stack.cashier.pay(order.orderId);
  const { sqs } = stack.aws;
  await leaveBehind(stack.aws);
  const secret = await readSecret(stack.secretsManager, 'baidu-payment-status/dev');
  let count = 0;
  return {
    platformPublicKey: stack.cashier.platformPublicKey,
    notification: form,
    openAccount: () => openAccount(stack, secret ?? ''),
    pay: async () => {
      const { orderId } = stack.cashier.createOrder({ tpOrderId: `order-${++count}`, totalMoney: 1 });
      await stack.ordersWritten();
      await stack.cashier.pay(orderId);
      return orderId;
    },
    receive: async (queue) => {
      const { Messages = [] } = await sqs.send(
        new ReceiveMessageCommand({ QueueUrl: urlOf(stack, queue), WaitTimeSeconds: 20 }),
      );
      return JSON.parse(Messages[0]?.Body ?? 'null');
    },
    close: () => stack.close(),
  };
}

/** What the service of a stack that was deleted has left: a queue and a table. */
async function leaveBehind({ sqs, dynamodb }: Stack['aws']): Promise<void> {
  await sqs.send(new CreateQueueCommand({ QueueName: 'left-over' }));
  await dynamodb.send(
    new CreateTableCommand({
      TableName: 'left-over',
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    }),
  );
}

let accounts = 0;

/** An account with a Secrets Manager and a dead letter of its own: pages are followed side by side. */
async function openAccount(stack: Stack, secret: string): Promise<Account> {
  const { sqs } = stack.aws;
  // The stack takes away what comes into its own.
  const QueueName = `undelivered-${++accounts}`;
  const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName }));
  const MessageBody = JSON.stringify({ orderId: ORDER.orderId, siteId: ORDER.userId });
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }));
  const secretsManager = await startSecretsManager();
  const plane = await startControlPlane(
    handlersOf(stack),
    { name: SERVICE, outputs: outputsOf(stack, QueueUrl) },
    { name: 'order-subscriber-prod', outputs: subscriberOutputsOf(stack, QueueUrl) },
  );
  const endpoints = Object.entries(stack.environment).filter(([name]) =>
    name.startsWith('AWS_ENDPOINT_URL_'),
  );
  return {
    environment: {
      ...Object.fromEntries(endpoints),
      AWS_ENDPOINT_URL_SECRETS_MANAGER: secretsManager.url,
      AWS_ENDPOINT_URL_LAMBDA: plane.url,
      AWS_ENDPOINT_URL_CLOUDFORMATION: plane.url,
      AWS_ACCESS_KEY_ID: AWS_ENVIRONMENT.AWS_ACCESS_KEY_ID,
      AWS_SECRET_ACCESS_KEY: AWS_ENVIRONMENT.AWS_SECRET_ACCESS_KEY,
    },
    secret,
    storedSecret: async () => {
      const stored = await readSecret(secretsManager, SECRET);
      return stored === undefined ? undefined : JSON.parse(stored);
    },
    storeSecret: () => secretsManager.put(SECRET, secret),
    close: async () => void (await Promise.all([secretsManager.close(), plane.close()])),
  };
}

async function readSecret({ url }: LocalSecretsManager, name: string): Promise<string | undefined> {
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const client = new SecretsManagerClient({ endpoint: url, region: AWS_ENVIRONMENT.AWS_REGION, credentials });
  try {
    return (await client.send(new GetSecretValueCommand({ SecretId: name }))).SecretString;
  } catch (error) {
    if ((error as Error).name === 'ResourceNotFoundException') return undefined;
    throw error;
  } finally {
    client.destroy();
  }
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

const arn = (queueUrl: string) => `arn:aws:sqs:cn-north-1:000000000000:${queueUrl.split('/').at(-1)}`;

/** Of the order system that examples/order-subscriber is. */
function subscriberOutputsOf({ aws }: Stack, deadLettersUrl: string): Record<string, string> {
  return {
    OrdersTable: aws.ordersTable,
    MessagesArn: arn(aws.subscriberQueueUrl),
    DeadLettersUrl: deadLettersUrl,
    DeadLettersArn: arn(deadLettersUrl),
  };
}

function outputsOf(
  { webhookUrl, refundNotifyUrl, refundAuditUrl, gateway, aws }: Stack,
  deadLetterQueueUrl: string,
): Record<string, string> {
  return {
    WebhookUrl: webhookUrl,
    RefundNotifyUrl: refundNotifyUrl,
    RefundAuditUrl: refundAuditUrl,
    QueryUrl: `${gateway.url}/orders/{orderId}/payment-status`,
    QueryFunctionName: `${SERVICE}-query`,
    PaymentQueueUrl: aws.paymentQueueUrl,
    PaymentQueueArn: arn(aws.paymentQueueUrl),
    DeadLetterQueueUrl: deadLetterQueueUrl,
    DeadLetterQueueArn: arn(deadLetterQueueUrl),
    StatusTopicArn: aws.statusTopicArn,
    LookupTopicArn: aws.lookupTopicArn,
    DashboardUrl: 'http://127.0.0.1/dashboard',
  };
}

function urlOf({ aws }: Stack, queue: string): string {
  return new URL(`/000000000000/${queue}`, aws.paymentQueueUrl).href;
}
