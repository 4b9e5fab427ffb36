/** Why the cashier refuses what it was asked to do. */
export type CashierErrorCode = 'INVALID' | 'NOT_FOUND' | 'CONFLICT';

/** An error whose message may be shown to the person at the desk. */
export class CashierError extends Error {
  readonly code: CashierErrorCode;

  /** @param code what kind of refusal it is */
  constructor(code: CashierErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'CashierError';
    this.code = code;
  }
}
