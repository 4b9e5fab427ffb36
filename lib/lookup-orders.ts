import { ServiceError } from './baidu/errors.ts';
import { checkNotification, type NotificationKeys, parseNotification } from './baidu/webhook/notification.ts';
import {
  checkRefundAudit,
  checkRefundNotification,
  parseRefundAudit,
  parseRefundNotification,
} from './baidu/webhook/refund.ts';
import type { Facts } from './ledger/decisions.ts';
import { merchantOrderKey, type OrderKey, readRecord } from './ledger/record.ts';
import type { LedgerStore } from './ledger/store.ts';
import type { LookupMessage } from './lookup-message.ts';
import type { Apps } from './merchant/apps.ts';
import type { ConfirmApp } from './merchant/secret.ts';
import type { Audit } from './refund-audit.ts';
import type { StatusQuery } from './status-query.ts';

/** An order to be looked up, and what Baidu has signed of it. */
export interface Lookup {
  readonly app: ConfirmApp;
  readonly order: OrderKey;
  readonly siteId: string | undefined;
  readonly facts?: Facts | undefined;
  /** A question of Baidu's whether to refund, and what it was answered: that is told, and the order not looked up. */
  readonly audit?: Audit | undefined;
  /** How often it was asked for again because of a refund. */
  readonly refundCheck?: number;
  /** The message that asks for it. */
  readonly body: Readonly<Record<string, unknown>>;
}

/** What it takes to know which orders a message is about. */
export interface LookupParts {
  readonly ledger: Pick<LedgerStore, 'find'>;
  readonly loadSecret: () => Promise<Pick<Apps<ConfirmApp>, 'find'>>;
  /** Finds an order that the ledger does not know by the merchant's id. */
  readonly findOrder?: StatusQuery['findOrder'] | undefined;
}

/**
 * The orders that a message is about, by what Baidu has signed where it has: none where nobody knows the merchant's id.
 *
 * @throws ServiceError for a message of an app that is not ours, or with a signature that does not hold
 */
export async function lookupsOf(
  message: LookupMessage,
  { ledger, loadSecret, findOrder }: LookupParts,
  leftMs: () => number,
): Promise<Lookup[]> {
  const app = (await loadSecret()).find(message.appId);
  const { appId } = app;
  const { orderId, siteId, tpOrderId, signed, answer, body } = message;
  if (tpOrderId !== undefined) {
    const items = await ledger.find(merchantOrderKey(appId, tpOrderId), leftMs());
    if (items.length === 0) {
      const found = await findOrder?.(app, tpOrderId, leftMs());
      if (!found) return [];
      const facts = { siteId: found.siteId, tpOrderId };
      return [{ app, order: { appId, orderId: found.orderId }, siteId: found.siteId, facts, body }];
    }
    return items.map((item) => {
      const order = { appId, orderId: String(item['orderId']) };
      return { app, order, siteId: readRecord(order, item).siteId, body };
    });
  }
  if (signed) {
    const { facts, ...found } = verified(signed, app.keys());
    if (found.orderId !== orderId || (siteId !== undefined && found.siteId !== siteId)) {
      throw new ServiceError('INVALID_REQUEST', `The ${signed.kind} is of another order or user.`);
    }
    const audit = answer && { fields: found.fields, answer };
    return [{ app, order: { appId, orderId }, siteId: found.siteId, facts, audit, body }];
  }
  return [{ app, order: { appId, orderId: orderId ?? '' }, siteId, refundCheck: message.refundCheck, body }];
}

/** Verifies what Baidu has signed once more: a queue holds what anyone with the right to send has put there. */
function verified({ kind, form }: NonNullable<LookupMessage['signed']>, keys: NotificationKeys): Verified {
  if (kind === 'notification') {
    const { orderId, siteId, tpOrderId, fields } = parseNotification(checkNotification(form), keys);
    return { orderId, siteId, fields, facts: { siteId, tpOrderId, notification: fields } };
  }
  const parsed =
    kind === 'refundAudit'
      ? parseRefundAudit(checkRefundAudit(form), keys)
      : parseRefundNotification(checkRefundNotification(form), keys);
  const { orderId, siteId, tpOrderId, refundBatchId, fields } = parsed;
  const refund = 'code' in parsed ? { refundBatchId, code: parsed.code } : undefined;
  return { orderId, siteId, fields, facts: { siteId, tpOrderId, refund } };
}

/** What Baidu has signed, verified here. */
interface Verified {
  readonly orderId: string;
  readonly siteId: string | undefined;
  readonly fields: Readonly<Record<string, string>>;
  readonly facts: Facts;
}
