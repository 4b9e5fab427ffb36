import type { Attempt } from '../baidu/attempts.ts';
import { BaiduError, type ServiceError } from '../baidu/errors.ts';
import { PUBLISHED_CODES, PUBLISHED_ERRNOS } from '../baidu/order-status.ts';
import type { Apps } from '../merchant/apps.ts';
import { errorFields, type Log, type Metric } from './log.ts';

/** Logs and counts each attempt at Baidu. */
export function watchBaidu(log: Log): (attempt: Attempt) => void {
  return ({ orderId, tpOrderId, ms, error }) => {
    const fields = { orderId, tpOrderId, ms: Math.round(ms) };
    const measured: Metric[] = [
      { name: 'BaiduRequests', value: 1 },
      { name: 'BaiduLatency', value: ms },
    ];
    if (!error) return log('DEBUG', 'Baidu answered', fields, measured);
    const failure = { name: 'Errno', value: errnoOf(error) } as const;
    log('WARN', 'attempt at Baidu failed', { ...fields, ...errorFields(error) }, [
      ...measured,
      { name: 'BaiduFailures', value: 1, dimension: failure },
    ]);
  };
}

/** Logs and counts each failure to read the secret. */
export function watchSecret(log: Log): (error: ServiceError) => void {
  return (error) => {
    log('ERROR', 'secret not read', errorFields(error), [{ name: 'SecretFailures', value: 1 }]);
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

/** A value for a dimension, which has to stay bounded: a published errno, our own code, or `OTHER`. */
function errnoOf(error: ServiceError): string {
  if (!(error instanceof BaiduError)) return error.code;
  const isPublished = PUBLISHED_ERRNOS.has(error.errno) || PUBLISHED_CODES.has(error.errno);
  return isPublished ? String(error.errno) : 'OTHER';
}
