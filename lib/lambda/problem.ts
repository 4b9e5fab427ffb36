import { STATUS_CODES } from 'node:http';
import { BaiduError, type ServiceError } from '../baidu/errors.ts';
import { statusOf } from './error-codes.ts';

/** An HTTP answer in the form that API Gateway takes (payload 2.0). */
export interface Answer {
  readonly statusCode: number;
  readonly headers: Record<string, string>;
  readonly body: string;
}

/** A JSON answer that no one may cache: a status is true for a moment. */
export function jsonAnswer(statusCode: number, body: unknown, type = 'application/json'): Answer {
  return {
    statusCode,
    headers: { 'content-type': type, 'cache-control': 'no-store' },
    body: JSON.stringify(body),
  };
}

/**
 * An error as problem details (RFC 9457), with `code`, `requestId` and, for Baidu's own errors, `errno` and
 * `errmsg` beside the standard members.
 */
export function problemAnswer(error: ServiceError, requestId: string): Answer {
  const status = statusOf(error);
  const answer = jsonAnswer(
    status,
    {
      type: 'about:blank',
      title: STATUS_CODES[status],
      status,
      detail: error.message,
      code: error.code,
      requestId,
      ...(error instanceof BaiduError && { errno: error.errno, errmsg: error.errmsg }),
    },
    'application/problem+json',
  );
  if (error.code === 'UNAUTHORIZED') answer.headers['www-authenticate'] = 'Bearer';
  return answer;
}

/**
 * What Baidu, or whoever else called, is told of a notification that is refused: an `errno` other than 0, which is the
 * HTTP status, and why.
 */
export function refusalAnswer(error: ServiceError): Answer {
  const status = statusOf(error);
  return jsonAnswer(status, { errno: status, msg: `${error.code}: ${error.message}` });
}
