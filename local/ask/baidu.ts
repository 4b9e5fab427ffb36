import { BAIDU_OPENAPI_URL, BAIDU_QUERY_URL } from '../../lib/baidu/address.ts';
import { createBaiduClient } from '../../lib/baidu/client.ts';
import type { OrderStatus } from '../../lib/baidu/order-status.ts';
import { createSecondGenerationClient, type QueriedOrder } from '../../lib/baidu/second-generation/client.ts';
import type { AskingApp } from './app.ts';
import type { Wanted } from './request.ts';

/** Where Baidu answers, for each generation; anything else is named by `--url`. */
export const ADDRESSES = { first: BAIDU_QUERY_URL, second: BAIDU_OPENAPI_URL } as const;

/** Somebody waits at a desk: a slow line is waited for, a broken one tried once more. */
const LIMITS = { attemptTimeoutMs: 3300, maxAttempts: 2 };

/** An order's status, whichever generation answered. */
export type Answer = OrderStatus | QueriedOrder;

/**
 * Asks Baidu: by its own ids the first generation, by the merchant's the second.
 *
 * @returns `undefined` where Baidu has no such order
 * @throws ServiceError as the clients do
 */
export async function askBaidu(
  { app, smartAppKey = '', smartAppSecret = '' }: AskingApp,
  wanted: Wanted,
  url: URL | undefined,
): Promise<Answer | undefined> {
  if ('orderId' in wanted) {
    return createBaiduClient({ ...LIMITS, queryUrl: url ?? new URL(ADDRESSES.first) })(app, wanted);
  }
  const client = createSecondGenerationClient({ ...LIMITS, openapiUrl: url ?? new URL(ADDRESSES.second) });
  return client.queryOrder({ ...app, smartAppKey, smartAppSecret }, wanted);
}
