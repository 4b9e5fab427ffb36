import { describe, expect, test } from 'vitest';
import { OVER_QPS_ERRNO } from '../../../lib/baidu/errnos.ts';
import { asServiceError, BaiduError, ServiceError } from '../../../lib/baidu/errors.ts';

describe('ServiceError', () => {
  test('is named by its code, and final where nothing else is said', () => {
    const error = new ServiceError('INVALID_REQUEST', 'orderId is missing.');
    expect(error).toMatchObject({
      name: 'INVALID_REQUEST',
      code: 'INVALID_REQUEST',
      message: 'orderId is missing.',
      passing: false,
    });
    expect('cause' in error).toBe(false);
  });

  test('keeps its cause, and says whether it may pass', () => {
    const cause = new Error('socket hang up');
    expect(new ServiceError('BAIDU_UNREACHABLE', 'No connection.', { cause, passing: true })).toMatchObject({
      cause,
      passing: true,
    });
  });
});

test('BaiduError holds Baidu’s number and words, and only the number is in its message', () => {
  const error = new BaiduError(OVER_QPS_ERRNO, '超过QPS', true);
  expect(error).toBeInstanceOf(ServiceError);
  expect(error).toMatchObject({
    code: 'BAIDU_ERROR',
    message: 'Baidu answered with errno 5010003.',
    errno: 5010003,
    errmsg: '超过QPS',
    passing: true,
  });
  expect(new BaiduError(10000, '', false).passing).toBe(false);
});

describe('asServiceError()', () => {
  test('leaves an error of the service as it is', () => {
    const error = new BaiduError(10000, '', false);
    expect(asServiceError(error)).toBe(error);
  });

  test.each([new TypeError('x is not a function'), 'text', 0])(
    'makes INTERNAL_ERROR of anything else: %s',
    (cause) => {
      expect(asServiceError(cause)).toMatchObject({
        code: 'INTERNAL_ERROR',
        message: 'The service failed. The log tells why, under the id of this request.',
        cause,
      });
    },
  );
});
