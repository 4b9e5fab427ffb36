import { asServiceError, ServiceError } from './baidu/errors.ts';
import { isRecord, parseJson } from './baidu/json.ts';
import { parseOrderId, parseOrderRef, parseOwnId } from './baidu/order.ts';

/** What Baidu has signed, as it travels: every field as it came, the signature among them. */
export type SignedForm = Readonly<Record<string, string>>;

/** The members of a message that hold what Baidu has signed. */
const SIGNED_KINDS = ['notification', 'refundNotification', 'refundAudit'] as const;

/** One of them. */
export type SignedKind = (typeof SIGNED_KINDS)[number];

/** What Baidu was told when it asked whether to refund: 1 refund, 2 refuse, 3 undecided, and how much, in fen. */
export interface AuditAnswer {
  readonly auditStatus: 1 | 2 | 3;
  readonly refundPayMoney: number;
}

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
  /** What Baidu has signed, where that is why the order is looked up. */
  readonly signed: { readonly kind: SignedKind; readonly form: SignedForm } | undefined;
  /** What Baidu was answered, where it had asked whether to refund. */
  readonly answer: AuditAnswer | undefined;
  /** How often the order was asked for again, because Baidu's query did not show a refund that it had notified. */
  readonly refundCheck: number;
  /** As it came, to be sent once more. */
  readonly body: Readonly<Record<string, unknown>>;
}

/**
 * Reads a message: `{ orderId, siteId, appId? }` or `{ tpOrderId, appId? }` of anyone with the right to send, or what
 * `notify` has stored: `{ appId, orderId, siteId, notification }`, `{ appId, orderId, siteId?, refundNotification }` or
 * `{ appId, orderId, siteId, refundAudit, answer }`.
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
    return { ...NOTHING, appId, tpOrderId: parseOwnId(tpOrderId), body };
  }
  const signed = signedIn(body);
  const mayLackUser = signed?.kind === 'refundNotification' && (body['siteId'] ?? undefined) === undefined;
  const order = mayLackUser
    ? { orderId: parseOrderId(body['orderId']) }
    : parseOrderRef(body['orderId'], body['siteId']);
  const refundCheck = body['refundCheck'] ?? 0;
  if (typeof refundCheck !== 'number') throw invalid('refundCheck must be a number.');
  return {
    ...{ ...NOTHING, appId, ...order, signed, refundCheck, body },
    ...(signed?.kind === 'refundAudit' && { answer: auditAnswerIn(body['answer']) }),
  };
}

const NOTHING = {
  ...{ orderId: undefined, siteId: undefined, tpOrderId: undefined, signed: undefined, answer: undefined },
  refundCheck: 0,
};

function signedIn(body: Readonly<Record<string, unknown>>): LookupMessage['signed'] {
  const kinds = SIGNED_KINDS.filter((kind) => body[kind] !== undefined && body[kind] !== null);
  if (kinds.length > 1) throw invalid(`The message must hold one of ${SIGNED_KINDS.join(', ')}.`);
  const [kind] = kinds;
  if (!kind) return undefined;
  const form = body[kind];
  if (!isRecord(form) || !isTextual(form)) throw invalid(`The ${kind} must be an object of strings.`);
  return { kind, form };
}

function auditAnswerIn(value: unknown): AuditAnswer {
  const { auditStatus, refundPayMoney } = isRecord(value) ? value : {};
  const isStatus = auditStatus === 1 || auditStatus === 2 || auditStatus === 3;
  if (!isStatus || typeof refundPayMoney !== 'number' || !Number.isSafeInteger(refundPayMoney)) {
    throw invalid('The answer to a refund audit must hold auditStatus and refundPayMoney.');
  }
  return { auditStatus, refundPayMoney };
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
