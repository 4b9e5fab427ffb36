import { CloudFormationClient, CreateStackCommand } from '@aws-sdk/client-cloudformation';
import { CloudWatchClient, PutMetricAlarmCommand, SetAlarmStateCommand } from '@aws-sdk/client-cloudwatch';
import {
  CreateSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { CreateQueueCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { AWS_ENVIRONMENT } from '../../local/stack/aws.ts';
import type { Stack } from '../../local/stack/stack.ts';
import { idsOfType, resource, type Template } from '../template/package.ts';
import { type Behind, startFront } from './front.ts';
import { partForMoto } from './moto.ts';

export const SERVICE = 'baidu-payment-status-prod';
const SUBSCRIBER = 'order-subscriber-prod';
const SECRET = 'baidu-payment-status/prod';

/** An AWS account with the stage in it, and no secret. */
export interface Account {
  /** The variables by which a shell finds it. */
  readonly environment: Readonly<Record<string, string>>;
  storedSecret(): Promise<unknown>;
  /** The secret that the stage works with. */
  readonly secret: string;
  /** Stores the secret that the stage works with, in place of any other: the cashier knows no key but its own. */
  storeSecret(): Promise<void>;
  close(): Promise<void>;
}

/** What an account is made of. */
export interface DeployedStage {
  readonly stack: Stack;
  /** Of the stage, as it is packaged. */
  readonly template: Template;
  /** A message that `confirm` could not handle. */
  readonly deadLetter: object;
}

/**
 * Makes an account in moto; its queues and topics are those of the stack, but for the dead-letter queue.
 *
 * @param number twelve digits
 */
export async function openAccount(number: string, behind: Behind, deployed: DeployedStage): Promise<Account> {
  const front = await startFront(number, behind);
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const client = { endpoint: front.url, region: AWS_ENVIRONMENT.AWS_REGION, credentials };
  await deploy(client, deployed);
  await makeAlarms(client, deployed.template);
  const secrets = new SecretsManagerClient(client);
  const theirs = new SecretsManagerClient({ ...client, endpoint: deployed.stack.secretsManager.url });
  const { SecretString = '' } = await theirs.send(
    new GetSecretValueCommand({ SecretId: 'baidu-payment-status/dev' }),
  );
  return {
    environment: {
      AWS_ENDPOINT_URL: front.url,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    },
    secret: SecretString,
    storedSecret: async () => {
      const stored = await secrets.send(new GetSecretValueCommand({ SecretId: SECRET }));
      return JSON.parse(stored.SecretString ?? 'null');
    },
    storeSecret: async () => {
      // Where one is there already, it becomes the version before.
      await secrets.send(new CreateSecretCommand({ Name: SECRET, SecretString })).catch(() => undefined);
      await secrets.send(new PutSecretValueCommand({ SecretId: SECRET, SecretString }));
    },
    close: front.close,
  };
}

interface Client {
  endpoint: string;
  region: string;
  credentials: { accessKeyId: string; secretAccessKey: string };
}

/** Creates the stacks of the stage and of an order system, whose outputs name what is on this machine. */
async function deploy(client: Client, { stack, template, deadLetter }: DeployedStage): Promise<void> {
  const { sqs } = stack.aws;
  // The stack takes away what comes into its own.
  const QueueName = `undelivered-${new URL(client.endpoint).port}`;
  const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName }));
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: JSON.stringify(deadLetter) }));
  const part = partForMoto(template);
  const stacks = new CloudFormationClient(client);
  const create = (StackName: string, body: object) => {
    const TemplateBody = JSON.stringify(body);
    return stacks.send(
      new CreateStackCommand({ StackName, TemplateBody, Capabilities: ['CAPABILITY_NAMED_IAM'] }),
    );
  };
  await create(SERVICE, {
    ...part,
    // Nothing comes into moto's queue, for which moto would start Docker.
    Resources: { ...part.Resources, ...sourcesOf(template) },
    Outputs: { ...part.Outputs, ...outputsOf(stack, QueueUrl) },
  });
  const Resources = { Messages: { Type: 'AWS::SQS::Queue' } };
  await create(SUBSCRIBER, { Resources, Outputs: subscriberOutputsOf(stack, QueueUrl) });
}

/** Makes what moto's CloudFormation leaves out: the alarms, by their names. One sounds. */
async function makeAlarms(client: Client, template: Template): Promise<void> {
  const cloudwatch = new CloudWatchClient(client);
  const rule = { ComparisonOperator: 'GreaterThanThreshold', EvaluationPeriods: 1, Threshold: 1 } as const;
  const metric = { Namespace: 'AWS/Lambda', MetricName: 'Errors', Period: 60, Statistic: 'Sum' } as const;
  for (const id of idsOfType(template, 'AWS::CloudWatch::Alarm')) {
    const AlarmName = String(resource(template, id).Properties['AlarmName']);
    await cloudwatch.send(new PutMetricAlarmCommand({ AlarmName, ...rule, ...metric }));
  }
  const sounding = { AlarmName: `${SERVICE}-dead-letters`, StateReason: 'There is one.' };
  await cloudwatch.send(new SetAlarmStateCommand({ ...sounding, StateValue: 'ALARM' }));
}

/** What has Lambda read the queue, by the function's name: moto finds it by what it was given. */
function sourcesOf(template: Template): Template['Resources'] {
  const id = 'ConfirmEventSourceMappingSQSPaymentQueue';
  const { Properties, ...source } = resource(template, id);
  return { [id]: { ...source, Properties: { ...Properties, FunctionName: `${SERVICE}-confirm` } } };
}

const arn = (queueUrl: string) => `arn:aws:sqs:cn-north-1:000000000000:${queueUrl.split('/').at(-1)}`;
const valuesOf = (outputs: Record<string, string>) =>
  Object.fromEntries(Object.entries(outputs).map(([name, Value]) => [name, { Value }]));

/** Of the order system that examples/order-subscriber is. */
function subscriberOutputsOf({ aws }: Stack, deadLettersUrl: string) {
  return valuesOf({
    OrdersTable: aws.ordersTable,
    MessagesArn: arn(aws.subscriberQueueUrl),
    DeadLettersUrl: deadLettersUrl,
    DeadLettersArn: arn(deadLettersUrl),
  });
}

function outputsOf(stack: Stack, deadLetterQueueUrl: string) {
  const { webhookUrl, refundNotifyUrl, refundAuditUrl, gateway, aws } = stack;
  return valuesOf({
    WebhookUrl: webhookUrl,
    RefundNotifyUrl: refundNotifyUrl,
    RefundAuditUrl: refundAuditUrl,
    QueryUrl: `${gateway.url}/orders/{orderId}/payment-status`,
    PaymentQueueUrl: aws.paymentQueueUrl,
    PaymentQueueArn: arn(aws.paymentQueueUrl),
    DeadLetterQueueUrl: deadLetterQueueUrl,
    DeadLetterQueueArn: arn(deadLetterQueueUrl),
    StatusTopicArn: aws.statusTopicArn,
    LookupTopicArn: aws.lookupTopicArn,
    DashboardUrl: 'http://127.0.0.1/dashboard',
  });
}
