import { html, type TemplateResult } from 'lit-html';
import type { Order, Settlement } from '../orders/order.ts';
import { restOf } from '../refund/refund.ts';
import { type TextName, t } from './texts.ts';

type Tone = 'good' | 'bad' | 'warn' | 'plain';

const PAYMENTS: Record<Order['payment'], [Tone, TextName]> = {
  UNPAID: ['plain', 'unpaid'],
  PAID: ['good', 'paid'],
  CANCELLED: ['plain', 'cancelled'],
};

const SETTLEMENTS: Record<Exclude<Settlement, 'NONE'>, [Tone, TextName]> = {
  PENDING: ['warn', 'settlePending'],
  SETTLED: ['good', 'settleSettled'],
  NOTED: ['plain', 'settleNoted'],
  REFUNDED: ['bad', 'settleRefunded'],
  GIVEN_UP: ['bad', 'settleGivenUp'],
};

const REFUNDS: Record<Exclude<Order['refund'], 'NONE'>, [Tone, TextName]> = {
  PROCESSING: ['warn', 'refundChipProcessing'],
  REFUNDED: ['plain', 'refundChipRefunded'],
  FAILED: ['bad', 'refundChipFailed'],
};

/** The states of an order as chips: the payment always, the others when there is something to say. */
export function chips(order: Order): TemplateResult {
  const { payment, settlement, refund, verification } = order;
  const byBaidu = settlement === 'REFUNDED';
  return html`${chip(PAYMENTS[payment])}
  ${settlement === 'NONE' ? null : chip(settlementOf(settlement, order))}
  ${refund === 'NONE' || byBaidu ? null : chip(refundOf(refund, order))}
  ${verification === 'VERIFIED' ? chip(['good', 'verified']) : null}`;
}

/** The one state of an order that matters most, as a chip. */
export function mainChip(order: Order): TemplateResult {
  const { payment, settlement, refund } = order;
  if (settlement === 'REFUNDED' || settlement === 'GIVEN_UP') return chip(settlementOf(settlement, order));
  if (refund !== 'NONE') return chip(refundOf(refund, order));
  return settlement === 'NONE' ? chip(PAYMENTS[payment]) : chip(settlementOf(settlement, order));
}

function settlementOf(settlement: Exclude<Settlement, 'NONE'>, order: Order): [Tone, TextName] {
  if (settlement === 'REFUNDED' && order.refund !== 'REFUNDED') return ['bad', 'settleRefunding'];
  const repeating = settlement === 'PENDING' && order.nextNotificationAt !== null;
  return repeating ? ['warn', 'settleRepeat'] : SETTLEMENTS[settlement];
}

/** A query says the same of a part as of the whole; the page knows how much is left. */
function refundOf(refund: Exclude<Order['refund'], 'NONE'>, order: Order): [Tone, TextName] {
  const isPart = refund === 'REFUNDED' && order.refunds.length > 0 && restOf(order) > 0;
  return isPart ? ['plain', 'refundChipPart'] : REFUNDS[refund];
}

/** A state in a word or two. */
export function chip([tone, name]: [Tone, TextName]): TemplateResult {
  return html`<span class="chip ${tone}">${t(name)}</span>`;
}
