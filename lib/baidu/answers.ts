/** A JSON body by which Baidu is told that a genuine notification was taken. */
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
 */
export function paymentAnswer(verdict: 'consumed' | 'noted' | 'refund'): PlatformAnswer {
  const data = {
    consumed: { isConsumed: 2 },
    noted: { isConsumed: 1 },
    refund: { isConsumed: 2, isErrorOrder: 1 },
  }[verdict];
  return { errno: 0, msg: 'success', data };
}
