import { html, type TemplateResult } from 'lit-html';
import type { HopKind } from '../orders/order-book.ts';
import { send, state } from './store.ts';
import { type TextName, t } from './texts.ts';

/** What can be asked of the merchant's service, where there is one. */
export function serviceView(orderId: string): TemplateResult | null {
  if (!state.connection?.service) return null;
  const button = (name: TextName, action: 'ask' | 'lookup', body: object = {}) => {
    const path = `orders/${orderId}/${action}`;
    return html`<button
      class=${action === 'lookup' && unpublished(orderId) ? 'small primary' : 'small'}
      ?disabled=${state.busy.has(path)}
      @click=${() => send(path, body)}
    >
      ${t(name)}
    </button>`;
  };
  return html`<div class="buttons service">
      ${button('ask', 'ask')} ${button('askOwn', 'ask', { by: 'tpOrderId' })} ${button('lookUp', 'lookup')}
    </div>
    ${unpublished(orderId) ? html`<p class="hint">${t('unpublished')}</p>` : null}`;
}

/** Steps after which somebody knows, or will. */
const HEARD: ReadonlySet<HopKind> = new Set(['query', 'lookup', 'refundAudit', 'refundNotification']);

/** Whether the order has changed at Baidu since anybody asked for it there. */
function unpublished(orderId: string): boolean {
  const hops = state.hops.get(orderId) ?? [];
  const change = hops.findLastIndex(({ kind }) => kind === 'refund' || kind === 'verified');
  return change > hops.findLastIndex(({ kind }) => HEARD.has(kind));
}
