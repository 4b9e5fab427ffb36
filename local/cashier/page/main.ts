import { html, render, type TemplateResult } from 'lit-html';
import { connectionCard, incomplete } from './connection.ts';
import { faultsCard } from './faults.ts';
import { newOrderCard } from './new-order.ts';
import { chosenOrder, orderView } from './order-view.ts';
import { ordersCard } from './orders.ts';
import { dismiss, speak, start, state } from './store.ts';
import { say, t } from './texts.ts';
import { nextCallAt } from './timeline.ts';

function header(): TemplateResult {
  const lines = { connecting: t('connecting'), open: t('live'), lost: t('lost') };
  const other = state.language === 'zh' ? 'en' : 'zh';
  return html`<header class="top">
    <img class="mark" src="/page/icon.svg" alt="" width="32" height="32" />
    <div class="names">
      <h1>${t('title')}</h1>
      <p>${t('subtitle')}</p>
    </div>
    <span class="line line-${state.line}" role="status">${lines[state.line]}</span>
    <button class="quiet" lang=${other === 'zh' ? 'zh-CN' : 'en'} @click=${() => speak(other)}>
      ${t('otherLanguage')}
    </button>
  </header>`;
}

function problem(): TemplateResult | null {
  if (state.problem === null) return null;
  return html`<div class="problem" role="alert">
    <p>${say(state.problem)}</p>
    <button class="quiet" @click=${dismiss}>${t('dismiss')}</button>
  </div>`;
}

function page(): TemplateResult {
  return html`${header()} ${problem()}
    <main class="columns" data-open=${chosenOrder() === undefined && state.chosen !== '' ? 'list' : 'order'}>
      <div class="side">
        ${incomplete() ? connectionCard() : null} ${newOrderCard()} ${ordersCard()} ${faultsCard()}
        ${incomplete() ? null : connectionCard()}
      </div>
      <div class="open">${orderView()}</div>
    </main>`;
}

start(() => {
  document.documentElement.lang = state.language === 'zh' ? 'zh-CN' : 'en';
  document.title = t('title');
  render(page(), document.body);
});

// What is counted down on the page moves each second.
setInterval(() => {
  const order = chosenOrder();
  if (order && nextCallAt(order)) render(page(), document.body);
}, 1000);
