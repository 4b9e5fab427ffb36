import { html, type TemplateResult } from 'lit-html';
import { CHANNEL_NAMES, PAY_TYPES, type PayType } from '../orders/channels.ts';
import { yuanFromFen } from '../orders/money.ts';
import type { Order } from '../orders/order.ts';
import { refundForm } from './refunds.ts';
import { changed, focusOn, send, state } from './store.ts';
import { say, type TextName, t } from './texts.ts';

let channel: PayType = '1117';

/** What can be done with the order in its present state. */
export function actionsView(order: Order): TemplateResult | null {
  if (order.payment === 'UNPAID') return unpaidActions(order);
  return order.payment === 'PAID' ? paidActions(order) : null;
}

function unpaidActions({ orderId, totalMoney }: Order): TemplateResult {
  return html`<div class="actions">
    <fieldset class="choice">
      <legend>${t('channel')}</legend>
      ${PAY_TYPES.map(
        (payType) => html`<label
          ><input
            type="radio"
            name="channel"
            value=${payType}
            .checked=${channel === payType}
            @change=${() => {
              channel = payType;
              changed();
            }}
          /><span>${say(CHANNEL_NAMES[payType])}</span></label
        >`,
      )}
    </fieldset>
    <div class="buttons">
      <button class="primary" @click=${() => act(`orders/${orderId}/pay`, { payType: channel })}>
        ${t('pay')} ${yuanFromFen(totalMoney)}
      </button>
      <button class="quiet" @click=${() => act(`orders/${orderId}/cancel`)}>${t('cancel')}</button>
    </div>
  </div>`;
}

/** Does what takes its own button away: the focus goes to the order's title. */
async function act(path: string, body: object = {}): Promise<void> {
  const done = send(path, body);
  focusOn('order-title');
  await done;
}

const REFUNDS = [
  ['PROCESSING', 'refundProcessing'],
  ['REFUNDED', 'refundRefunded'],
  ['FAILED', 'refundFailed'],
] as const satisfies readonly (readonly [Order['refund'], TextName])[];

function paidActions(order: Order): TemplateResult {
  const { orderId, refund, verification } = order;
  const busy = state.busy.has(`orders/${orderId}/notify`) || state.busy.has(`orders/${orderId}/pay`);
  return html`${refundForm(order)}
    <div class="actions row">
    <div class="buttons">
      <button ?disabled=${busy} @click=${() => send(`orders/${orderId}/notify`)}>${t('notifyAgain')}</button>
      <button ?disabled=${verification === 'VERIFIED'} @click=${() => send(`orders/${orderId}/verify`)}>
        ${t('verify')}
      </button>
    </div>
    <div class="segments" role="group" aria-label=${t('refundInQuery')}>
      <span aria-hidden="true">${t('refundInQuery')}</span>
      ${REFUNDS.map(
        ([to, name]) => html`<button
          aria-pressed=${refund === to}
          @click=${() => send(`orders/${orderId}/refund`, { state: to })}
        >
          ${t(name)}
        </button>`,
      )}
    </div>
  </div>`;
}
