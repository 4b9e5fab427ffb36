import { json, loadMerchant, queryBaidu } from './baidu.ts';

/** A measuring stick, not to be deployed: the query with nothing around it. No SDK, no middleware, no token, no log. */
const loading = loadMerchant();

interface Event {
  pathParameters: { orderId: string };
  queryStringParameters: { siteId: string };
}

export async function handler({ pathParameters, queryStringParameters }: Event): Promise<unknown> {
  return json(await queryBaidu(await loading, pathParameters.orderId, queryStringParameters.siteId));
}
