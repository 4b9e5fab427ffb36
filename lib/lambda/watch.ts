import { PUBLISHED_CODES, PUBLISHED_ERRNOS, UNKNOWN_ORDER_ERRNO } from '../baidu/errnos.ts';
import { BaiduError, type ServiceError } from '../baidu/errors.ts';
import type { Attempt } from '../baidu/http/attempts.ts';
import type { Apps } from '../merchant/apps.ts';
import type { UndecidedRefund } from '../refund-audit.ts';
import { errorFields, type Log, type Metric } from './log.ts';

/** Logs and counts each attempt at Baidu. */
export function watchBaidu(log: Log): (attempt: Attempt) => void {
  return ({ appId, orderId, tpOrderId, ms, error }) => {
    const fields = { appId, orderId, tpOrderId, ms: Math.round(ms) };
    const measured: Metric[] = [
      { name: 'BaiduRequests', value: 1 },
      { name: 'BaiduLatency', value: ms },
    ];
    if (!error) return log('DEBUG', 'Baidu answered', fields, measured);
    // The mistake of whoever asks, and no failure of Baidu's.
    const isUnknown = error instanceof BaiduError && error.errno === UNKNOWN_ORDER_ERRNO;
    const failure = { name: 'Errno', value: errnoOf(error), ...(isUnknown && { alone: true }) } as const;
    log('WARN', 'attempt at Baidu failed', { ...fields, ...errorFields(error) }, [
      ...measured,
      { name: 'BaiduFailures', value: 1, dimension: failure },
    ]);
  };
}

/** Logs each failure to read the secret, and counts those that do harm. */
export function watchSecret(log: Log): (error: ServiceError, passing: boolean) => void {
  return (error, passing) => {
    if (passing) log('WARN', 'secret not read', errorFields(error));
    else log('ERROR', 'secret not read', errorFields(error), [{ name: 'SecretFailures', value: 1 }]);
  };
}

/** Logs and counts, once for each version of the secret, each app that is left out of it. */
export function watchApps<T>(log: Log, parse: (text: string) => Apps<T>): (text: string) => Apps<T> {
  return (text) => {
    const apps = parse(text);
    for (const { appId, error } of apps.broken) {
      log('ERROR', 'app left out', { appId, ...errorFields(error) }, [{ name: 'SecretFailures', value: 1 }]);
    }
    return apps;
  };
}

/** Logs a refund on which nobody has decided, and measures for how long. */
export function watchAudits(log: Log): (waiting: UndecidedRefund) => void {
  return ({ seconds, ...refund }) => {
    log('INFO', 'refund undecided', { ...refund, seconds }, [{ name: 'SecondsUndecided', value: seconds }]);
  };
}

/**
 * How long what Baidu has signed has waited in the queue, the longest of a batch, in seconds: SQS's own measure of age
 * leaves out a message that has been received three times. Look-ups do not count: they may have been held back on purpose.
 *
 * @param storedAt when each was stored, in milliseconds since 1970; not above 0 where nobody tells
 */
export function waitMetrics(
  messages: readonly object[],
  storedAt: readonly number[],
  now = Date.now(),
): Metric[] {
  const waited = messages.flatMap((message, index) => {
    const sentAt = storedAt[index] ?? 0;
    return sentAt > 0 && 'signed' in message && message.signed ? [(now - sentAt) / 1000] : [];
  });
  return waited.length === 0 ? [] : [{ name: 'SecondsWaited', value: Math.max(0, ...waited) }];
}

/** A value for a dimension, which has to stay bounded: a published errno, our own code, or `OTHER`. */
function errnoOf(error: ServiceError): string {
  if (!(error instanceof BaiduError)) return error.code;
  const isPublished = PUBLISHED_ERRNOS.has(error.errno) || PUBLISHED_CODES.has(error.errno);
  return isPublished ? String(error.errno) : 'OTHER';
}
