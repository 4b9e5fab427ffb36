import { callAws } from './aws.ts';
import { loadMerchant, queryBaidu } from './baidu.ts';

/**
 * A measuring stick, not to be deployed: a look-up that tells a change, with the calls that the ledger's protocol needs
 * (read, ask, claim, publish, settle) and nothing around them.
 */
const loading = loadMerchant();

interface Event {
  Records: { body: string }[];
}

const table = (target: string, body: object) =>
  callAws({
    service: 'dynamodb',
    endpoint: process.env['AWS_ENDPOINT_URL_DYNAMODB'] ?? '',
    target: `DynamoDB_20120810.${target}`,
    contentType: 'application/x-amz-json-1.0',
    body: { TableName: process.env['LEDGER_TABLE'], ...body },
  });

export async function handler({ Records }: Event): Promise<unknown> {
  const merchant = await loading;
  await Promise.all(
    Records.map(async ({ body }) => {
      const { orderId, siteId } = JSON.parse(body);
      const Key = { id: { S: `${merchant.appId}#${orderId}` } };
      await table('GetItem', { Key, ConsistentRead: true });
      const status = await queryBaidu(merchant, orderId, siteId);
      const set = (names: string) => ({
        ...{ Key, UpdateExpression: `SET ${names}` },
        ExpressionAttributeValues: { ':v': { S: JSON.stringify(status) } },
      });
      await table('UpdateItem', set('telling = :v'));
      await callAws({
        service: 'sns',
        endpoint: process.env['AWS_ENDPOINT_URL_SNS'] ?? '',
        contentType: 'application/x-www-form-urlencoded',
        body: new URLSearchParams({
          ...{ Action: 'Publish', Version: '2010-03-31' },
          ...{ TopicArn: process.env['PAYMENT_TOPIC_ARN'] ?? '', Message: JSON.stringify(status) },
        }).toString(),
      });
      await table('UpdateItem', set('told = :v'));
    }),
  );
  return { batchItemFailures: [] };
}
