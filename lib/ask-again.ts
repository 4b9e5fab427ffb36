import { isOverQps, ServiceError } from './baidu/errors.ts';
import type { OrderStatus } from './baidu/order-status.ts';
import type { Picture } from './ledger/decisions.ts';
import type { Lookup } from './lookup-orders.ts';
import type { ConfirmApp } from './merchant/secret.ts';
import type { StatusQuery } from './status-query.ts';

/** Puts a message back into the queue, held back for some seconds. */
export type SendBack = (
  message: unknown,
  options: { readonly budgetMs: number; readonly delaySeconds: number },
) => Promise<void>;

/** What asking under a limit, and asking again later, takes. */
export interface LaterParts {
  readonly queryOrder: StatusQuery['queryOrder'];
  /** Without it the look-up fails. */
  readonly sendBack?: SendBack | undefined;
  readonly leftMs: () => number;
  readonly pause: (ms: number) => Promise<unknown>;
  /** 0 to 1, for what must not happen to all at once. */
  readonly random: () => number;
}

/** How long a look-up is held back that Baidu refused for its QPS limit, in seconds; spread, lest all come at once. */
const DEFERRAL_SECONDS = { least: 30, most: 120 };

/** What sending a look-up back may take, in milliseconds; so much is kept for it, or for telling. */
const SEND_BACK_MS = 1500;

/** Baidu is not asked again with less time left than this, in milliseconds, beside what is kept. */
const ASK_AGAIN_MS = 1000;

/** When an order is asked for again whose refund Baidu's query does not show yet, in seconds; SQS holds back 900 at most. */
const REFUND_CHECK_SECONDS = [60, 240, 900, 900, 900];

/**
 * While Baidu refuses for its QPS limit, waits longer and longer within the time there is; after that, `undefined`. What
 * fails once Baidu has refused, for want of time, is that limit's doing, too.
 */
export async function queryUnderLimit(
  app: ConfirmApp,
  order: Parameters<StatusQuery['queryOrder']>[1],
  { queryOrder, leftMs, pause, sendBack, random }: LaterParts,
): Promise<OrderStatus | undefined> {
  let refused: unknown;
  for (let pauseMs = 500; ; pauseMs = Math.min(pauseMs * 1.3, 4000)) {
    const budgetMs = Math.max(leftMs() - SEND_BACK_MS, leftMs() / 2);
    try {
      return await queryOrder(app, order, budgetMs);
    } catch (error) {
      const isQps = isOverQps(error);
      const isLate = refused !== undefined && error instanceof ServiceError && error.passing;
      if (!isQps && !isLate) throw error;
      refused ??= error;
      const wait = pauseMs * (0.5 + random());
      if (wait + ASK_AGAIN_MS + SEND_BACK_MS < leftMs()) await pause(wait);
      else if (sendBack) return undefined;
      else throw refused;
    }
  }
}

/**
 * Asks for an order again later where Baidu's query does not show a refund yet that Baidu has notified; a few times, since
 * nobody has published what a refund in part looks like there.
 */
export async function askAgainForRefund(
  lookups: readonly Lookup[],
  { appId, orderId, siteId, refund }: Picture,
  { sendBack }: LaterParts,
): Promise<void> {
  const counts = lookups.flatMap(({ facts, refundCheck = 0 }) =>
    refundCheck > 0 || facts?.refund?.code === 1 ? [refundCheck] : [],
  );
  if (counts.length === 0 || (refund.status !== 'NONE' && refund.status !== 'PROCESSING')) return;
  const refundCheck = Math.min(...counts);
  const delaySeconds = REFUND_CHECK_SECONDS[refundCheck];
  if (delaySeconds === undefined) return;
  const message = { appId, orderId, siteId, refundCheck: refundCheck + 1 };
  await sendBack?.(message, { budgetMs: SEND_BACK_MS, delaySeconds });
}

/** Back into the queue as new messages: another try of the same ones would bring them nearer to the dead-letter queue. */
export async function sendAllBack(
  lookups: readonly Lookup[],
  { sendBack, random }: LaterParts,
): Promise<void> {
  const { least, most } = DEFERRAL_SECONDS;
  const bodies = new Set(lookups.map(({ body }) => body));
  await Promise.all(
    [...bodies].map((body) => {
      const delaySeconds = least + Math.floor(random() * (most - least));
      return sendBack?.(body, { budgetMs: SEND_BACK_MS, delaySeconds });
    }),
  );
}
