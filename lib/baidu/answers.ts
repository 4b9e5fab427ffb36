import { type Answer, jsonAnswer } from '../lambda/problem.ts';
import { type ServiceError, STATUS_OF } from './errors.ts';

/**
 * What Baidu is told of a genuine notification: `consumed` lets the money settle, `noted` takes note of an order that
 * is not paid, `refund` sends the money back.
 *
 * @see Baidu's cashier documentation, 通知支付状态
 */
export function consumptionAnswer(verdict: 'consumed' | 'noted' | 'refund'): Answer {
  const data = {
    consumed: { isConsumed: 2 },
    noted: { isConsumed: 1 },
    refund: { isConsumed: 2, isErrorOrder: 1 },
  }[verdict];
  return jsonAnswer(200, { errno: 0, msg: 'success', data });
}

/** What the sender of anything else is told: an `errno` other than 0, which is the HTTP status, and why. */
export function refusalAnswer(error: ServiceError): Answer {
  const status = STATUS_OF[error.code];
  return jsonAnswer(status, { errno: status, msg: `${error.code}: ${error.message}` });
}
