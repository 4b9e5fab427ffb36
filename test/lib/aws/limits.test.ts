import { expect, test } from 'vitest';
import { awsClientLimits } from '../../../lib/aws/limits.ts';

test('awsClientLimits() ends an attempt in time, connecting included, and counts the attempts', () => {
  expect(awsClientLimits({ attemptTimeoutMs: 400, maxAttempts: 4 })).toEqual({
    maxAttempts: 4,
    requestHandler: { connectionTimeout: 400, requestTimeout: 400, throwOnRequestTimeout: true },
  });
});
