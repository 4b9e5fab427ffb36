import { expect, test } from 'vitest';
import { auditAnswer, paymentAnswer, refundAnswer } from '../../../../lib/baidu/webhook/answers.ts';

test.each([
  ['consumed', { isConsumed: 2 }],
  ['noted', { isConsumed: 1 }],
  ['refund', { isConsumed: 2, isErrorOrder: 1 }],
] as const)('paymentAnswer(%s): %j', (verdict, data) => {
  expect(paymentAnswer(verdict)).toEqual({ errno: 0, msg: 'success', data });
});

test('refundAnswer(): nothing but that it was taken', () => {
  expect(refundAnswer()).toEqual({ errno: 0, msg: 'success', data: {} });
});

test.each([
  [1, 100],
  [2, 0],
  [3, Number.MAX_SAFE_INTEGER],
] as const)('auditAnswer(%i, %i)', (auditStatus, refundPayMoney) => {
  expect(auditAnswer({ auditStatus, refundPayMoney })).toEqual({
    errno: 0,
    msg: 'success',
    data: { auditStatus, calculateRes: { refundPayMoney } },
  });
});

test.each([
  [0, 1, 'auditStatus must be 1, 2 or 3.'],
  [4, 1, 'auditStatus must be 1, 2 or 3.'],
  ['1', 1, 'auditStatus must be 1, 2 or 3.'],
  [1, -1, 'refundPayMoney must be a whole number of fen, and not negative.'],
  [1, 0.5, 'refundPayMoney must be a whole number of fen, and not negative.'],
  [1, Number.NaN, 'refundPayMoney must be a whole number of fen, and not negative.'],
  [1, '1', 'refundPayMoney must be a whole number of fen, and not negative.'],
])('auditAnswer() sends back no %j with %j', (auditStatus, refundPayMoney, message) => {
  const answer = { auditStatus, refundPayMoney } as Parameters<typeof auditAnswer>[0];
  expect(() => auditAnswer(answer)).toThrow(new TypeError(message));
});
