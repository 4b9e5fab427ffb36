/** Baidu's errno for too many queries a second. */
export const OVER_QPS_ERRNO = 5010003;

/** Baidu's errno for an order that it does not know: also one of another user, or a wrong `appKey`. */
export const UNKNOWN_ORDER_ERRNO = 10002;

/** Those by which Baidu says that it does not take a signature. */
const SIGNATURE_ERRNOS = [930, 10000];

/** The second generation's code for too many calls. */
const TOO_MANY_CALLS = 50029;

/**
 * Error codes that Baidu publishes, by the generation whose pages name them. Those of the first generation pass that are
 * internal, of the gateway, the network, the QPS limit, a service or a third party; all others are final.
 */
const FIRST = {
  passing: [10003, 4010001, 4010003, 4010007, 5010002, OVER_QPS_ERRNO, 5010004, 6010008, 7010001],
  final: [...SIGNATURE_ERRNOS, 970, 10001, UNKNOWN_ORDER_ERRNO, 4010002, 4010004, 4010005, 4010006],
};
const SECOND = {
  passing: [500, 1000, TOO_MANY_CALLS],
  final: [110, 111, 2002, 6001, 60000, 60008, 60021],
};

/** The error codes that Baidu publishes for its platform. */
export const PUBLISHED_ERRNOS: ReadonlySet<number> = new Set([...FIRST.passing, ...FIRST.final]);

/** Those of the second generation, beside the ones above. */
export const PUBLISHED_CODES: ReadonlySet<number> = new Set([...SECOND.passing, ...SECOND.final]);

/** Whether the same question may be answered in a moment; behind the second generation are codes of the first, too. */
export function mayPass(errno: number, generation: 'first' | 'second'): boolean {
  return FIRST.passing.includes(errno) || (generation === 'second' && SECOND.passing.includes(errno));
}

/** Whether Baidu refuses because it is asked too often. */
export function isTooOften(errno: number): boolean {
  return errno === OVER_QPS_ERRNO || errno === TOO_MANY_CALLS;
}

/** Whether Baidu refuses because it does not take the signature: the key in its console is another. */
export function isSignatureRefused(errno: number): boolean {
  return SIGNATURE_ERRNOS.includes(errno);
}
