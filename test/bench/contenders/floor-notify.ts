import { createPublicKey, verify } from 'node:crypto';
import { callAws } from './aws.ts';

/** A measuring stick, not to be deployed: the notification verified and stored, with nothing around it. */
const loading = load();

async function load() {
  const answer = await callAws({
    service: 'secretsmanager',
    endpoint: process.env['AWS_ENDPOINT_URL_SECRETS_MANAGER'] ?? '',
    target: 'secretsmanager.GetSecretValue',
    contentType: 'application/x-amz-json-1.1',
    body: { SecretId: process.env['BAIDU_SECRET_ID'] },
  });
  const { platformPublicKey } = JSON.parse(JSON.parse(answer).SecretString);
  const key = Buffer.from(platformPublicKey, 'base64');
  return createPublicKey({ key, format: 'der', type: 'spki' });
}

interface Event {
  body: string;
}

export async function handler(event: Event): Promise<unknown> {
  const form = new URLSearchParams(Buffer.from(event.body, 'base64').toString());
  const { rsaSign = '', ...fields } = Object.fromEntries(form);
  const text = Object.keys(fields)
    .sort()
    .map((name) => `${name}=${fields[name]}`)
    .join('&');
  const genuine = verify('RSA-SHA1', Buffer.from(text), await loading, Buffer.from(rsaSign, 'base64'));
  if (!genuine) return { statusCode: 403, body: '{"errno":1}' };
  const message = { orderId: fields['orderId'], siteId: fields['userId'], notification: fields };
  await callAws({
    service: 'sqs',
    endpoint: process.env['AWS_ENDPOINT_URL_SQS'] ?? '',
    target: 'AmazonSQS.SendMessage',
    contentType: 'application/x-amz-json-1.0',
    body: { QueueUrl: process.env['PAYMENT_QUEUE_URL'], MessageBody: JSON.stringify(message) },
  });
  const body = '{"errno":0,"msg":"success","data":{"isConsumed":2}}';
  return { statusCode: 200, headers: { 'content-type': 'application/json' }, body };
}
