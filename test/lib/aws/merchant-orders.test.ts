import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { awsClientLimits } from '../../../lib/aws/limits.ts';
import { createOrderMatcher } from '../../../lib/aws/merchant-orders.ts';
import type { Notification } from '../../../lib/baidu/webhook/notification.ts';
import { hangs, says } from '../../support/baidu.ts';
import { type AwsEndpoint, CREDENTIALS, startEndpoint } from '../../support/endpoint.ts';
import { PAID } from '../../support/notification.ts';

vi.mock(import('../../../lib/aws/limits.ts'), { spy: true });

const NOTIFICATION: Notification = {
  ...{ orderId: '1920891312', siteId: '3747777038', tpOrderId: '3028903626' },
  ...{ status: 'PAID', reading: 'raw', totalMoney: 11300, fields: PAID },
};
const BUDGET_MS = 20_000;

let table: AwsEndpoint;
beforeEach(async () => {
  table = await startEndpoint(() => says('{}'));
  const env = { ...CREDENTIALS, AWS_ENDPOINT_URL_DYNAMODB: table.url };
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  await table.close();
});

const holds = (item: unknown) => table.play(says(JSON.stringify({ Item: item })));

describe('createOrderMatcher()', () => {
  test('reads the price of the merchant’s order, as it is now', async () => {
    holds({ totalMoney: { N: '11300' } });
    expect(await createOrderMatcher('orders')(NOTIFICATION, BUDGET_MS)).toBe(true);
    expect(table.calls.map(({ target }) => target)).toEqual(['DynamoDB_20120810.GetItem']);
    expect(JSON.parse(table.calls[0]?.body ?? '')).toEqual({
      TableName: 'orders',
      Key: { tpOrderId: { S: '3028903626' } },
      ConsistentRead: true,
      ProjectionExpression: 'totalMoney',
    });
    expect(awsClientLimits).toHaveBeenCalledExactlyOnceWith({ attemptTimeoutMs: 300, maxAttempts: 3 });
  });

  test.each([{ N: '11300' }, { S: '11300' }, { S: '0011300' }])('takes the price %j', async (totalMoney) => {
    holds({ totalMoney });
    expect(await createOrderMatcher('orders')(NOTIFICATION, BUDGET_MS)).toBe(true);
  });

  test.each([{ N: '11301' }, { S: '0' }, { S: '9223372036854775807' }])(
    'takes not %j',
    async (totalMoney) => {
      holds({ totalMoney });
      expect(await createOrderMatcher('orders')(NOTIFICATION, BUDGET_MS)).toBe(false);
    },
  );

  test('takes no order that the merchant does not have', async () => {
    expect(await createOrderMatcher('orders')(NOTIFICATION, BUDGET_MS)).toBe(false);
  });

  test.each([
    {},
    { totalMoney: { S: '' } },
    { totalMoney: { S: '113.00' } },
    { totalMoney: { N: '-11300' } },
    { totalMoney: { S: '11300 ' } },
    { totalMoney: { S: 'x11300' } },
    { totalMoney: { BOOL: true } },
  ])('judges by no price that is none: %j', async (item) => {
    holds(item);
    await expect(createOrderMatcher('orders')(NOTIFICATION, BUDGET_MS)).rejects.toMatchObject({
      code: 'ORDERS_UNAVAILABLE',
      message: 'The orders table holds the order without a whole totalMoney.',
    });
  });

  test('says when the table cannot be asked, and why', async () => {
    table.play(says('{"__type":"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException"}', 400));
    await expect(createOrderMatcher('orders')(NOTIFICATION, BUDGET_MS)).rejects.toMatchObject({
      code: 'ORDERS_UNAVAILABLE',
      message: 'The orders table did not answer.',
      cause: expect.objectContaining({ name: 'ResourceNotFoundException' }),
    });
  });

  test('gives up when its time is up, and leaves no try under way', async () => {
    const send = vi.spyOn(DynamoDBClient.prototype, 'send');
    table.play(hangs);
    const matchOrder = createOrderMatcher('orders');
    await expect(matchOrder(NOTIFICATION, 100)).rejects.toMatchObject({
      code: 'ORDERS_UNAVAILABLE',
      cause: { name: 'TimeoutError', message: 'DynamoDB did not answer in time.' },
    });
    await vi.waitFor(() => expect(send).toHaveBeenCalled());
    const [, options] = send.mock.calls[0] as unknown as [unknown, { abortSignal: AbortSignal }];
    expect(options.abortSignal.aborted).toBe(true);
  });
});
