import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { expect, test } from 'vitest';
import { startAws } from '../../../local/stack/aws.ts';

test('closes while tables are written to: whoever writes is cut off, and nothing else breaks', async () => {
  const { ordersTable: TableName, environment, close } = await startAws();
  const client = new DynamoDBClient({
    ...{ endpoint: environment['AWS_ENDPOINT_URL_DYNAMODB'] ?? '', region: 'cn-north-1', maxAttempts: 1 },
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
  const put = (tpOrderId: string) =>
    client.send(new PutItemCommand({ TableName, Item: { tpOrderId: { S: tpOrderId } } }));
  const written = Array.from({ length: 50 }, (_, index) => put(`order-${index}`));
  const ends = Promise.allSettled(written);
  await Promise.any(written);
  await close();
  expect((await ends).map(({ status }) => status)).toContain('rejected');
  client.destroy();
});
