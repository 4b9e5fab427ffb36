import { ServiceError } from './errors.ts';

/** Names an order at Baidu. Both ids are decimal text, 1 to 9223372036854775807, never JavaScript numbers. */
export interface OrderRef {
  /** Baidu's order id. */
  readonly orderId: string;
  /** Baidu's id of the user who ordered: the `userId` of the payment notification. */
  readonly siteId: string;
}

const MAX_LONG = 9_223_372_036_854_775_807n;

/** Whether a value is a positive signed 64-bit integer as plain ASCII digits, without sign or leading zero. */
export function isLong(value: unknown): value is string {
  return typeof value === 'string' && /^[1-9][0-9]{0,18}$/.test(value) && BigInt(value) <= MAX_LONG;
}

/** Whether a value is an order id of a merchant's own: 1 to 128 visible ASCII characters but `&` and `=`. */
export function isOwnId(value: unknown): value is string {
  return typeof value === 'string' && /^[!-%'-<>-~]{1,128}$/.test(value);
}

/**
 * Checks an order id of the merchant's own.
 *
 * @throws ServiceError `INVALID_REQUEST` saying what it must be
 */
export function parseOwnId(value: unknown): string {
  if (isOwnId(value)) return value;
  throw new ServiceError(
    'INVALID_REQUEST',
    'tpOrderId must be 1 to 128 visible ASCII characters without “&” and “=”.',
  );
}

/**
 * Checks the two ids of an order.
 *
 * @throws ServiceError `INVALID_REQUEST` naming the id and what it must be
 */
export function parseOrderRef(orderId: unknown, siteId: unknown): OrderRef {
  return { orderId: parseId('orderId', orderId), siteId: parseId('siteId', siteId) };
}

/** Checks the first of them alone. Throws as `parseOrderRef` does. */
export function parseOrderId(orderId: unknown): string {
  return parseId('orderId', orderId);
}

function parseId(name: string, value: unknown): string {
  if (isLong(value)) return value;
  if (value === undefined || value === null || value === '') {
    throw new ServiceError('INVALID_REQUEST', `${name} is missing.`);
  }
  const hint = typeof value === 'string' ? '' : ' It must be a string: JSON numbers lose digits.';
  throw new ServiceError(
    'INVALID_REQUEST',
    `${name} must be a decimal integer from 1 to ${MAX_LONG}, digits only, without sign or leading zero.${hint}`,
  );
}
