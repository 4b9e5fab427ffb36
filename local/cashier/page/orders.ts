import { html, type TemplateResult } from 'lit-html';
import { repeat } from 'lit-html/directives/repeat.js';
import { yuanFromFen } from '../orders/money.ts';
import type { Order } from '../orders/order.ts';
import { mainChip } from './chips.ts';
import { chosenOrder } from './order-view.ts';
import { address, state } from './store.ts';
import { t } from './texts.ts';

/** The list of orders, the newest first, and the requests that match none. */
export function ordersCard(): TemplateResult {
  const orders = [...state.orders.values()].reverse();
  const strays = state.hops.get('')?.length ?? 0;
  return html`<nav class="card list" aria-labelledby="orders">
    <h2 id="orders">${t('orders')} ${orders.length > 0 ? html`<small>${orders.length}</small>` : null}</h2>
    ${orders.length === 0 ? html`<p class="hint">${t('noOrders')}</p>` : null}
    <ul>
      ${repeat(orders, ({ orderId }) => orderId, entry)}
      ${
        strays === 0
          ? null
          : html`<li>
              <a class="entry" href=${address('')} aria-current=${state.chosen === '' ? 'true' : 'false'}>
                <span class="name">${t('strays')}</span><span class="chip warn">${strays}</span>
              </a>
            </li>`
      }
    </ul>
  </nav>`;
}

function entry(order: Order): TemplateResult {
  const current = chosenOrder()?.orderId === order.orderId;
  return html`<li>
    <a class="entry" href=${address(order.orderId)} aria-current=${current ? 'true' : 'false'}>
      <span class="name">${order.title || order.tpOrderId}</span>
      <span class="sum">${yuanFromFen(order.totalMoney)}</span>
      <span class="id">${order.tpOrderId}</span>
      ${mainChip(order)}
    </a>
  </li>`;
}
