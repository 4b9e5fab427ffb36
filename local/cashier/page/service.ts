import { html, type TemplateResult } from 'lit-html';
import { send, state } from './store.ts';
import { t } from './texts.ts';

/** What can be asked of the merchant's service, where there is one. */
export function serviceView(orderId: string): TemplateResult | null {
  if (!state.connection?.service) return null;
  const button = (action: 'ask' | 'lookup') => {
    const path = `orders/${orderId}/${action}`;
    return html`<button
      class=${action === 'lookup' && unpublished(orderId) ? 'small primary' : 'small'}
      ?disabled=${state.busy.has(path)}
      @click=${() => send(path)}
    >
      ${action === 'ask' ? t('ask') : t('lookUp')}
    </button>`;
  };
  return html`<div class="buttons service">${button('ask')} ${button('lookup')}</div>
    ${unpublished(orderId) ? html`<p class="hint">${t('unpublished')}</p>` : null}`;
}

/** Whether the order has changed at Baidu since anybody asked for it there. */
function unpublished(orderId: string): boolean {
  const hops = state.hops.get(orderId) ?? [];
  const change = hops.findLastIndex(({ kind }) => kind === 'refund' || kind === 'verified');
  return change > hops.findLastIndex(({ kind }) => kind === 'query' || kind === 'lookup');
}
