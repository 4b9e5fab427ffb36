import type { Attempt } from '../baidu/attempts.ts';
import { BaiduError, type ServiceError } from '../baidu/errors.ts';
import { PUBLISHED_ERRNOS } from '../baidu/order-status.ts';
import type { UndecidedRefund } from '../refund-audit.ts';
import { errorFields, type Log, type Metric } from './log.ts';

/** Baidu's errno for an order that it does not know: the mistake of whoever asks, and no failure of Baidu's. */
const UNKNOWN_ORDER_ERRNO = 10002;

/** Logs and counts each attempt at Baidu. */
export function watchBaidu(log: Log): (attempt: Attempt) => void {
  return ({ orderId, ms, error }) => {
    const measured: Metric[] = [
      { name: 'BaiduRequests', value: 1 },
      { name: 'BaiduLatency', value: ms },
    ];
    if (!error) return log('DEBUG', 'Baidu answered', { orderId, ms: Math.round(ms) }, measured);
    const isUnknown = error instanceof BaiduError && error.errno === UNKNOWN_ORDER_ERRNO;
    const failure = { name: 'Errno', value: errnoOf(error), ...(isUnknown && { alone: true }) } as const;
    log('WARN', 'attempt at Baidu failed', { orderId, ms: Math.round(ms), ...errorFields(error) }, [
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

/** Logs a refund on which nobody has decided, and measures for how long. */
export function watchAudits(log: Log): (waiting: UndecidedRefund) => void {
  return ({ seconds, ...refund }) => {
    log('INFO', 'refund undecided', { ...refund, seconds }, [{ name: 'SecondsUndecided', value: seconds }]);
  };
}

/** A message of a queue, as far as it tells when it was stored, in milliseconds since 1970. */
interface StoredRecord {
  readonly attributes?: { readonly SentTimestamp?: string };
}

/**
 * How long what Baidu has signed has waited in the queue, the longest of a batch, in seconds: SQS's own measure of age
 * leaves out a message that has been received three times. Look-ups do not count: they may have been held back on purpose.
 *
 * @param messages of the records, in their order
 */
export function waitMetrics(
  records: readonly unknown[],
  messages: readonly object[],
  now = Date.now(),
): Metric[] {
  const waited = records.flatMap((record, index) => {
    const sentAt = Number((record as StoredRecord | null)?.attributes?.SentTimestamp);
    const message = messages[index];
    return sentAt > 0 && message && 'signed' in message && message.signed ? [(now - sentAt) / 1000] : [];
  });
  return waited.length === 0 ? [] : [{ name: 'SecondsWaited', value: Math.max(0, ...waited) }];
}

/** A value for a dimension, which has to stay bounded: a published errno, our own code, or `OTHER`. */
function errnoOf(error: ServiceError): string {
  if (!(error instanceof BaiduError)) return error.code;
  return PUBLISHED_ERRNOS.has(error.errno) ? String(error.errno) : 'OTHER';
}
