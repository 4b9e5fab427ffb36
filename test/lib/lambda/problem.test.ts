import { describe, expect, test } from 'vitest';
import { BaiduError, ServiceError } from '../../../lib/baidu/errors.ts';
import { jsonAnswer, problemAnswer, refusalAnswer } from '../../../lib/lambda/problem.ts';

test('jsonAnswer() is JSON that no one may cache', () => {
  expect(jsonAnswer(200, { a: '支' })).toEqual({
    statusCode: 200,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
    body: '{"a":"支"}',
  });
});

describe('problemAnswer()', () => {
  test('holds the members of RFC 9457, the code and the request’s id, and nothing else', () => {
    const cause = new Error('a secret');
    const { statusCode, headers, body } = problemAnswer(
      new ServiceError('CONFIGURATION_UNAVAILABLE', 'The secret cannot be read.', { cause }),
      'request-1',
    );
    expect(statusCode).toBe(503);
    expect(headers).toEqual({ 'content-type': 'application/problem+json', 'cache-control': 'no-store' });
    expect(JSON.parse(body)).toEqual({
      type: 'about:blank',
      title: 'Service Unavailable',
      status: 503,
      detail: 'The secret cannot be read.',
      code: 'CONFIGURATION_UNAVAILABLE',
      requestId: 'request-1',
    });
  });

  test('holds errno and errmsg of Baidu’s own errors', () => {
    const { statusCode, body } = problemAnswer(new BaiduError(10000, '签名错误', false), 'request-1');
    expect(statusCode).toBe(502);
    expect(JSON.parse(body)).toMatchObject({ code: 'BAIDU_ERROR', errno: 10000, errmsg: '签名错误' });
  });

  test('tells who has no token how to send one', () => {
    const { statusCode, headers } = problemAnswer(new ServiceError('UNAUTHORIZED', 'No token.'), 'request-1');
    expect(statusCode).toBe(401);
    expect(headers['www-authenticate']).toBe('Bearer');
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
