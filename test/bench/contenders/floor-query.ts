import { createPrivateKey, sign } from 'node:crypto';
import http from 'node:http';
import { callAws } from './aws.ts';

/**
 * A measuring stick, not to be deployed: the query with nothing around it. No SDK, no middleware, no token, no
 * checks, no retries, no time limits, no log.
 */
const agent = new http.Agent({ keepAlive: true });
const loading = load();

async function load() {
  const answer = await callAws({
    service: 'secretsmanager',
    endpoint: process.env['AWS_ENDPOINT_URL_SECRETS_MANAGER'] ?? '',
    target: 'secretsmanager.GetSecretValue',
    contentType: 'application/x-amz-json-1.1',
    body: { SecretId: process.env['BAIDU_SECRET_ID'] },
  });
  const { appId, appKey, privateKey } = JSON.parse(JSON.parse(answer).SecretString);
  return { appId, appKey, privateKey: createPrivateKey(privateKey) };
}

interface Event {
  pathParameters: { orderId: string };
  queryStringParameters: { siteId: string };
}

export async function handler(event: Event): Promise<unknown> {
  const { appId, appKey, privateKey } = await loading;
  const { orderId } = event.pathParameters;
  const { siteId } = event.queryStringParameters;
  const text = `appId=${appId}&appKey=${appKey}&orderId=${orderId}&siteId=${siteId}`;
  const signature = encodeURIComponent(sign('RSA-SHA1', Buffer.from(text), privateKey).toString('base64'));
  const answer = JSON.parse(await get(`${process.env['BAIDU_QUERY_URL']}?${text}&sign=${signature}`));
  const { payStatus, refundStatus, verification } = answer.data.data;
  const body = {
    ...{ appId, orderId, siteId },
    payment: named(payStatus, { '-1': 'UNPAID', '1': 'PAID' }),
    refund: named(refundStatus, { '-1': 'NONE', '1': 'PROCESSING', '2': 'REFUNDED', '9': 'FAILED' }),
    verification: named(verification, { '-1': 'NOT_VERIFIED', '1': 'VERIFIED' }),
    source: {
      api: 'queryorderdetail',
      timestamp: answer.timestamp,
      cached: answer.cached === 1,
      serverLogId: answer.serverlogid,
    },
  };
  const headers = { 'content-type': 'application/json', 'cache-control': 'no-store' };
  return { statusCode: 200, headers, body: JSON.stringify(body) };
}

function named(status: { statusNum: number; statusDesc: string }, names: Record<string, string>) {
  return { status: names[status.statusNum], code: status.statusNum, description: status.statusDesc };
}

function get(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = http.get(url, { agent }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve(text));
    });
    request.on('error', reject);
  });
}
