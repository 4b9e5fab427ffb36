import { isLong, isOwnId } from '../order.ts';
import { verifyParams } from '../sign.ts';
import {
  checkForm,
  type FormRules,
  isMoney,
  type NotificationKeys,
  type UnverifiedForm,
  wrongSignature,
} from './signed-form.ts';

/** What Baidu says of a refund at all times. */
interface RefundMessage {
  /** Baidu's order id. */
  readonly orderId: string;
  /** The merchant's own order id, where Baidu names it. */
  readonly tpOrderId?: string;
  /** Names the refund: an order has one for each part of the money that goes back. */
  readonly refundBatchId: string;
  /** Every field that was signed, as it arrived. */
  readonly fields: Readonly<Record<string, string>>;
}

/** That a refund has succeeded or failed, signed by Baidu's platform; `parseRefundNotification` is the only way to one. */
export interface RefundNotification extends RefundMessage {
  /** Baidu's id of the user who ordered, where Baidu names it. */
  readonly siteId?: string;
  readonly status: 'SUCCEEDED' | 'FAILED';
  /** Baidu's number for the status. It is not the one of the query, where 1 is "in progress". */
  readonly code: 1 | 2;
}

/** The question whether a refund may be made, signed by Baidu's platform; `parseRefundAudit` is the only way to one. */
export interface RefundAudit extends RefundMessage {
  /** Baidu's id of the user who ordered. */
  readonly siteId: string;
  /** How much is to go back, in fen (分), where Baidu says so. */
  readonly applyRefundMoney?: number;
}

const orEmpty = (fits: (value: string) => boolean) => (value: string) => value === '' || fits(value);
const isBatchId = (value: string) => /^[0-9A-Za-z]{1,64}$/.test(value);

/**
 * No field of either may hold `&`, so a signed text has one cut; and none is free text, so it has one reading.
 *
 * @internal
 */
export const REFUND_FORM: FormRules = {
  kind: 'refund',
  needed: { orderId: isLong, refundBatchId: isBatchId, refundStatus: (value) => /^[12]$/.test(value) },
  optional: { userId: orEmpty(isLong), tpOrderId: orEmpty(isOwnId) },
};
/** @internal */
export const AUDIT_FORM: FormRules = {
  kind: 'audit',
  needed: { orderId: isLong, userId: isLong, refundBatchId: isBatchId },
  optional: { tpOrderId: orEmpty(isOwnId), applyRefundMoney: isMoney },
};

/**
 * Checks the form of a refund notification, as `checkNotification` does that of a payment; throws as it does.
 *
 * @see Baidu's cashier documentation, 通知退款状态
 */
export function checkRefundNotification(form: Readonly<Record<string, string>>): UnverifiedForm {
  return checkForm(form, REFUND_FORM);
}

/**
 * Verifies a refund notification with the platform's keys and reads it, both from the same values.
 *
 * @param unverified as `checkRefundNotification` returns it
 * @throws ServiceError `INVALID_SIGNATURE` where no key fits
 */
export function parseRefundNotification(
  unverified: UnverifiedForm,
  keys: NotificationKeys,
): RefundNotification {
  const message = readMessage(unverified, keys);
  const { userId, refundStatus } = message.fields;
  const succeeded = refundStatus === '1';
  return {
    ...message,
    ...(userId && { siteId: userId }),
    ...(succeeded ? { status: 'SUCCEEDED', code: 1 } : { status: 'FAILED', code: 2 }),
  };
}

/**
 * Checks the form of a refund audit, as `checkNotification` does that of a payment; throws as it does.
 *
 * @see Baidu's cashier documentation, 请求业务方退款审核
 */
export function checkRefundAudit(form: Readonly<Record<string, string>>): UnverifiedForm {
  return checkForm(form, AUDIT_FORM);
}

/**
 * Verifies a refund audit with the platform's keys and reads it, both from the same values.
 *
 * @param unverified as `checkRefundAudit` returns it
 * @throws ServiceError `INVALID_SIGNATURE` where no key fits
 */
export function parseRefundAudit(unverified: UnverifiedForm, keys: NotificationKeys): RefundAudit {
  const message = readMessage(unverified, keys);
  const { userId = '', applyRefundMoney } = message.fields;
  return {
    ...message,
    siteId: userId,
    ...(applyRefundMoney !== undefined && { applyRefundMoney: Number(applyRefundMoney) }),
  };
}

function readMessage(
  { fields, signature }: UnverifiedForm,
  { platformKeys }: NotificationKeys,
): RefundMessage {
  if (!platformKeys.some((key) => verifyParams(fields, signature, key))) throw wrongSignature();
  const { orderId = '', refundBatchId = '', tpOrderId } = fields;
  return { orderId, refundBatchId, ...(tpOrderId && { tpOrderId }), fields };
}
