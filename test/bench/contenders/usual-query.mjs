// A measuring stick, not to be deployed: the query as the pages of middy, @middy/secrets-manager and axios have it.
import { createSign } from 'node:crypto';
import middy from '@middy/core';
import secretsManager from '@middy/secrets-manager';
import axios from 'axios';

const lambdaHandler = async (event, context) => {
  const { appId, appKey, privateKey } = context.secret;
  const { orderId } = event.pathParameters;
  const { siteId } = event.queryStringParameters;
  const params = { appId, appKey, orderId, siteId };
  const signer = createSign('RSA-SHA1');
  signer.update(`appId=${appId}&appKey=${appKey}&orderId=${orderId}&siteId=${siteId}`);
  const sign = signer.sign(privateKey, 'base64');
  const { data } = await axios.get(process.env.BAIDU_QUERY_URL, { params: { ...params, sign } });
  const { payStatus, refundStatus, verification } = data.data.data;
  return {
    statusCode: 200,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
    body: JSON.stringify({
      appId,
      orderId,
      siteId,
      payment: named(payStatus, { '-1': 'UNPAID', 1: 'PAID' }),
      refund: named(refundStatus, { '-1': 'NONE', 1: 'PROCESSING', 2: 'REFUNDED', 9: 'FAILED' }),
      verification: named(verification, { '-1': 'NOT_VERIFIED', 1: 'VERIFIED' }),
      source: {
        api: 'queryorderdetail',
        timestamp: data.timestamp,
        cached: data.cached === 1,
        serverLogId: data.serverlogid,
      },
    }),
  };
};

const named = ({ statusNum, statusDesc }, names) => ({
  status: names[statusNum],
  code: statusNum,
  description: statusDesc,
});

export const handler = middy()
  .use(secretsManager({ fetchData: { secret: process.env.BAIDU_SECRET_ID }, setToContext: true }))
  .handler(lambdaHandler);
