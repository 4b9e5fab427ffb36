import type { Order, RefundState } from '../orders/order.ts';

/** A refund of an order: of the whole, or of a part of its money. */
export interface Refund {
  /** Names the refund at Baidu. */
  readonly refundBatchId: string;
  /** How much goes back, in fen. */
  readonly money: number;
  /** Whether the merchant is still asked, has refused, or the refund was made or has failed. */
  readonly state: 'AUDIT' | 'REFUSED' | 'REFUNDED' | 'FAILED';
  /** Whether an answer to its notification counted: only then does Baidu's console show 已退款 of one that was made. */
  readonly told: boolean;
  /** When the merchant is called for it again, or `null`. */
  readonly nextCallAt: string | null;
}

/** How much of an order's money can still be refunded, in fen. */
export function restOf({ totalMoney, refunds }: Order): number {
  const gone = refunds.filter(({ state }) => state === 'AUDIT' || state === 'REFUNDED');
  return totalMoney - gone.reduce((sum, { money }) => sum + money, 0);
}

/** What the query says of all refunds together. Nobody has published what it says of a refund in part. */
export function refundStateOf(refunds: readonly Refund[]): RefundState | 'NONE' {
  const has = (state: Refund['state']) => refunds.some((refund) => refund.state === state);
  if (has('AUDIT')) return 'PROCESSING';
  if (has('REFUNDED')) return 'REFUNDED';
  return has('FAILED') ? 'FAILED' : 'NONE';
}
