import { html, type TemplateResult } from 'lit-html';
import { yuanFromFen } from '../orders/money.ts';
import type { Order } from '../orders/order.ts';
import { actionsView } from './actions.ts';
import { chips } from './chips.ts';
import { refundsView } from './refunds.ts';
import { address, state } from './store.ts';
import { t } from './texts.ts';
import { timelineView } from './timeline.ts';

/** The order that is open, if there is one. */
export function chosenOrder(): Order | undefined {
  return state.chosen === null ? undefined : state.orders.get(state.chosen);
}

/** The open order with everything that happened to it, or what to do when none is open. */
export function orderView(): TemplateResult {
  if (state.chosen === '') return strays();
  const order = chosenOrder();
  if (!order) return nothingOpen();
  const several = (state.connection?.apps.length ?? 0) > 1;
  return html`<article class="card order" aria-labelledby="order-title">
    ${backLink()}
    <div class="headline">
      <div>
        <h2 id="order-title" tabindex="-1">${order.title || order.tpOrderId}</h2>
        <p class="sum">${yuanFromFen(order.totalMoney)}</p>
      </div>
      <p class="chips">${chips(order)}</p>
    </div>
    <dl class="facts">
      ${several ? html`<div><dt>${t('app')}</dt><dd>${order.appId}</dd></div>` : null}
      <div><dt>${t('tpOrderId')}</dt><dd>${order.tpOrderId}</dd></div>
      <div><dt>${t('baiduOrder')}</dt><dd>${order.orderId}</dd></div>
      <div><dt>${t('user')}</dt><dd>${order.userId}</dd></div>
      ${order.returnData ? html`<div><dt>returnData</dt><dd>${order.returnData}</dd></div>` : null}
    </dl>
    ${actionsView(order)} ${refundsView(order)} ${timelineView(order.orderId)}
  </article>`;
}

function strays(): TemplateResult {
  return html`<article class="card order" aria-labelledby="order-title">
    ${backLink()}
    <h2 id="order-title">${t('strays')}</h2>
    <p class="hint">${t('straysHint')}</p>
    ${timelineView('')}
  </article>`;
}

function backLink(): TemplateResult {
  return html`<a class="back" href=${address(null)}><span aria-hidden="true">←</span> ${t('back')}</a>`;
}

function nothingOpen(): TemplateResult {
  const some = state.orders.size > 0;
  return html`<div class="empty">
    <svg viewBox="0 0 120 120" width="120" height="120" aria-hidden="true">
      <path class="paper" d="M34 14h52v88l-8.7-6-8.7 6-8.6-6-8.7 6-8.6-6-8.7 6z" />
      <path class="ink" d="M48 32l12 15 12-15M60 47v20M51 50h18M51 58h18" />
      <path class="faint" d="M46 78h28M46 86h18" />
    </svg>
    <h2 class="title">${some ? t('chooseTitle') : t('emptyTitle')}</h2>
    <p>${some ? t('chooseText') : t('emptyText')}</p>
  </div>`;
}
