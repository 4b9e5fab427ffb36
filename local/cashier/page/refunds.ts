import { html, type TemplateResult } from 'lit-html';
import { fenFromYuan, yuanFromFen } from '../orders/money.ts';
import type { Order } from '../orders/order.ts';
import { type Refund, restOf } from '../refund/refund.ts';
import { chip } from './chips.ts';
import { changed, send, state } from './store.ts';
import { t } from './texts.ts';

/** The order whose refund form holds an amount that is none, or more than is left. */
let wrong: string | null = null;

/** The form that refunds a paid order; what is left stands in it, so that one key press refunds the whole. */
export function refundForm(order: Order): TemplateResult | null {
  const rest = restOf(order);
  if (rest === 0) return null;
  const { orderId } = order;
  const isWrong = wrong === orderId;
  return html`<form class="actions refund-form" novalidate @submit=${start(order)}>
    <label class="field amount">
      <span>${t('refundAmount')}</span>
      <span class="prefixed"
        ><i aria-hidden="true">¥</i
        ><input
          name="money"
          inputmode="decimal"
          autocomplete="off"
          .value=${plainYuan(rest)}
          aria-invalid=${isWrong}
          aria-describedby="refund-wrong"
      /></span>
    </label>
    ${
      state.connection?.refundAuditUrl
        ? html`<label class="check"><input type="checkbox" name="unasked" /> ${t('refundUnasked')}</label>`
        : null
    }
    <button ?disabled=${state.busy.has(`orders/${orderId}/refunds`)}>${t('refund')}</button>
    <p class="wrong" id="refund-wrong" aria-live="polite">${
      isWrong ? `${t('refundAmountWrong')} ${plainYuan(rest)}` : ''
    }</p>
  </form>`;
}

function plainYuan(fen: number): string {
  return yuanFromFen(fen).replace(/[¥,]/g, '');
}

function start(order: Order) {
  return (event: SubmitEvent) => {
    event.preventDefault();
    if (!(event.currentTarget instanceof HTMLFormElement)) return;
    const given = new FormData(event.currentTarget);
    const money = fenFromYuan(String(given.get('money')));
    const fits = money !== null && money > 0 && money <= restOf(order);
    wrong = fits ? null : order.orderId;
    changed();
    if (!fits) return;
    void send(`orders/${order.orderId}/refunds`, { money, audit: given.get('unasked') === null });
  };
}

/** Every refund of an order, with what can be sent once more for it. */
export function refundsView(order: Order): TemplateResult | null {
  if (order.refunds.length === 0) return null;
  return html`<section class="refunds" aria-labelledby="refunds">
    <h3 id="refunds">${t('refunds')}</h3>
    <ul>
      ${order.refunds.map((refund) => entry(order.orderId, refund))}
    </ul>
  </section>`;
}

function entry(orderId: string, refund: Refund): TemplateResult {
  const { refundBatchId, money, state: at } = refund;
  const action = at === 'AUDIT' ? 'audit' : 'notify';
  const path = `orders/${orderId}/refunds/${action}`;
  return html`<li>
    <b>${yuanFromFen(money)}</b> <span class="id">${refundBatchId}</span> ${stateOf(refund)}
    ${
      at === 'REFUSED'
        ? null
        : html`<button
            class="small"
            aria-label="${t(action === 'audit' ? 'askAgain' : 'tellAgain')}: ${yuanFromFen(money)}"
            ?disabled=${state.busy.has(path)}
            @click=${() => send(path, { refundBatchId })}
          >
            ${t(action === 'audit' ? 'askAgain' : 'tellAgain')}
          </button>`
    }
  </li>`;
}

function stateOf({ state: at, told }: Refund): TemplateResult {
  if (at === 'AUDIT') return chip(['warn', 'refundAsked']);
  if (at === 'REFUSED') return chip(['plain', 'refundRefused']);
  if (at === 'FAILED') return chip(['bad', 'refundLost']);
  return chip(told ? ['good', 'refundDone'] : ['warn', 'refundDoneUntold']);
}
