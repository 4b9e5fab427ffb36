import { createPrivateKey, type KeyObject, sign } from 'node:crypto';
import https from 'node:https';
import { callAws } from './aws.ts';

const agent = new https.Agent({ keepAlive: true });

/** What a query is signed with. */
export interface Merchant {
  readonly appId: string;
  readonly appKey: string;
  readonly privateKey: KeyObject;
}

/** The secret, by the least that a read takes. */
export async function loadMerchant(): Promise<Merchant> {
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

/** An order's statuses, by the least that a query takes: no checks, no retries, no time limit. */
export async function queryBaidu({ appId, appKey, privateKey }: Merchant, orderId: string, siteId: string) {
  const text = `appId=${appId}&appKey=${appKey}&orderId=${orderId}&siteId=${siteId}`;
  const signature = encodeURIComponent(sign('RSA-SHA1', Buffer.from(text), privateKey).toString('base64'));
  const answer = JSON.parse(await get(`${process.env['BAIDU_QUERY_URL']}?${text}&sign=${signature}`));
  const { payStatus, refundStatus, verification } = answer.data.data;
  return {
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
}

/** An answer of the HTTP API. */
export function json(body: unknown) {
  const headers = { 'content-type': 'application/json', 'cache-control': 'no-store' };
  return { statusCode: 200, headers, body: JSON.stringify(body) };
}

function named(status: { statusNum: number; statusDesc: string }, names: Record<string, string>) {
  return { status: names[status.statusNum], code: status.statusNum, description: status.statusDesc };
}

function get(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = https.get(url, { agent }, (response) => {
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
