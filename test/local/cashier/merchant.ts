import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import type { Cashier } from '../../../local/cashier/index.ts';
import { sign } from '../../../local/cashier/signature/signature.ts';

/** The merchant's key pair of these tests. */
export const merchantKeys = generateKeyPairSync('rsa', { modulusLength: 1024 });

/** The order that Baidu's own pages use. */
export const SAMPLE = { orderId: '1920891312', userId: '3747777038', tpOrderId: 'T-1', totalMoney: 9900 };

/** The answer that consumes a notification. */
export const CONSUMED = '{"errno":0,"msg":"success","data":{"isConsumed":2}}';

/** How a merchant's server behaves for one call: an answer, no answer, or a broken connection. */
export type Behaviour = { status?: number; body: string; location?: string } | 'silent' | 'reset';

/** Starts a merchant's webhook on a real socket; `behave` is called with the number of the call, from 1. */
export async function startMerchant(behave: (call: number) => Behaviour) {
  const received: { contentType: string | undefined; method: string | undefined; body: string }[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    received.push({ contentType: request.headers['content-type'], method: request.method, body });
    const behaviour = behave(received.length);
    if (behaviour === 'silent') return;
    if (behaviour === 'reset') request.socket.destroy();
    else {
      if (behaviour.location) response.setHeader('location', behaviour.location);
      response.writeHead(behaviour.status ?? 200, { 'content-type': 'application/json' });
      response.end(behaviour.body);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const close = () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  return { url: `http://127.0.0.1:${port}/notify`, received, close };
}

/** The parameters of a query for the sample order, signed as Baidu wants it. */
export function signedQuery(cashier: Cashier, change: Record<string, string> = {}): Record<string, string> {
  const params = {
    appId: cashier.appId,
    appKey: cashier.appKey,
    orderId: SAMPLE.orderId,
    siteId: SAMPLE.userId,
    ...change,
  };
  return { ...params, sign: sign(params, merchantKeys.privateKey) };
}

/** Sends a query string to the cashier and returns the JSON of its answer with the HTTP status. */
export async function ask(cashier: Cashier, query: string | Record<string, string>, method = 'GET') {
  const search = typeof query === 'string' ? query : new URLSearchParams(query).toString();
  const response = await fetch(`${cashier.queryUrl}?${search}`, { method });
  return { ...JSON.parse(await response.text()), status: response.status };
}

/** Resolves when the condition holds; it is looked at after each event of the cashier. */
export function until(cashier: Cashier, condition: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const stop = cashier.subscribe(() => {
      if (!condition()) return;
      stop();
      resolve();
    });
  });
}
