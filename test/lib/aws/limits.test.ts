import { expect, test } from 'vitest';
import { awsClientLimits } from '../../../lib/aws/limits.ts';

test('awsClientLimits() ends an attempt in time, connecting included, and counts the attempts as the SDK does by itself', () => {
  expect(awsClientLimits({ attemptTimeoutMs: 400, maxAttempts: 4 })).toEqual({
    maxAttempts: 4,
    retryMode: 'standard',
    defaultsMode: 'standard',
    streamCollector: expect.any(Function),
    requestHandler: { connectionTimeout: 400, requestTimeout: 400, throwOnRequestTimeout: true },
  });
});
