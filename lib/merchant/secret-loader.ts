import { ServiceError } from '../baidu/errors.ts';
import { within } from '../baidu/http/deadline.ts';

/** Reads the text of the secret in so many milliseconds; gives up when the signal fires. */
export type FetchSecret = (signal: AbortSignal, limitMs: number) => Promise<string>;

/** Where a secret comes from, what is made of it, and how long all that may take. */
export interface SecretLoaderOptions<T> {
  fetchSecret: FetchSecret;
  /** Turns the text into what a function needs, or throws what is wrong with it. */
  parse: (text: string) => T;
  /** How long a secret is served before it is read again, in milliseconds. */
  ttlMs: number;
  /** How long one read may take while there is nothing to serve, in milliseconds. */
  timeoutMs: number;
  /** How long one read may take while an older secret can be served, in milliseconds. */
  refreshTimeoutMs: number;
  /**
   * Told of each read that failed. One that harms nobody yet is `passing`: it was begun in the init phase, or an older
   * secret serves on, and the read before it did not fail.
   */
  onFailure?: (error: ServiceError, passing: boolean) => void;
  /** The clock, in milliseconds. */
  now?: () => number;
}

/** Serves a secret that is read once, kept for a time, and read again; see `createSecretLoader`. */
export interface SecretLoader<T> {
  /** Starts a read in the background, for the init phase. Never throws. */
  prefetch(): void;
  /**
   * The secret. `budgetMs` is what is left to the caller, in milliseconds.
   *
   * @throws ServiceError `CONFIGURATION_UNAVAILABLE` when there is none and none can be read
   */
  load(budgetMs?: number): Promise<T>;
}

/**
 * A loader with one read at a time, whatever the load. A failure is never cached; after its time the last good
 * secret serves on for as long as no newer one can be read. No timer outlives a call.
 */
export function createSecretLoader<T>(options: SecretLoaderOptions<T>): SecretLoader<T> {
  const now = options.now ?? Date.now;
  let good: { text: string; value: T; expiresAt: number } | undefined;
  let flight: { secret: Promise<T>; inBackground: boolean } | undefined;
  let lastFailed = false;

  async function read(timeoutMs: number, inBackground: boolean): Promise<T> {
    try {
      const text = await within(timeoutMs, (signal) => options.fetchSecret(signal, timeoutMs), tooLate);
      const value = good?.text === text ? good.value : options.parse(text);
      good = { text, value, expiresAt: now() + options.ttlMs };
      lastFailed = false;
      return value;
    } catch (error) {
      const failure = asUnavailable(error);
      options.onFailure?.(failure, !lastFailed && (inBackground || good !== undefined));
      lastFailed = true;
      throw failure;
    } finally {
      flight = undefined;
    }
  }

  /** Joins the read that is under way, or starts one. */
  function join(timeoutMs: number, inBackground = false): Promise<T> {
    flight ??= { secret: read(timeoutMs, inBackground), inBackground };
    return flight.secret;
  }

  async function first(budgetMs: number): Promise<T> {
    const giveUpAt = now() + budgetMs;
    if (flight?.inBackground) {
      // A read of the init phase may have been frozen with the sandbox: its failure answers no request.
      const early = await flight.secret.then((value) => ({ value })).catch(() => undefined);
      if (early) return early.value;
    }
    return join(Math.min(options.timeoutMs, giveUpAt - now()));
  }

  return {
    prefetch: () => {
      join(options.timeoutMs, true).catch(() => undefined);
    },
    load: async (budgetMs = options.timeoutMs) => {
      if (!good) return first(budgetMs);
      if (now() < good.expiresAt) return good.value;
      const lastGood = good.value;
      return join(Math.min(options.refreshTimeoutMs, budgetMs)).catch(() => lastGood);
    },
  };
}

/** What is thrown when a read of the secret takes too long. */
export function tooLate(): ServiceError {
  return new ServiceError('CONFIGURATION_UNAVAILABLE', 'Secrets Manager did not answer in time.');
}

function asUnavailable(error: unknown): ServiceError {
  if (error instanceof ServiceError && error.code === 'CONFIGURATION_UNAVAILABLE') return error;
  return new ServiceError('CONFIGURATION_UNAVAILABLE', 'The secret cannot be read from Secrets Manager.', {
    cause: error,
  });
}
