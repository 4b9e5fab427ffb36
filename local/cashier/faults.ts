import { CashierError } from './error.ts';

/** What Baidu's side of a query does: answers, answers late, breaks the connection, or is over its QPS. */
export const QUERY_FAULTS = ['none', 'slow', 'down', 'qps'] as const;

/** The switches for what goes wrong. */
export interface Faults {
  /** The notification is signed with a key that is not the platform's. */
  readonly signatureForged: boolean;
  /** `totalMoney` of the notification is changed after signing. */
  readonly fieldAltered: boolean;
  /** Each notification is sent twice at once. */
  readonly notificationRepeated: boolean;
  /** A cancelled order is announced too, with `status` -1. */
  readonly cancelAnnounced: boolean;
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
  query: 'none',
  unknownStatus: false,
  queryGone: false,
  tokenExpired: false,
};

/** Puts changed switches over the present ones; throws `INVALID` for a name or value that is none. */
export function changeFaults(faults: Faults, change: Partial<Faults>): Faults {
  for (const [name, value] of Object.entries(change)) {
    const known = Object.hasOwn(NO_FAULTS, name);
    const fits =
      name === 'query' ? QUERY_FAULTS.some((fault) => fault === value) : typeof value === 'boolean';
    if (!known || !fits) throw new CashierError('INVALID', `no such switch: ${name} = ${String(value)}`);
  }
  return { ...faults, ...change };
}
