import { callAws } from './aws.ts';
import { json, loadMerchant, queryBaidu } from './baidu.ts';

/** A measuring stick, not to be deployed: the question by the merchant's own id with nothing around it. */
const loading = loadMerchant();

interface Event {
  pathParameters: { tpOrderId: string };
}

export async function handler({ pathParameters: { tpOrderId } }: Event): Promise<unknown> {
  const merchant = await loading;
  const answer = await callAws({
    service: 'dynamodb',
    endpoint: process.env['AWS_ENDPOINT_URL_DYNAMODB'] ?? '',
    target: 'DynamoDB_20120810.Query',
    contentType: 'application/x-amz-json-1.0',
    body: {
      ...{ TableName: process.env['LEDGER_TABLE'], IndexName: 'merchantOrder' },
      KeyConditionExpression: 'merchantOrder = :order',
      ExpressionAttributeValues: { ':order': { S: `${merchant.appId}#${tpOrderId}` } },
    },
  });
  const [item] = JSON.parse(answer).Items;
  return json({ ...(await queryBaidu(merchant, item.orderId.S, item.siteId.S)), tpOrderId });
}
