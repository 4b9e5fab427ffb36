import { isTooOften } from './errnos.ts';

/**
 * The base of every error of this service. `name` equals `code`, which is what a direct invocation of a
 * Lambda reports as its error type. The message is for the caller: it names fields and limits, never values
 * of keys, tokens, signatures or users.
 *
 * @example
 * try {
 *   parsePaymentNotification('hello=1', { platformKeys: [readPublicKey(platformPublicKey)] });
 * } catch (error) {
 *   if (!(error instanceof ServiceError)) throw error;
 *   error.code; // => 'INVALID_NOTIFICATION'
 * }
 */
export class ServiceError extends Error {
  /** What a caller can branch on. */
  readonly code: string;
  /** Whether the same request may succeed in a moment. */
  readonly passing: boolean;

  constructor(code: string, message: string, options: { cause?: unknown; passing?: boolean } = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.name = code;
    this.code = code;
    this.passing = options.passing ?? false;
  }
}

/**
 * Baidu answered with an `errno` other than 0. `errmsg` is Baidu's own text, cut and cleaned.
 *
 * @example
 * const error = new BaiduError(10002, '订单不存在', false);
 * error.code; // => 'BAIDU_ERROR'
 * error.errno; // => 10002
 */
export class BaiduError extends ServiceError {
  readonly errno: number;
  readonly errmsg: string;

  constructor(errno: number, errmsg: string, passing: boolean) {
    super('BAIDU_ERROR', `Baidu answered with errno ${errno}.`, { passing });
    this.errno = errno;
    this.errmsg = errmsg;
  }
}

/** The error for a field of the secret that is not what it must be; `what` ends the sentence. */
export function unfitField(field: string, what: string): ServiceError {
  return new ServiceError('CONFIGURATION_UNAVAILABLE', `The secret’s ${field} ${what}.`);
}

/** Whether Baidu has refused because it is asked too often. */
export function isOverQps(error: unknown): boolean {
  return error instanceof BaiduError && isTooOften(error.errno);
}

/** Any thrown value as a `ServiceError`: itself, or `INTERNAL_ERROR` with the value as its cause. */
export function asServiceError(error: unknown): ServiceError {
  if (error instanceof ServiceError) return error;
  return new ServiceError(
    'INTERNAL_ERROR',
    'The service failed. The log tells why, under the id of this request.',
    { cause: error },
  );
}
