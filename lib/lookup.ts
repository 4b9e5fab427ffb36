import { asServiceError, ServiceError } from './baidu/errors.ts';
import { isRecord, parseJson } from './baidu/json.ts';
import { isOwnId, parseOrderRef } from './baidu/order.ts';

/** What Baidu has signed, as it travels: every field as it came, the signature among them. */
export type SignedForm = Readonly<Record<string, string>>;

/** A message of the queue or of the look-up topic, as far as its form goes; nothing of it is believed yet. */
export interface LookupMessage {
  /** `undefined` where the secret holds one app only. */
  readonly appId: string | undefined;
  /** Baidu's order, or `undefined` where the merchant's own id stands for it. */
  readonly orderId: string | undefined;
  /** Baidu's user; `undefined` where the message does not know. */
  readonly siteId: string | undefined;
  /** The merchant's own order id, where that is what is to be looked up. */
  readonly tpOrderId: string | undefined;
  readonly notification: SignedForm | undefined;
  /** As it came, to be sent once more. */
  readonly body: Readonly<Record<string, unknown>>;
}

/**
 * Reads a message: `{ orderId, siteId, appId? }` or `{ tpOrderId, appId? }` of anyone with the right to send, or what
 * `notify` has stored, `{ appId, orderId, siteId, notification }`.
 *
 * @throws ServiceError `INVALID_REQUEST` for what is malformed
 */
export function parseLookup(text: string): LookupMessage {
  const body = parseJson(text);
  if (!isRecord(body)) throw invalid('The message is not a JSON object.');
  const appId = body['appId'] ?? undefined;
  if (appId !== undefined && typeof appId !== 'string') throw invalid('appId must be a string.');
  const tpOrderId = body['tpOrderId'] ?? undefined;
  if (tpOrderId !== undefined && body['orderId'] === undefined) {
    if (!isOwnId(tpOrderId)) {
      throw invalid('tpOrderId must be 1 to 128 visible ASCII characters without “&” and “=”.');
    }
    return { ...{ appId, tpOrderId, body }, orderId: undefined, siteId: undefined, notification: undefined };
  }
  const order = parseOrderRef(body['orderId'], body['siteId']);
  return { appId, ...order, tpOrderId: undefined, notification: formIn(body['notification']), body };
}

function formIn(value: unknown): SignedForm | undefined {
  if (value === undefined || value === null) return undefined;
  if (!isRecord(value) || !isTextual(value)) {
    throw invalid('What Baidu has signed must be an object of strings.');
  }
  return value;
}

function isTextual(object: Record<string, unknown>): object is Record<string, string> {
  return Object.values(object).every((value) => typeof value === 'string');
}

function invalid(message: string): ServiceError {
  return new ServiceError('INVALID_REQUEST', message);
}

/** What `parseLookup` reads, or the error that it throws. */
export function tryLookup(text: unknown): LookupMessage | ServiceError {
  try {
    return parseLookup(typeof text === 'string' ? text : '');
  } catch (error) {
    return asServiceError(error);
  }
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
