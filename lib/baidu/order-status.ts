import { mayPass } from './errnos.ts';
import { BaiduError, ServiceError } from './errors.ts';
import { digitsOf, isRecord, parseJson } from './json.ts';
import type { OrderRef } from './order.ts';

/** One of an order's three statuses: our name for it, Baidu's number and Baidu's words. */
export interface Status<Name extends string> {
  readonly status: Name | 'UNKNOWN';
  /** `null` where Baidu was asked in a way that says nothing of it. */
  readonly code: number | null;
  readonly description: string;
}

/** What Baidu says of an order. */
export interface OrderStatus extends OrderRef {
  /** The payment app whose order it is. */
  readonly appId: string;
  readonly payment: Status<'UNPAID' | 'PAID' | 'CANCELLED'>;
  readonly refund: Status<'NONE' | 'PROCESSING' | 'REFUNDED' | 'FAILED'>;
  /** 核销: whether the order was redeemed. */
  readonly verification: Status<'NOT_VERIFIED' | 'VERIFIED'>;
  readonly source: {
    /** Which of Baidu's interfaces answered. */
    readonly api: 'queryorderdetail' | 'findByTpOrderId';
    /** Baidu's clock, in seconds since 1970; `null` where the answer names none. */
    readonly timestamp: number | null;
    /** Whether Baidu answered from a cache. */
    readonly cached: boolean;
    readonly serverLogId: string | null;
  };
}

const PAYMENT = { '-1': 'UNPAID', '1': 'PAID' } as const;
const REFUND = { '-1': 'NONE', '1': 'PROCESSING', '2': 'REFUNDED', '9': 'FAILED' } as const;
const VERIFICATION = { '-1': 'NOT_VERIFIED', '1': 'VERIFIED' } as const;

/** More of Baidu's words than this, in characters, is not passed on. */
const MAX_TEXT_LENGTH = 200;

/**
 * Reads the body of a 2xx answer of `queryorderdetail`. Numbers may be strings; a status code that is not
 * published reads as `UNKNOWN` and keeps its number and description.
 *
 * @param confidential texts that are cut out of Baidu's error message: a server may echo what it was sent
 * @throws BaiduError for an errno other than 0
 * @throws ServiceError `BAIDU_BAD_RESPONSE` for what is not an answer of this API
 */
export function readOrderStatus(
  body: Buffer,
  { appId, orderId, siteId }: OrderRef & { readonly appId: string },
  confidential: readonly string[],
): OrderStatus {
  const answer = parseJson(new TextDecoder().decode(body));
  if (!isRecord(answer)) throw badResponse(body.length === 0 ? 'is empty' : 'is not JSON');
  const errno = integerOf(answer['errno']);
  if (errno === undefined) throw badResponse('holds no errno');
  if (errno !== 0) {
    const words = wordsOf(confidential, answer['errmsg'], answer['msg']);
    throw new BaiduError(errno, words, mayPass(errno, 'first'));
  }
  const outer = answer['data'];
  const data = isRecord(outer) ? outer['data'] : undefined;
  const statuses = isRecord(data) ? data : {};
  return {
    ...{ appId, orderId, siteId },
    payment: readStatus(statuses, 'payStatus', PAYMENT),
    refund: readStatus(statuses, 'refundStatus', REFUND),
    verification: readStatus(statuses, 'verification', VERIFICATION),
    source: {
      api: 'queryorderdetail',
      timestamp: integerOf(answer['timestamp']) ?? null,
      cached: integerOf(answer['cached']) === 1,
      serverLogId: digitsOf(answer['serverlogid']) ?? null,
    },
  };
}

function readStatus<Name extends string>(
  statuses: Record<string, unknown>,
  field: string,
  names: Readonly<Record<string, Name>>,
): Status<Name> {
  const status = statuses[field];
  const code = isRecord(status) ? integerOf(status['statusNum']) : undefined;
  if (!isRecord(status) || code === undefined) throw badResponse(`holds no ${field} with a statusNum`);
  return {
    status: names[code] ?? 'UNKNOWN',
    code,
    description: wordsOf([], status['statusDesc']),
  };
}

/** A whole number that a double holds exactly, from a member that may be one or its decimal text. */
export function integerOf(value: unknown): number | undefined {
  if (typeof value === 'string' && !/^-?\d{1,16}$/.test(value)) return undefined;
  const number = typeof value === 'string' ? Number(value) : value;
  return Number.isSafeInteger(number) ? Number(number) : undefined;
}

/** The first of some members that is a text, cleaned of control characters, cut, and without what is confidential. */
export function wordsOf(confidential: readonly string[], ...members: readonly unknown[]): string {
  const words = members.find((member): member is string => typeof member === 'string' && member !== '') ?? '';
  const harmless = confidential.reduce((text, secret) => text.replaceAll(secret, '…'), words);
  return harmless.replace(/\p{Cc}+/gu, ' ').slice(0, MAX_TEXT_LENGTH);
}

/** The error for an answer that is none of what was asked; `what` ends the sentence. */
export function badResponse(what: string, { passing = true } = {}): ServiceError {
  return new ServiceError('BAIDU_BAD_RESPONSE', `Baidu’s answer ${what}.`, { passing });
}
