import http from 'node:http';
import { listenOnLoopback } from '../../local/cashier/http/loopback.ts';

/** What stands in for AWS: the URL of each. */
export interface Behind {
  /** SQS and SNS. */
  readonly messaging: string;
  /** Where functions are invoked; all else of Lambda is in `rest`. */
  readonly functions: string;
  readonly rest: string;
}

/**
 * Starts one endpoint for all of AWS, on a free port of 127.0.0.1: tells by its signature for which service a request is.
 *
 * @param account the account's number, twelve digits; moto keeps the accounts apart by it
 */
export async function startFront(account: string, behind: Behind) {
  const server = http.createServer((request, response) => {
    const { url = '/', method, headers } = request;
    const forwarded = http.request(new URL(url, targetOf(request, behind)), {
      method,
      headers: { ...headers, 'x-moto-account-id': account },
    });
    forwarded.on('response', (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    });
    forwarded.on('error', () => request.socket.destroy());
    request.pipe(forwarded);
  });
  return await listenOnLoopback(server);
}

/** @see AWS Signature Version 4: the credential's scope is date, region, service and `aws4_request`. */
function targetOf(
  { url = '', headers }: http.IncomingMessage,
  { messaging, functions, rest }: Behind,
): string {
  const [, service] =
    /Credential=[^/]+\/\d+\/[^/]+\/(\w+)\/aws4_request/.exec(headers.authorization ?? '') ?? [];
  if (service === 'sqs' || service === 'sns') return messaging;
  return url.endsWith('/invocations') ? functions : rest;
}
