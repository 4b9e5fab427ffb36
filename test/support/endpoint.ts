import { createHash } from 'node:crypto';
import http from 'node:http';
import { text } from 'node:stream/consumers';
import { listenOnLoopback } from '../../local/cashier/http/loopback.ts';
import type { Behaviour } from './baidu.ts';

/** A call of an AWS service as it arrived. */
export interface AwsCall {
  readonly target: string | undefined;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

/** A scripted AWS service: plays the behaviours given in turn, then its standard one. Checks nothing. */
export interface AwsEndpoint {
  readonly url: string;
  readonly calls: AwsCall[];
  play(...behaviours: Behaviour[]): void;
  close(): Promise<void>;
}

/** Starts a scripted AWS service on a free port of 127.0.0.1. */
export async function startEndpoint(standard: (call: AwsCall) => Behaviour): Promise<AwsEndpoint> {
  const script: Behaviour[] = [];
  const calls: AwsCall[] = [];
  const server = http.createServer(async (request, response) => {
    const body = await text(request);
    const target = request.headers['x-amz-target'];
    const call = { target: typeof target === 'string' ? target : undefined, headers: request.headers, body };
    calls.push(call);
    (script.shift() ?? standard(call))(request, response);
  });
  const { url, close } = await listenOnLoopback(server);
  return {
    url,
    calls,
    play: (...behaviours) => script.push(...behaviours),
    close,
  };
}

/** What a client needs to call such a service. */
export const CREDENTIALS = {
  AWS_REGION: 'cn-north-1',
  AWS_ACCESS_KEY_ID: 'local',
  AWS_SECRET_ACCESS_KEY: 'local',
};

/** The MD5 digest that SQS gives back of a message. */
export function md5(body: string): string {
  return createHash('md5').update(body, 'utf8').digest('hex');
}
