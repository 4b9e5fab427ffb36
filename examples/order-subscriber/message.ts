import { OrderError } from './error.ts';

/** A payment that the service has confirmed with Baidu and that nobody has paid back. */
export interface Payment {
  /** The merchant's own order id. */
  readonly tpOrderId: string;
  /** What the order costs, in fen (分), as decimal text. */
  readonly totalMoney: string;
  /** Baidu's ids of the order and of the user. */
  readonly orderId: string;
  readonly siteId: string;
  /** When it was paid, in seconds since 1970, as decimal text. */
  readonly payTime: string;
}

/**
 * Reads a message of the status topic.
 *
 * @param text the message's JSON
 * @returns the payment; `undefined` for a state that is not “paid and not refunded”, and for events of another type
 * @throws OrderError `BAD_MESSAGE` for what is not a message of the topic, `NO_NOTIFICATION` for a payment that was
 *   found by a look-up and so names no order of the merchant's
 */
export function readPayment(text: string): Payment | undefined {
  const message = parse(text);
  if (message['eventType'] !== 'payment-status') return undefined;
  if (statusOf(message['payment']) !== 'PAID' || statusOf(message['refund']) !== 'NONE') return undefined;
  const { notification } = message;
  if (notification === undefined) {
    throw new OrderError('NO_NOTIFICATION', `Order ${message['orderId']} of Baidu is paid; whose is it?`);
  }
  if (!isRecord(notification)) throw new OrderError('BAD_MESSAGE', 'notification is not an object.');
  return {
    tpOrderId: textOf(notification, 'tpOrderId'),
    totalMoney: digitsOf(notification, 'totalMoney'),
    payTime: digitsOf(notification, 'payTime'),
    orderId: digitsOf(message, 'orderId'),
    siteId: digitsOf(message, 'siteId'),
  };
}

function parse(text: string): Record<string, unknown> {
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch (cause) {
    throw new OrderError('BAD_MESSAGE', 'The message is not JSON.', { cause });
  }
  if (!isRecord(message)) throw new OrderError('BAD_MESSAGE', 'The message is not an object.');
  return message;
}

function statusOf(status: unknown): string {
  if (!isRecord(status)) throw new OrderError('BAD_MESSAGE', 'A status is missing.');
  return textOf(status, 'status');
}

function digitsOf(object: Record<string, unknown>, name: string): string {
  const value = textOf(object, name);
  if (!/^\d{1,19}$/.test(value)) throw new OrderError('BAD_MESSAGE', `${name} is not a number.`);
  return value;
}

function textOf(object: Record<string, unknown>, name: string): string {
  const value = object[name];
  if (typeof value !== 'string' || value === '') throw new OrderError('BAD_MESSAGE', `${name} is missing.`);
  return value;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
