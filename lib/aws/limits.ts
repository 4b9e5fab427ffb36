/** Time and tries that one call of an AWS client may take. */
export interface AwsLimits {
  /** Of each attempt, connecting included, in milliseconds. */
  attemptTimeoutMs: number;
  maxAttempts: number;
}

/** Client options that end an attempt in time; by themselves the SDK's clients wait for ever. */
export function awsClientLimits({ attemptTimeoutMs, maxAttempts }: AwsLimits) {
  return {
    maxAttempts,
    requestHandler: {
      connectionTimeout: attemptTimeoutMs,
      requestTimeout: attemptTimeoutMs,
      throwOnRequestTimeout: true,
    },
  };
}

/** What is thrown when a service of AWS takes longer than there is time. */
export function tooLateOf(service: string): Error {
  return Object.assign(new Error(`${service} did not answer in time.`), { name: 'TimeoutError' });
}
