import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { answerBody } from '../support/baidu.ts';
import { type Distance, startDistance } from './distance.ts';

/** The certificate of all peers, worth nothing: for `NODE_EXTRA_CA_CERTS`. */
export const CERTIFICATE = path.resolve(import.meta.dirname, '../examples/localhost.pem');

/** Something on the other end of a wire, on TLS, that takes its time to answer. */
export interface Peer {
  readonly url: string;
  readonly distance: Distance;
  /** How long it takes to answer, in milliseconds. */
  latencyMs: number;
  /** How many requests have arrived. */
  requests: number;
  close(): Promise<void>;
}

/** Secrets Manager with one secret. Whatever is not signed is refused. */
export function startSecrets(secret: unknown): Promise<Peer> {
  const SecretString = JSON.stringify(secret);
  return startPeer('application/x-amz-json-1.1', () =>
    JSON.stringify({ ARN: 'arn', Name: 'bench', SecretString, VersionId: 'v', CreatedDate: 1.7e9 }),
  );
}

/** SQS that takes every message. */
export function startQueue(): Promise<Peer> {
  return startPeer('application/x-amz-json-1.0', (body) => {
    const { MessageBody = '' } = JSON.parse(body);
    const MD5OfMessageBody = createHash('md5').update(MessageBody).digest('hex');
    return JSON.stringify({ MessageId: 'message', MD5OfMessageBody });
  });
}

/** SNS that takes every message. */
export function startTopic(): Promise<Peer> {
  const answer =
    '<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult><MessageId>message</MessageId></PublishResult><ResponseMetadata><RequestId>request</RequestId></ResponseMetadata></PublishResponse>';
  return startPeer('text/xml', () => answer);
}

/** DynamoDB whose writes all take place; a question by an index finds one item. */
export function startTable(found: Readonly<Record<string, string>>): Promise<Peer> {
  const item = Object.fromEntries(Object.entries(found).map(([name, text]) => [name, { S: text }]));
  return startPeer('application/x-amz-json-1.0', (body) => {
    const { IndexName, UpdateExpression } = JSON.parse(body);
    if (IndexName) return JSON.stringify({ Count: 1, ScannedCount: 1, Items: [item] });
    return JSON.stringify(UpdateExpression ? { Attributes: {} } : {});
  });
}

/** Baidu's query, for an order that is paid. */
export interface Baidu extends Peer {
  /** How many queries a second it answers; the others are refused with errno 5010003. */
  queriesPerSecond: number;
  /** What it has answered and refused so far. */
  readonly count: { answered: number; refused: number };
}

/** Starts a Baidu without a limit. */
export async function startBaidu(): Promise<Baidu> {
  const paid = answerBody();
  const refusal = JSON.stringify({ errno: 5010003, errmsg: 'over the QPS limit', data: [] });
  let second = 0;
  let answeredInIt = 0;
  const peer = await startPeer('application/json', () => {
    const now = Math.floor(performance.now() / 1000);
    if (now !== second) answeredInIt = 0;
    second = now;
    const refused = answeredInIt >= baidu.queriesPerSecond;
    if (!refused) answeredInIt++;
    baidu.count[refused ? 'refused' : 'answered']++;
    return refused ? refusal : paid;
  });
  const baidu: Baidu = Object.assign(peer, {
    queriesPerSecond: Number.POSITIVE_INFINITY,
    count: { answered: 0, refused: 0 },
  });
  return baidu;
}

async function startPeer(contentType: string, answer: (body: string) => string): Promise<Peer> {
  const pem = readFileSync(CERTIFICATE);
  const server = https.createServer({ key: pem, cert: pem }, async (request, response) => {
    peer.requests++;
    const body = await text(request);
    if (peer.latencyMs > 0) await delay(peer.latencyMs);
    const signed = isSigned(request) || request.url?.includes('&sign=');
    response.writeHead(signed ? 200 : 403, { 'content-type': contentType });
    response.end(signed ? answer(body) : '{}');
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const distance = await startDistance((server.address() as AddressInfo).port);
  const peer: Peer = {
    url: `https://localhost:${distance.port}`,
    distance,
    latencyMs: 0,
    requests: 0,
    close: async () => {
      await distance.close();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
  return peer;
}

function isSigned({ headers }: http.IncomingMessage): boolean {
  return /^AWS4-HMAC-SHA256 Credential=local\/\d{8}\/cn-north-1\/(secretsmanager|sqs|sns|dynamodb)\/aws4_request, SignedHeaders=\S+, Signature=[0-9a-f]{64}$/.test(
    headers.authorization ?? '',
  );
}
