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
