import type { Text } from './text.ts';

/** Why the cashier refuses what it was asked to do. */
export type CashierErrorCode = 'INVALID' | 'NOT_FOUND' | 'CONFLICT';

/** An error whose words may be shown to the person at the desk; the message is the English ones. */
export class CashierError extends Error {
  readonly code: CashierErrorCode;
  readonly text: Text;

  /** @param code what kind of refusal it is */
  constructor(code: CashierErrorCode, text: Text, options?: ErrorOptions) {
    super(text.en, options);
    this.name = 'CashierError';
    this.code = code;
    this.text = text;
  }
}

/** What is refused to whoever wants something of an order that only a paid one has. */
export function notPaid(orderId: string): CashierError {
  return new CashierError('CONFLICT', { en: `order ${orderId} is not paid`, zh: `订单 ${orderId} 未支付` });
}
