import { setTimeout as delay } from 'node:timers/promises';
import type { Once } from './aws/once.ts';
import type { SendMessage } from './aws/queue.ts';
import type { PublishStatus } from './aws/topic.ts';
import type { App, QueryOrder } from './baidu/client.ts';
import { BaiduError, OVER_QPS_ERRNO, ServiceError } from './baidu/errors.ts';
import type { OrderStatus } from './baidu/order-status.ts';
import type { Lookup } from './lookup.ts';

/** In a notification the status 2 says that the order was paid. */
const NOTIFIED_PAID = '2';

/** What looking an order up takes. */
export interface ConfirmParts {
  readonly loadSecret: () => Promise<App>;
  readonly queryOrder: QueryOrder;
  readonly once: Pick<Once, 'run'>;
  readonly publish: PublishStatus;
  /** Puts a look-up back into the queue, held back for some seconds; without it the look-up fails. */
  readonly sendBack?: SendMessage | undefined;
}

/** What a look-up came to: the order's state went out now, had gone out before, or will be asked for later. */
export type Confirmation = 'published' | 'known' | 'deferred';

/** How long a look-up is held back that Baidu refused for its QPS limit, in seconds; spread, lest all come at once. */
const DEFERRAL_SECONDS = { least: 30, most: 120 };

/** What sending a look-up back may take, in milliseconds. */
const SEND_BACK_MS = 1500;

/**
 * Asks Baidu for an order and publishes its state, unless that state was published before.
 *
 * @param leftMs how many milliseconds there are for all of it
 * @throws ServiceError `PAYMENT_MISMATCH` where the notification says paid and Baidu does not; and what the query and
 *   the topic throw
 */
export async function confirmOrder(
  lookup: Lookup,
  parts: ConfirmParts,
  leftMs: () => number,
): Promise<Confirmation> {
  const status = await queryUnderLimit(lookup, parts, leftMs);
  if (!status) return 'deferred';
  if (lookup.notification?.['status'] === NOTIFIED_PAID && status.payment.status !== 'PAID') {
    throw new ServiceError('PAYMENT_MISMATCH', 'The notification says paid, and Baidu’s answer does not.');
  }
  const published = await parts.once.run(stateOf(status), () => parts.publish(status, lookup), leftMs);
  return published ? 'published' : 'known';
}

/**
 * While Baidu refuses for its QPS limit, waits longer and longer within the time there is. After that the look-up goes
 * back into the queue as a new message: another try of this one would bring it nearer to the dead-letter queue.
 */
async function queryUnderLimit(
  lookup: Lookup,
  { loadSecret, queryOrder, sendBack }: ConfirmParts,
  leftMs: () => number,
): Promise<OrderStatus | undefined> {
  const secret = await loadSecret();
  for (let pauseMs = 500; ; pauseMs = Math.min(pauseMs * 2, 4000)) {
    try {
      return await queryOrder(secret, lookup.order, leftMs());
    } catch (error) {
      if (!(error instanceof BaiduError && error.errno === OVER_QPS_ERRNO)) throw error;
      const wait = pauseMs * (0.5 + Math.random());
      if (wait < leftMs()) {
        await delay(wait);
        continue;
      }
      if (!sendBack) throw error;
      const { least, most } = DEFERRAL_SECONDS;
      const delaySeconds = least + Math.floor(Math.random() * (most - least));
      await sendBack(
        { ...lookup.order, notification: lookup.notification },
        { budgetMs: SEND_BACK_MS, delaySeconds },
      );
      return undefined;
    }
  }
}

/** Names a state of an order: its id and its three codes. */
function stateOf({ orderId, payment, refund, verification }: OrderStatus): string {
  return [orderId, payment.code, refund.code, verification.code].join('#');
}
