import { describe, expect, test } from 'vitest';
import { consumptionAnswer, refusalAnswer } from '../../../lib/baidu/answers.ts';
import { ServiceError } from '../../../lib/baidu/errors.ts';

describe('consumptionAnswer()', () => {
  test.each([
    ['consumed', { isConsumed: 2 }],
    ['noted', { isConsumed: 1 }],
    ['refund', { isConsumed: 2, isErrorOrder: 1 }],
  ] as const)('%s: %j', (verdict, data) => {
    const { statusCode, headers, body } = consumptionAnswer(verdict);
    expect(statusCode).toBe(200);
    expect(headers).toMatchObject({ 'content-type': 'application/json' });
    expect(JSON.parse(body)).toEqual({ errno: 0, msg: 'success', data });
  });
});

describe('refusalAnswer()', () => {
  test.each([
    [new ServiceError('INVALID_NOTIFICATION', 'The field rsaSign is missing.'), 400],
    [new ServiceError('QUEUE_UNAVAILABLE', 'The queue did not take the message.'), 503],
  ])('%s: the HTTP status is the errno, and no data is with it', (error, status) => {
    const { statusCode, headers, body } = refusalAnswer(error);
    expect(statusCode).toBe(status);
    expect(headers).toMatchObject({ 'content-type': 'application/json' });
    expect(JSON.parse(body)).toEqual({ errno: status, msg: `${error.code}: ${error.message}` });
  });
});
