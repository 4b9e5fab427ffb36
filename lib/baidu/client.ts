import type { KeyObject } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { asServiceError, ServiceError } from './errors.ts';
import { createTransport, type HttpAnswer, type Transport, TransportError } from './https.ts';
import type { OrderRef } from './order.ts';
import { type OrderStatus, readOrderStatus } from './order-status.ts';
import { signParams } from './sign.ts';

const MAX_ANSWER_BYTES = 256 * 1024;

/** The whole of a query, all attempts and pauses, in milliseconds. */
const TOTAL_MS = 7000;

/** No further attempt is begun with less time than this, in milliseconds; the first has as much. */
const LEAST_ATTEMPT_MS = 20;

/** A payment app of a merchant, as Baidu's console names it, with the key that signs for it. */
export interface App {
  readonly appId: string;
  readonly appKey: string;
  readonly privateKey: KeyObject;
}

/** What a client of Baidu is made of. */
export interface BaiduClientOptions {
  /** Where Baidu answers payment status queries. */
  queryUrl: URL;
  /** How long one attempt may take, in milliseconds. */
  attemptTimeoutMs: number;
  maxAttempts: number;
  transport?: Transport;
  /** Told of each attempt. */
  onAttempt?: (attempt: Attempt) => void;
  /** 0 to 1, for the jitter between attempts. */
  random?: () => number;
}

/** One attempt: of which order, how long it took in milliseconds, and why it failed if it did. */
export interface Attempt {
  readonly orderId: string;
  readonly ms: number;
  readonly error?: ServiceError;
}

/** Asks Baidu for the status of an order, within `budgetMs` milliseconds. */
export type QueryOrder = (app: App, order: OrderRef, budgetMs?: number) => Promise<OrderStatus>;

/**
 * A client of Baidu's payment status query. What may pass is tried again, each attempt under its own time limit
 * and all of them under one.
 *
 * @returns a function that throws `BaiduError` for an errno other than 0, and `ServiceError` with
 *   `BAIDU_BAD_RESPONSE`, `BAIDU_UNREACHABLE` or `BAIDU_TIMEOUT`
 * @see Baidu's cashier documentation, 支付状态查询
 */
export function createBaiduClient(options: BaiduClientOptions): QueryOrder {
  const { queryUrl, attemptTimeoutMs, maxAttempts, random = Math.random, onAttempt } = options;
  const transport = options.transport ?? createTransport(queryUrl.protocol);

  async function attempt(
    url: URL,
    order: OrderRef & { appId: string },
    confidential: string[],
    timeoutMs: number,
  ) {
    const startedAt = performance.now();
    try {
      const answer = await sendOnLiveConnection(transport, url, timeoutMs);
      const status = readOrderStatus(acceptedBody(answer), order, confidential);
      onAttempt?.({ orderId: order.orderId, ms: performance.now() - startedAt });
      return status;
    } catch (thrown) {
      const error = asQueryError(thrown);
      onAttempt?.({ orderId: order.orderId, ms: performance.now() - startedAt, error });
      throw error;
    }
  }

  return async (app, order, budgetMs = TOTAL_MS) => {
    const deadline = performance.now() + Math.min(budgetMs, TOTAL_MS);
    const { url, signatures } = signedUrl(queryUrl, app, order);
    const confidential = [...signatures, app.appKey, order.siteId];
    for (let count = 1; ; count++) {
      const leftMs = Math.max(deadline - performance.now(), LEAST_ATTEMPT_MS);
      try {
        return await attempt(
          url,
          { ...order, appId: app.appId },
          confidential,
          Math.min(attemptTimeoutMs, leftMs),
        );
      } catch (error) {
        if (!(error instanceof ServiceError && error.passing && count < maxAttempts)) throw error;
        const pauseMs = 100 * 2 ** (count - 1) * (0.5 + random() / 2);
        if (performance.now() + pauseMs + LEAST_ATTEMPT_MS > deadline) throw error;
        await delay(pauseMs);
      }
    }
  };
}

/** The query's URL, and its signature as it is and as it stands in the URL. */
function signedUrl(base: URL, { appId, appKey, privateKey }: App, { orderId, siteId }: OrderRef) {
  const sign = signParams({ appId, appKey, orderId, siteId }, privateKey);
  const wireSign = encodeURIComponent(sign);
  const query = `appId=${appId}&appKey=${encodeURIComponent(appKey)}&orderId=${orderId}&siteId=${siteId}&sign=${wireSign}`;
  return { url: new URL(`${base.href}?${query}`), signatures: [sign, wireSign] };
}

/** A kept connection that the peer has closed meanwhile is no failure of Baidu's: the query goes out once more. */
async function sendOnLiveConnection(transport: Transport, url: URL, timeoutMs: number): Promise<HttpAnswer> {
  const giveUpAt = performance.now() + timeoutMs;
  const limits = () => ({
    timeoutMs: Math.max(giveUpAt - performance.now(), 1),
    maxBytes: MAX_ANSWER_BYTES,
  });
  try {
    return await transport(url, limits());
  } catch (error) {
    const stale = error instanceof TransportError && error.onKeptConnection && error.fault === 'unreachable';
    if (!stale) throw error;
    return await transport(url, limits());
  }
}

function acceptedBody({ status, body }: HttpAnswer): Buffer {
  if (status >= 200 && status < 300) return body;
  throw new ServiceError('BAIDU_BAD_RESPONSE', `Baidu answered with HTTP status ${status}.`, {
    passing: status >= 500 || status === 429,
  });
}

function asQueryError(error: unknown): ServiceError {
  if (!(error instanceof TransportError)) return asServiceError(error);
  const cause = error;
  switch (error.fault) {
    case 'timeout':
      return new ServiceError('BAIDU_TIMEOUT', 'Baidu gave no full answer in time.', {
        cause,
        passing: true,
      });
    case 'unreachable':
      return new ServiceError('BAIDU_UNREACHABLE', 'No connection to Baidu.', { cause, passing: true });
    case 'broken':
      return new ServiceError('BAIDU_BAD_RESPONSE', 'Baidu’s answer broke off.', { cause, passing: true });
    case 'too-large':
      return new ServiceError('BAIDU_BAD_RESPONSE', 'Baidu’s answer is larger than 256 KB.', { cause });
  }
}
