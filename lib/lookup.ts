import { ServiceError } from './baidu/errors.ts';
import { isRecord, parseJson } from './baidu/json.ts';
import { type OrderRef, parseOrderRef } from './baidu/order.ts';

/** A request to look an order up and tell everyone, with the notification that gave rise to it, if one did. */
export interface Lookup {
  readonly order: OrderRef;
  /** Fields of a notification: those that `notify` has verified, if it was `notify` that put them into the queue. */
  readonly notification: Readonly<Record<string, string>> | undefined;
}

/**
 * Reads a message of the queue or of the look-up topic: `{ orderId, siteId, notification? }` as JSON.
 *
 * @throws ServiceError `INVALID_REQUEST` for what is malformed, or speaks of two orders
 */
export function parseLookup(text: string): Lookup {
  const message = parseJson(text);
  if (!isRecord(message)) throw new ServiceError('INVALID_REQUEST', 'The message is not a JSON object.');
  const order = parseOrderRef(message['orderId'], message['siteId']);
  const { notification } = message;
  if (notification === undefined || notification === null) return { order, notification: undefined };
  if (!isRecord(notification) || !isTextual(notification)) {
    throw new ServiceError('INVALID_REQUEST', 'The notification must be an object of strings.');
  }
  const { orderId = order.orderId, userId = order.siteId } = notification;
  if (orderId !== order.orderId || userId !== order.siteId) {
    throw new ServiceError('INVALID_REQUEST', 'The notification is of another order or user.');
  }
  return { order, notification };
}

/**
 * The text of a message inside what AWS put around it on its way into a queue: the envelope of SNS, or Lambda's record
 * of an SNS invocation that failed, which an operator has moved back from the dead-letter queue. Other text as it is.
 *
 * @see Amazon SNS, message and JSON formats; AWS Lambda, records of asynchronous invocations
 */
export function unwrap(text: string): string {
  const outer = parseJson(text);
  if (!isRecord(outer)) return text;
  const failed = isRecord(outer['requestPayload']) ? outer['requestPayload']['Records'] : undefined;
  const record: unknown = Array.isArray(failed) ? failed[0] : undefined;
  const envelope = isRecord(record) && isRecord(record['Sns']) ? record['Sns'] : outer;
  const isEnvelope = envelope['Type'] === 'Notification' && typeof envelope['Message'] === 'string';
  return isEnvelope ? String(envelope['Message']) : text;
}

function isTextual(object: Record<string, unknown>): object is Record<string, string> {
  return Object.values(object).every((value) => typeof value === 'string');
}
