import { html, type TemplateResult } from 'lit-html';
import type { App } from '../app.ts';
import type { Connection } from '../orders/order-book.ts';
import { send, state } from './store.ts';
import { type TextName, t } from './texts.ts';

/** Says whether a merchant must still say where notifications go, or with which key queries are verified. */
export function incomplete(): boolean {
  const { connection } = state;
  return connection !== null && (connection.notifyUrl === null || connection.merchantPublicKey === null);
}

/** How the merchant is connected, open while something is missing. */
export function connectionCard(): TemplateResult | null {
  const { connection } = state;
  if (!connection) return null;
  return html`<section class="card connection" aria-labelledby="connection">
    <details ?open=${incomplete()}>
      <summary><h2 id="connection">${t('connection')}</h2></summary>
      ${notifyForm(connection)} ${refundUrlForm(connection, 'refundNotifyUrl', 'refundNotifyMissing')}
      ${refundUrlForm(connection, 'refundAuditUrl', 'refundAuditMissing')} ${keyForm(connection)}
      <dl class="facts stacked">
        ${fact(t('queryUrl'), connection.queryUrl)} ${fact(t('openapiUrl'), connection.openapiUrl)}
      </dl>
      ${connection.apps.map(appFacts)}
    </details>
  </section>`;
}

function appFacts(app: App): TemplateResult {
  return html`<dl class="facts stacked">
    ${fact('appId', app.appId)} ${fact('appKey', app.appKey)} ${fact('dealId', app.dealId)}
    ${fact('smartAppKey', app.smartAppKey)} ${fact('smartAppSecret', app.smartAppSecret)}
    ${fact(t('platformKey'), app.platformPublicKey)}
  </dl>`;
}

function fact(name: string, value: string): TemplateResult {
  return html`<div><dt>${name}</dt><dd>${value}</dd></div>`;
}

function notifyForm({ notifyUrl }: Connection): TemplateResult {
  if (notifyUrl === '') {
    return html`<dl class="facts stacked">${fact(t('notifyUrl'), t('notifyInProcess'))}</dl>`;
  }
  return html`<form class="setting" @submit=${save('notifyUrl')}>
    <label class="field">
      <span>${t('notifyUrl')}</span>
      <input name="value" type="url" required class="code" .value=${notifyUrl ?? ''} placeholder="http://127.0.0.1:3000/baidu/payment-notify" />
    </label>
    ${notifyUrl === null ? html`<p class="wrong">${t('notifyMissing')}</p>` : null}
    <button>${t('save')}</button>
  </form>`;
}

function refundUrlForm(
  connection: Connection,
  name: 'refundNotifyUrl' | 'refundAuditUrl',
  missing: TextName,
): TemplateResult {
  const path = name === 'refundNotifyUrl' ? 'refund-notify' : 'refund-audit';
  return html`<form class="setting" @submit=${save(name)}>
    <label class="field">
      <span>${t(name)}</span>
      <input name="value" type="url" class="code" .value=${connection[name] ?? ''} placeholder="http://127.0.0.1:3000/baidu/${path}" />
    </label>
    ${connection[name] === null ? html`<p class="hint">${t(missing)}</p>` : null}
    <button>${t('save')}</button>
  </form>`;
}

function keyForm({ merchantPublicKey }: Connection): TemplateResult {
  return html`<form class="setting" @submit=${save('merchantPublicKey')}>
    <label class="field">
      <span>${t('merchantKey')}</span>
      <textarea name="value" required class="code" rows="3" .value=${merchantPublicKey ?? ''} placeholder="MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQ…"></textarea>
    </label>
    ${merchantPublicKey === null ? html`<p class="wrong">${t('merchantKeyMissing')}</p>` : null}
    <button>${t('save')}</button>
  </form>`;
}

function save(name: 'notifyUrl' | 'refundNotifyUrl' | 'refundAuditUrl' | 'merchantPublicKey') {
  return (event: SubmitEvent) => {
    event.preventDefault();
    if (!(event.currentTarget instanceof HTMLFormElement)) return;
    const value = new FormData(event.currentTarget).get('value');
    void send('connection', { [name]: String(value).trim() });
  };
}
