import { CreateTableCommand, type CreateTableCommandInput } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { expect, vi } from 'vitest';
import { type LocalAws, startAws } from '../../local/stack/aws.ts';
import { sqsEvent } from '../../local/stack/events.ts';
import { PAID } from '../support/notification.ts';

/** A merchant's side: the subscriber, its table, and its log. */
export interface Shop {
  readonly aws: LocalAws;
  readonly table: string;
  readonly documents: DynamoDBDocumentClient;
  /** What the function has written since the last message that was handed over by hand. */
  readonly log: Record<string, unknown>[];
  handler(event: SQSEvent): Promise<SQSBatchResponse>;
  /** Hands over messages as one batch; resolves with what came of each, and throws where the wrong ones failed. */
  receive(...bodies: unknown[]): Promise<string[]>;
  /** Puts an order into the table, an open one by default, and returns its id. */
  putOrder(changes?: Record<string, unknown>): Promise<string>;
  orderOf(tpOrderId: string): Promise<Record<string, unknown> | undefined>;
  close(): Promise<void>;
}

export const status = (name: string) => ({ status: name, code: 7, description: '' });

/** A message of the status topic about an order of the merchant's, paid by an order of Baidu's that nobody else has. */
export const message = (tpOrderId: string, changes: Record<string, unknown> = {}) => ({
  eventType: 'payment-status',
  appId: '10026',
  orderId: `77${tpOrderId.replace(/\D/g, '')}`,
  siteId: PAID['userId'],
  tpOrderId,
  sequence: 1,
  changed: ['payment'],
  payment: status('PAID'),
  refund: status('NONE'),
  verification: status('NOT_VERIFIED'),
  notification: { ...PAID, tpOrderId },
  observedAt: '2026-01-01T00:00:00.000Z',
  ...changes,
});

/** What a table is made by, as the template says it. */
export type Table = Partial<CreateTableCommandInput>;

const TABLE: Table = {
  BillingMode: 'PAY_PER_REQUEST',
  AttributeDefinitions: ['tpOrderId', 'baiduOrderId'].map((name) => ({
    AttributeName: name,
    AttributeType: 'S',
  })),
  KeySchema: [{ AttributeName: 'tpOrderId', KeyType: 'HASH' }],
  GlobalSecondaryIndexes: [
    {
      IndexName: 'baiduOrder',
      KeySchema: [{ AttributeName: 'baiduOrderId', KeyType: 'HASH' }],
      Projection: { ProjectionType: 'KEYS_ONLY' },
    },
  ],
};

const loadSource = (): Promise<Pick<Shop, 'handler'>> => import('../../examples/order-subscriber/handler.ts');

/** Makes a table of orders on the emulator, as the template does or as the one that is given, and loads the subscriber. */
export async function openShop(properties: Table = TABLE, load = loadSource): Promise<Shop> {
  const aws = await startAws();
  const table = 'subscriber-orders';
  const { AttributeDefinitions, KeySchema, ...rest } = properties;
  await aws.dynamodb.send(
    new CreateTableCommand({ ...rest, AttributeDefinitions, KeySchema, TableName: table }),
  );
  const documents = DynamoDBDocumentClient.from(aws.dynamodb);
  const log: Record<string, unknown>[] = [];
  const note = (line: string) => void log.push(JSON.parse(line));
  vi.spyOn(console, 'log').mockImplementation(note);
  vi.spyOn(console, 'error').mockImplementation(note);
  for (const [name, value] of Object.entries(aws.environment)) vi.stubEnv(name, value);
  vi.stubEnv('ORDERS_TABLE', table);
  const { handler } = await load();
  let orders = 0;
  return {
    ...{ aws, table, documents, log, handler },
    receive: async (...bodies) => {
      log.length = 0;
      const records = bodies.map((body, index) => ({
        messageId: `message-${index}`,
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }));
      const { batchItemFailures } = await handler(sqsEvent(records) as unknown as SQSEvent);
      const said = records.map(({ messageId }) =>
        String(log.find((line) => line['messageId'] === messageId)?.['message']),
      );
      const failed = records.filter((_, index) => /[A-Z]|failed/.test(said[index] ?? ''));
      expect(batchItemFailures).toEqual(failed.map(({ messageId }) => ({ itemIdentifier: messageId })));
      return said;
    },
    putOrder: async (changes = {}) => {
      const tpOrderId = `order-${++orders}`;
      const Item = { tpOrderId, totalMoney: 11300, orderStatus: 'OPEN', ...changes };
      await documents.send(new PutCommand({ TableName: table, Item }));
      return Item.tpOrderId;
    },
    orderOf: async (tpOrderId) => {
      const get = new GetCommand({ TableName: table, Key: { tpOrderId }, ConsistentRead: true });
      return (await documents.send(get)).Item;
    },
    close: async () => {
      vi.unstubAllEnvs();
      vi.restoreAllMocks();
      await aws.close();
    },
  };
}
