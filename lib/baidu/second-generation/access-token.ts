import { ServiceError } from '../errors.ts';
import type { Ask, Subject } from '../http/attempts.ts';
import { within } from '../http/deadline.ts';
import { badResponse, integerOf } from '../order-status.ts';
import { readGatewayAnswer } from './gateway-answer.ts';

/** The mini-program's own pair of Baidu's console: not the payment appKey. */
export interface SmartApp {
  readonly smartAppKey: string;
  readonly smartAppSecret: string;
}

/** The access tokens of all apps. They stay in memory: none is ever part of an error or told of an attempt. */
export interface AccessTokens {
  /**
   * The token of an app, exchanged where there is none that is valid; one exchange at a time, whoever asks.
   *
   * @param about what the token is for
   * @param deadline in the time of `performance.now()`
   * @throws BaiduError or ServiceError as a question to Baidu does
   */
  get(app: SmartApp, about: Subject, deadline: number): Promise<string>;
  /** Forgets a token that Baidu does not take any more. */
  drop(app: SmartApp, token: string): void;
}

const TOKEN_PATH = '/oauth/2.0/token';

/** How long a token is kept that does not say how long it is valid, and the longest that one is kept, in seconds. */
const DEFAULT_SECONDS = 600;
const MOST_SECONDS = 30 * 86_400;

/** A token is not used in its last minutes: a tenth of its time, five minutes at most, in seconds. */
const MARGIN_SECONDS = 300;

interface Entry {
  readonly secret: string;
  token: string | undefined;
  usableUntil: number;
  flight: Promise<string> | undefined;
}

/**
 * Keeps an access token for each app until shortly before its end. A failure is never kept.
 *
 * @param options.now the clock, in milliseconds since 1970; a monotonic one stands still in a frozen sandbox
 * @see Baidu's smart mini-program documentation, 获取小程序全局 access_token
 */
export function createAccessTokens(options: { ask: Ask; openapiUrl: URL; now: () => number }): AccessTokens {
  const { ask, openapiUrl, now } = options;
  const url = new URL(TOKEN_PATH, openapiUrl);
  const entries = new Map<string, Entry>();

  async function exchange(app: SmartApp, entry: Entry, about: Subject, deadline: number): Promise<string> {
    const askedAt = now();
    const question = { about, url, form: formOf(app), read: readToken(app) };
    const { token, seconds } = await ask(question, deadline);
    entry.token = token;
    entry.usableUntil = askedAt + 1000 * (seconds - Math.min(seconds / 10, MARGIN_SECONDS));
    return token;
  }

  return {
    get: async (app, about, deadline) => {
      const entry = entryOf(entries, app);
      if (entry.token !== undefined && now() < entry.usableUntil) return entry.token;
      const { flight } = entry;
      // Who asked first may have more time than this one; the other way round it is the exchange that ends.
      if (flight) return within(deadline - performance.now(), () => flight, tooLate);
      entry.flight = exchange(app, entry, about, deadline).finally(() => {
        entry.flight = undefined;
      });
      return entry.flight;
    },
    drop: (app, token) => {
      const entry = entryOf(entries, app);
      if (entry.token === token) entry.token = undefined;
    },
  };
}

/** What is kept of an app; a secret that was exchanged in the console starts anew. */
function entryOf(entries: Map<string, Entry>, { smartAppKey, smartAppSecret }: SmartApp): Entry {
  const known = entries.get(smartAppKey);
  if (known?.secret === smartAppSecret) return known;
  const entry = { secret: smartAppSecret, token: undefined, usableUntil: 0, flight: undefined };
  entries.set(smartAppKey, entry);
  return entry;
}

function formOf({ smartAppKey, smartAppSecret }: SmartApp): string {
  return new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: smartAppKey,
    client_secret: smartAppSecret,
    scope: 'smartapp_snsapi_base',
  }).toString();
}

function readToken({ smartAppKey, smartAppSecret }: SmartApp) {
  const confidential = [smartAppKey, smartAppSecret];
  return (answer: Parameters<typeof readGatewayAnswer>[0]) => {
    const fields = readGatewayAnswer(answer, confidential);
    const token = fields['access_token'];
    // Anything else could not stand in the URL of a question as it is.
    if (typeof token !== 'string' || !/^[!-~]{1,1024}$/.test(token))
      throw badResponse('holds no access_token');
    const seconds = integerOf(fields['expires_in']) ?? 0;
    return { token, seconds: seconds > 0 ? Math.min(seconds, MOST_SECONDS) : DEFAULT_SECONDS };
  };
}

function tooLate(): ServiceError {
  return new ServiceError('BAIDU_TIMEOUT', 'Baidu gave no full answer in time.', { passing: true });
}
