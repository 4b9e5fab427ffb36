import { setTimeout as delay } from 'node:timers/promises';
import { asServiceError, isOverQps, ServiceError } from '../errors.ts';
import { type HttpAnswer, type Transport, TransportError } from './https.ts';

const MAX_ANSWER_BYTES = 256 * 1024;

/** The whole of a query, all attempts and pauses, in milliseconds. */
const TOTAL_MS = 7000;

/** No further attempt is begun with less time than this, in milliseconds; the first has as much. */
const LEAST_ATTEMPT_MS = 20;

/** What a question to Baidu is about: the app, and Baidu's id of the order or the merchant's. */
export interface Subject {
  readonly appId: string;
  readonly orderId?: string;
  readonly tpOrderId?: string;
}

/** One attempt: of which order, how long it took in milliseconds, and why it failed if it did. */
export interface Attempt extends Subject {
  readonly ms: number;
  readonly error?: ServiceError;
}

/** How often and how long Baidu is asked. */
export interface AttemptLimits {
  /** How long one attempt may take, in milliseconds. */
  attemptTimeoutMs: number;
  maxAttempts: number;
  /** Told of each attempt. */
  onAttempt?: (attempt: Attempt) => void;
  /** 0 to 1, for the jitter between attempts. */
  random?: () => number;
}

/** One request to Baidu that may be sent more than once, and how its answer is read. */
export interface Question<T> {
  readonly about: Subject;
  readonly url: URL;
  /** Sent as a POST; without it the request is a GET. */
  readonly form?: string;
  /** Throws a `ServiceError` for an answer that is none; one that is `passing` leads to another attempt. */
  readonly read: (answer: HttpAnswer) => T;
}

/** Asks until there is an answer, a fault that does not pass, or a deadline (in the time of `performance.now()`). */
export type Ask = <T>(question: Question<T>, deadline: number) => Promise<T>;

/** When a query that begins now has to be over, in the time of `performance.now()`: 7 s at most, however long it may take. */
export function deadlineOf(budgetMs = TOTAL_MS): number {
  return performance.now() + Math.min(budgetMs, TOTAL_MS);
}

/**
 * A function that asks Baidu. What may pass is tried again, each attempt under its own time limit and all of
 * them under one; it throws `ServiceError`s only.
 */
export function createAsk(transport: Transport, limits: AttemptLimits): Ask {
  const { attemptTimeoutMs, maxAttempts, random = Math.random, onAttempt } = limits;

  async function attempt<T>({ about, url, form, read }: Question<T>, timeoutMs: number): Promise<T> {
    const startedAt = performance.now();
    try {
      const answer = read(await sendOnLiveConnection(transport, { url, form, timeoutMs }));
      onAttempt?.({ ...about, ms: performance.now() - startedAt });
      return answer;
    } catch (thrown) {
      const error = asQueryError(thrown);
      onAttempt?.({ ...about, ms: performance.now() - startedAt, error });
      throw error;
    }
  }

  return async (question, deadline) => {
    let refused: unknown;
    for (let count = 1; ; count++) {
      const leftMs = Math.max(deadline - performance.now(), LEAST_ATTEMPT_MS);
      try {
        return await attempt(question, Math.min(attemptTimeoutMs, leftMs));
      } catch (error) {
        if (isOverQps(error)) refused = error;
        // An attempt that the deadline has cut short says less than Baidu did before.
        else if (refused && leftMs < attemptTimeoutMs && isTimeout(error)) throw refused;
        if (!(error instanceof ServiceError && error.passing && count < maxAttempts)) throw error;
        const pauseMs = 100 * 2 ** (count - 1) * (0.5 + random() / 2);
        if (performance.now() + pauseMs + LEAST_ATTEMPT_MS > deadline) throw error;
        await delay(pauseMs);
      }
    }
  };
}

/** The body of an answer whose HTTP status is that of a success; throws `BAIDU_BAD_RESPONSE` for any other. */
export function acceptedBody({ status, body }: HttpAnswer): Buffer {
  if (status >= 200 && status < 300) return body;
  throw new ServiceError('BAIDU_BAD_RESPONSE', `Baidu answered with HTTP status ${status}.`, {
    passing: status >= 500 || status === 429,
  });
}

/** A kept connection that the peer has closed meanwhile is no failure of Baidu's: the request goes out once more. */
async function sendOnLiveConnection(
  transport: Transport,
  { url, form, timeoutMs }: { url: URL; form: string | undefined; timeoutMs: number },
): Promise<HttpAnswer> {
  const giveUpAt = performance.now() + timeoutMs;
  const limits = () => ({
    timeoutMs: Math.max(giveUpAt - performance.now(), 1),
    maxBytes: MAX_ANSWER_BYTES,
  });
  try {
    return await transport(url, limits(), form);
  } catch (error) {
    const stale = error instanceof TransportError && error.onKeptConnection && error.fault === 'unreachable';
    if (!stale) throw error;
    return await transport(url, limits(), form);
  }
}

function isTimeout(error: unknown): boolean {
  return error instanceof ServiceError && error.code === 'BAIDU_TIMEOUT';
}

function asQueryError(error: unknown): ServiceError {
  if (!(error instanceof TransportError)) return asServiceError(error);
  const cause = error;
  switch (error.fault) {
    case 'timeout':
      return new ServiceError('BAIDU_TIMEOUT', 'Baidu gave no full answer in time.', {
        cause,
        passing: true,
      });
    case 'unreachable':
      return new ServiceError('BAIDU_UNREACHABLE', 'No connection to Baidu.', { cause, passing: true });
    case 'broken':
      return new ServiceError('BAIDU_BAD_RESPONSE', 'Baidu’s answer broke off.', { cause, passing: true });
    case 'too-large':
      return new ServiceError('BAIDU_BAD_RESPONSE', 'Baidu’s answer is larger than 256 KB.', { cause });
  }
}
