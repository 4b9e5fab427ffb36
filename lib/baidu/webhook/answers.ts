/** A JSON body by which Baidu is told that a genuine message of its own was taken. */
export interface PlatformAnswer {
  readonly errno: 0;
  readonly msg: 'success';
  readonly data: Readonly<Record<string, unknown>>;
}

/**
 * What Baidu is told of a genuine payment notification: `consumed` lets the money settle, `noted` takes note of an order
 * that is not paid, `refund` sends the money back.
 *
 * @see Baidu's cashier documentation, 通知支付状态
 * @example
 * paymentAnswer('consumed'); // => { errno: 0, msg: 'success', data: { isConsumed: 2 } }
 */
export function paymentAnswer(verdict: 'consumed' | 'noted' | 'refund'): PlatformAnswer {
  const data = {
    consumed: { isConsumed: 2 },
    noted: { isConsumed: 1 },
    refund: { isConsumed: 2, isErrorOrder: 1 },
  }[verdict];
  return { errno: 0, msg: 'success', data };
}

/**
 * What Baidu is told of a genuine refund notification; only then does its console show 已退款.
 *
 * @see Baidu's cashier documentation, 通知退款状态
 * @example
 * refundAnswer(); // => { errno: 0, msg: 'success', data: {} }
 */
export function refundAnswer(): PlatformAnswer {
  return { errno: 0, msg: 'success', data: {} };
}

/**
 * What Baidu is told when it asks whether a refund may be made.
 *
 * @param auditStatus 1 refund, 2 refuse, 3 undecided: Baidu asks again every 5 minutes
 * @param refundPayMoney how much goes back, in fen (分), whole and not negative
 * @throws TypeError where either is another number
 * @see Baidu's cashier documentation, 请求业务方退款审核
 * @example
 * const answer = auditAnswer({ auditStatus: 1, refundPayMoney: 9800 });
 * answer.data; // => { auditStatus: 1, calculateRes: { refundPayMoney: 9800 } }
 */
export function auditAnswer({
  auditStatus,
  refundPayMoney,
}: {
  readonly auditStatus: 1 | 2 | 3;
  readonly refundPayMoney: number;
}): PlatformAnswer {
  if (![1, 2, 3].includes(auditStatus)) throw new TypeError('auditStatus must be 1, 2 or 3.');
  if (!Number.isSafeInteger(refundPayMoney) || refundPayMoney < 0) {
    throw new TypeError('refundPayMoney must be a whole number of fen, and not negative.');
  }
  return { errno: 0, msg: 'success', data: { auditStatus, calculateRes: { refundPayMoney } } };
}
