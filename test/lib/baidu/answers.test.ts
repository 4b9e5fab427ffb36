import { expect, test } from 'vitest';
import { paymentAnswer } from '../../../lib/baidu/answers.ts';

test.each([
  ['consumed', { isConsumed: 2 }],
  ['noted', { isConsumed: 1 }],
  ['refund', { isConsumed: 2, isErrorOrder: 1 }],
] as const)('paymentAnswer(%s): %j', (verdict, data) => {
  expect(paymentAnswer(verdict)).toEqual({ errno: 0, msg: 'success', data });
});
