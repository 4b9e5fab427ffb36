import type http from 'node:http';
import type https from 'node:https';

/** Time and tries that one call of an AWS client may take. */
export interface AwsLimits {
  /** Of each attempt, connecting included, in milliseconds. */
  attemptTimeoutMs: number;
  maxAttempts: number;
  /** What keeps the connections; the SDK's own by default. */
  agent?: http.Agent | https.Agent | undefined;
}

/**
 * Client options that end an attempt in time, and do at a cold start what has to be done; by themselves the SDK's clients
 * wait for ever.
 */
export function awsClientLimits({ attemptTimeoutMs, maxAttempts, agent }: AwsLimits) {
  return {
    maxAttempts,
    // The SDK's own; where they are named it does not look for AWS_RETRY_MODE and AWS_DEFAULTS_MODE at a cold start.
    retryMode: 'standard' as const,
    defaultsMode: 'standard' as const,
    streamCollector: wholeBody,
    requestHandler: {
      connectionTimeout: attemptTimeoutMs,
      requestTimeout: attemptTimeoutMs,
      throwOnRequestTimeout: true,
      ...(agent && { httpAgent: agent, httpsAgent: agent }),
    },
  };
}

/** The bytes of an answer. The SDK's own collector pipes them through a stream, which costs 1.3 ms at a cold start. */
function wholeBody(answer: NodeJS.ReadableStream): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    answer.on('data', (chunk: Uint8Array) => chunks.push(chunk));
    answer.on('end', () => resolve(Buffer.concat(chunks)));
    answer.on('error', reject);
  });
}

/** What is thrown when a service of AWS takes longer than there is time. */
export function tooLateOf(service: string): Error {
  return Object.assign(new Error(`${service} did not answer in time.`), { name: 'TimeoutError' });
}
