import { CashierError } from './error.ts';

/** What Baidu's side of a query does: answers, answers late, breaks the connection, or is over its QPS. */
export const QUERY_FAULTS = ['none', 'slow', 'down', 'qps'] as const;

/** How an id that a refund message may lack comes in it. */
export const PRESENCES = ['present', 'empty', 'absent'] as const;

/** One of `PRESENCES`. */
export type Presence = (typeof PRESENCES)[number];

/** The switches for what goes wrong. */
export interface Faults {
  /** A notification, or a refund's message, is signed with a key that is not the platform's. */
  readonly signatureForged: boolean;
  /** `totalMoney` of a notification, or the `refundBatchId` of a refund's message, is changed after signing. */
  readonly fieldAltered: boolean;
  /** Each notification, and each message of a refund, is sent twice at once. */
  readonly notificationRepeated: boolean;
  /** A cancelled order is announced too, with `status` -1. */
  readonly cancelAnnounced: boolean;
  /** Refunds fail. */
  readonly refundFails: boolean;
  /** How `userId` comes in a refund notification. */
  readonly refundUserId: Presence;
  /** How `tpOrderId` comes in a refund notification, and in an audit. */
  readonly refundTpOrderId: Presence;
  /** A refund audit does not say how much, as those before 2020. */
  readonly auditWithoutMoney: boolean;
  /** A query knows of no refund, not even of one that was notified. */
  readonly refundHidden: boolean;
  readonly query: (typeof QUERY_FAULTS)[number];
  /** The pay status of a query's answer is a number that Baidu has never published. */
  readonly unknownStatus: boolean;
  /** The first generation's address answers with 404, as one that was switched off. */
  readonly queryGone: boolean;
  /** An access token serves for one question; then it has expired. */
  readonly tokenExpired: boolean;
}

/** Everything goes well. */
export const NO_FAULTS: Faults = {
  signatureForged: false,
  fieldAltered: false,
  notificationRepeated: false,
  cancelAnnounced: false,
  refundFails: false,
  refundUserId: 'present',
  refundTpOrderId: 'present',
  auditWithoutMoney: false,
  refundHidden: false,
  query: 'none',
  unknownStatus: false,
  queryGone: false,
  tokenExpired: false,
};

/** The values of the switches that are not just on or off. */
export const CHOICES: Readonly<Record<string, readonly string[]>> = {
  query: QUERY_FAULTS,
  refundUserId: PRESENCES,
  refundTpOrderId: PRESENCES,
};

/** Puts changed switches over the present ones; throws `INVALID` for a name or value that is none. */
export function changeFaults(faults: Faults, change: Partial<Faults>): Faults {
  for (const [name, value] of Object.entries(change)) {
    const known = Object.hasOwn(NO_FAULTS, name);
    const choices = Object.hasOwn(CHOICES, name) ? CHOICES[name] : undefined;
    const fits = choices ? choices.some((choice) => choice === value) : typeof value === 'boolean';
    if (known && fits) continue;
    const given = `${name} = ${String(value)}`;
    throw new CashierError('INVALID', { en: `no such switch: ${given}`, zh: `没有这样的开关：${given}` });
  }
  return { ...faults, ...change };
}
