import type { ServiceError } from '../baidu/errors.ts';

/** What is said of an error code in one place; each code has a row in docs/api.md or in the operator’s guide, too. */
interface ErrorCodeEntry {
  /** The HTTP status of the answer. A code that answers no request has the one that fits best: it ranks the log line. */
  readonly status: number;
  /** Which functions answer with it, or log it where they answer nobody. */
  readonly by: readonly ('query' | 'notify' | 'confirm')[];
  /** Whether anyone who knows the webhook's address can bring it about: an alarm over it would be in a stranger's hand. */
  readonly strangers?: true;
}

/** Every error code of the service. */
export const ERROR_CODES = {
  INVALID_REQUEST: { status: 400, by: ['query', 'confirm'] },
  UNAUTHORIZED: { status: 401, by: ['query'] },
  ORDER_UNKNOWN: { status: 404, by: ['query', 'confirm'] },
  BAIDU_ERROR: { status: 502, by: ['query', 'confirm'] },
  BAIDU_BAD_RESPONSE: { status: 502, by: ['query', 'confirm'] },
  BAIDU_UNREACHABLE: { status: 502, by: ['query', 'confirm'] },
  BAIDU_TIMEOUT: { status: 504, by: ['query', 'confirm'] },
  LEDGER_UNAVAILABLE: { status: 503, by: ['query', 'notify', 'confirm'] },
  CONFIGURATION_UNAVAILABLE: { status: 503, by: ['query', 'notify', 'confirm'] },
  INTERNAL_ERROR: { status: 500, by: ['query', 'notify', 'confirm'] },
  INVALID_NOTIFICATION: { status: 400, by: ['notify', 'confirm'], strangers: true },
  INVALID_SIGNATURE: { status: 403, by: ['notify', 'confirm'], strangers: true },
  UNKNOWN_DEAL: { status: 403, by: ['notify', 'confirm'] },
  NOTIFICATION_TOO_LARGE: { status: 413, by: ['notify'], strangers: true },
  QUEUE_UNAVAILABLE: { status: 503, by: ['notify', 'confirm'] },
  ORDERS_UNAVAILABLE: { status: 503, by: ['notify'] },
  PAYMENT_MISMATCH: { status: 409, by: ['confirm'] },
  TOPIC_UNAVAILABLE: { status: 503, by: ['confirm'] },
} as const satisfies Readonly<Record<string, ErrorCodeEntry>>;

/** The HTTP status of an error’s code. */
export function statusOf({ code }: ServiceError): number {
  return entryOf(code)?.status ?? 500;
}

/** Whether a stranger can bring an error about at the webhook. */
export function isOfStrangers({ code }: ServiceError): boolean {
  return entryOf(code)?.strangers ?? false;
}

function entryOf(code: string): ErrorCodeEntry | undefined {
  return Object.hasOwn(ERROR_CODES, code) ? ERROR_CODES[code as keyof typeof ERROR_CODES] : undefined;
}
