/**
 * Why an order was not marked paid. Each ends in the dead-letter queue after two more tries, for a person to look at:
 * money has moved that fits no open order.
 */
export type OrderErrorCode =
  | 'BAD_MESSAGE'
  | 'NO_NOTIFICATION'
  | 'UNKNOWN_ORDER'
  | 'WRONG_AMOUNT'
  | 'PAID_TWICE';

/** A payment that could not be put to an order; its name is the code, which Lambda's log and destination show. */
export class OrderError extends Error {
  readonly code: OrderErrorCode;

  constructor(code: OrderErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = code;
    this.code = code;
  }
}
