import { createHash, createHmac } from 'node:crypto';
import https from 'node:https';

const agent = new https.Agent({ keepAlive: true });

/** A call of AWS's JSON protocol, or of the older one with a form. */
export interface AwsCall {
  service: 'secretsmanager' | 'sqs' | 'sns' | 'dynamodb';
  endpoint: string;
  target?: string;
  contentType: string;
  /** An object as JSON, a text as it is. */
  body: unknown;
}

/** The least that a call of an AWS service takes: one POST, signed (Signature Version 4). */
export async function callAws({ service, endpoint, target, contentType, body }: AwsCall): Promise<string> {
  const { host, pathname, hostname, port } = new URL(endpoint);
  const payload = typeof body === 'string' ? body : JSON.stringify(body);
  const time = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
  const { AWS_REGION = '', AWS_SESSION_TOKEN = '' } = process.env;
  const headers: Record<string, string> = {
    'content-type': contentType,
    host,
    'x-amz-date': time,
    'x-amz-security-token': AWS_SESSION_TOKEN,
    ...(target && { 'x-amz-target': target }),
  };
  const scope = `${time.slice(0, 8)}/${AWS_REGION}/${service}/aws4_request`;
  const signature = sign(headers, payload, scope, time);
  const authorization = `AWS4-HMAC-SHA256 Credential=${process.env['AWS_ACCESS_KEY_ID']}/${scope}, SignedHeaders=${Object.keys(headers).join(';')}, Signature=${signature}`;
  return new Promise((resolve, reject) => {
    const length = Buffer.byteLength(payload);
    const options = { hostname, port, path: pathname, method: 'POST', agent };
    const request = https.request(
      { ...options, headers: { ...headers, authorization, 'content-length': length } },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('end', () => resolve(text));
      },
    );
    request.on('error', reject);
    request.end(payload);
  });
}

function sign(headers: Record<string, string>, payload: string, scope: string, time: string): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}:${value}\n`);
  const canonical = `POST\n/\n\n${lines.join('')}\n${Object.keys(headers).join(';')}\n${sha256(payload)}`;
  const key = [...scope.split('/')].reduce<Buffer | string>(
    (secret, part) => hmac(secret, part),
    `AWS4${process.env['AWS_SECRET_ACCESS_KEY']}`,
  );
  return hmac(key, `AWS4-HMAC-SHA256\n${time}\n${scope}\n${sha256(canonical)}`).toString('hex');
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest();
