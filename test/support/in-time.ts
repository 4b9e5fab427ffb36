import { setTimeout as delay } from 'node:timers/promises';

/**
 * What a promise resolves with, which must come before a timer of so many milliseconds fires that starts now. Both wait
 * in the same process, so that a machine that is slow is slow for both.
 */
export async function inTime<T>(ms: number, promise: Promise<T>): Promise<T> {
  const late = new AbortController();
  const limit = delay(ms, undefined, { signal: late.signal }).then(() => {
    throw new Error(`Not there after ${ms} ms.`);
  });
  try {
    return await Promise.race([promise, limit]);
  } finally {
    limit.catch(() => undefined);
    late.abort();
  }
}
