import { randomUUID } from 'node:crypto';
import { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CreateTopicCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import dynalite from 'dynalite';
import { buildApp } from 'fauxqs';

/** What a client of the emulators is told of itself. */
export const AWS_ENVIRONMENT = {
  AWS_REGION: 'cn-north-1',
  AWS_ACCESS_KEY_ID: 'local',
  AWS_SECRET_ACCESS_KEY: 'local',
};

/** How often a message is delivered before it goes to the dead-letter queue, as `serverless.yml` has it. */
export const DELIVERIES = { payment: 5, lookup: 3 };

/** SQS, SNS and DynamoDB in this process, with the resources that the service is deployed with. */
export interface LocalAws {
  readonly sqs: SQSClient;
  readonly sns: SNSClient;
  readonly dynamodb: DynamoDBClient;
  /** What waits to be confirmed. */
  readonly paymentQueueUrl: string;
  readonly deadLetterQueueUrl: string;
  /** A subscriber's queue: every message of the status topic, without an envelope. */
  readonly subscriberQueueUrl: string;
  readonly statusTopicArn: string;
  /** Whoever wants an order looked up publishes here. */
  readonly lookupTopicArn: string;
  /** What was published there and waits for its function, as the queue inside of Lambda holds it. */
  readonly lookupQueueUrl: string;
  readonly ledgerTable: string;
  readonly ordersTable: string;
  /** The variables that point an AWS SDK at the emulators. */
  readonly environment: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/** What differs from the deployed queue. */
export interface LocalAwsOptions {
  /** How long a received message stays hidden, in seconds. */
  visibilitySeconds?: number;
}

/**
 * Starts the emulators on free ports of 127.0.0.1 and makes the resources through the real SDK. Where the variable
 * `LOCAL_DYNAMODB_URL` names another engine, the tables are made there, under names of their own.
 */
export async function startAws({ visibilitySeconds = 180 }: LocalAwsOptions = {}): Promise<LocalAws> {
  const messaging = buildApp({ logger: false, defaultRegion: AWS_ENVIRONMENT.AWS_REGION });
  await messaging.listen({ port: 0, host: '127.0.0.1' });
  const tables = await startTables(process.env['LOCAL_DYNAMODB_URL']);
  const endpoints = { messaging: addressOf(messaging.server), tables: tables.url };

  const client = {
    region: AWS_ENVIRONMENT.AWS_REGION,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  };
  const sqs = new SQSClient({ ...client, endpoint: endpoints.messaging });
  const sns = new SNSClient({ ...client, endpoint: endpoints.messaging });
  const dynamodb = new DynamoDBClient({ ...client, endpoint: endpoints.tables });
  const resources = await makeResources({
    sqs,
    sns,
    dynamodb,
    endpoint: endpoints.messaging,
    visibilitySeconds,
    tableNames: tables.names,
  });
  return {
    ...{ sqs, sns, dynamodb, ...resources },
    environment: {
      ...AWS_ENVIRONMENT,
      AWS_ENDPOINT_URL_SQS: endpoints.messaging,
      AWS_ENDPOINT_URL_SNS: endpoints.messaging,
      AWS_ENDPOINT_URL_DYNAMODB: endpoints.tables,
    },
    close: async () => {
      for (const open of [sqs, sns, dynamodb]) open.destroy();
      messaging.server.closeAllConnections();
      await Promise.all([messaging.close(), tables.close()]);
    },
  };
}

interface Tables {
  readonly url: string;
  readonly names: { readonly ledger: string; readonly orders: string };
  close(): Promise<unknown>;
}

async function startTables(elsewhere: string | undefined): Promise<Tables> {
  if (elsewhere) {
    // Whoever else uses that engine at the same time has tables there, too.
    const mark = randomUUID();
    const names = { ledger: `ledger-${mark}`, orders: `orders-${mark}` };
    return { url: elsewhere, names, close: async () => undefined };
  }
  const tables = dynalite({ createTableMs: 0 });
  await new Promise<void>((resolve) => tables.listen(0, '127.0.0.1', resolve));
  return {
    ...{ url: addressOf(tables), names: { ledger: 'ledger', orders: 'orders' } },
    close: () => {
      tables.closeAllConnections();
      // Its own close takes the store from under requests whose callers have gone, and they then end the process.
      return new Promise((resolve) => Server.prototype.close.call(tables, resolve));
    },
  };
}

interface Clients {
  sqs: SQSClient;
  sns: SNSClient;
  dynamodb: DynamoDBClient;
  endpoint: string;
  visibilitySeconds: number;
  tableNames: Tables['names'];
}

async function makeResources({ sqs, sns, dynamodb, endpoint, visibilitySeconds, tableNames }: Clients) {
  const queue = async (name: string, attributes: Record<string, string> = {}) => {
    const { QueueUrl = '' } = await sqs.send(
      new CreateQueueCommand({ QueueName: name, Attributes: attributes }),
    );
    // The emulator names a host that does not resolve everywhere; only the path of the URL counts.
    return { url: endpoint + new URL(QueueUrl).pathname, arn: `arn:aws:sqs:cn-north-1:000000000000:${name}` };
  };
  const topic = async (name: string) => {
    const { TopicArn = '' } = await sns.send(new CreateTopicCommand({ Name: name }));
    return TopicArn;
  };
  const table = (name: string, key: string, ...indexes: string[]) =>
    dynamodb.send(
      new CreateTableCommand({
        TableName: name,
        AttributeDefinitions: [key, ...indexes].map((each) => ({ AttributeName: each, AttributeType: 'S' })),
        KeySchema: [{ AttributeName: key, KeyType: 'HASH' }],
        ...(indexes.length > 0 && {
          GlobalSecondaryIndexes: indexes.map((index) => ({
            IndexName: index,
            KeySchema: [{ AttributeName: index, KeyType: 'HASH' }],
            Projection: { ProjectionType: 'ALL' },
          })),
        }),
        BillingMode: 'PAY_PER_REQUEST',
      }),
    );
  const deadLetters = await queue('dead-letters');
  const feeding = (maxReceiveCount: number) => ({
    RedrivePolicy: JSON.stringify({ deadLetterTargetArn: deadLetters.arn, maxReceiveCount }),
    VisibilityTimeout: String(visibilitySeconds),
  });
  const subscribe = (topicArn: string, queueArn: string) =>
    sns.send(
      new SubscribeCommand({
        ...{ TopicArn: topicArn, Protocol: 'sqs', Endpoint: queueArn },
        Attributes: { RawMessageDelivery: 'true' },
      }),
    );
  const [payments, lookups, subscriber, statusTopicArn, lookupTopicArn] = await Promise.all([
    queue('payments', feeding(DELIVERIES.payment)),
    queue('lookups', feeding(DELIVERIES.lookup)),
    queue('subscriber'),
    topic('statuses'),
    topic('lookups'),
    table(tableNames.ledger, 'id', 'merchantOrder'),
    table(tableNames.orders, 'tpOrderId'),
  ]);
  await Promise.all([subscribe(statusTopicArn, subscriber.arn), subscribe(lookupTopicArn, lookups.arn)]);
  return {
    paymentQueueUrl: payments.url,
    lookupQueueUrl: lookups.url,
    deadLetterQueueUrl: deadLetters.url,
    subscriberQueueUrl: subscriber.url,
    ...{ statusTopicArn, lookupTopicArn, ledgerTable: tableNames.ledger, ordersTable: tableNames.orders },
  };
}

function addressOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
