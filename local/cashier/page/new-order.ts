import { html, type TemplateResult } from 'lit-html';
import { fenFromYuan } from '../orders/money.ts';
import { isOwnId, WRONG_OWN_ID } from '../orders/own-id.ts';
import { changed, choose, focusOn, send, state } from './store.ts';
import { say, t } from './texts.ts';

let wrong: { amount: boolean; tpOrderId: boolean } = { amount: false, tpOrderId: false };
let proposals = 0;
let proposedId = proposeId();

/** The form that creates an order; every field has something in it, so that one key press is enough. */
export function newOrderCard(): TemplateResult {
  const busy = state.busy.has('orders');
  return html`<section class="card" aria-labelledby="new-order">
    <h2 id="new-order">${t('newOrder')}</h2>
    <form novalidate @submit=${create}>
      <div class="pair">
        <label class="field amount">
          <span>${t('amount')}</span>
          <span class="prefixed"
            ><i aria-hidden="true">¥</i
            ><input
              name="amount"
              inputmode="decimal"
              autocomplete="off"
              value="9.90"
              aria-invalid=${wrong.amount}
              aria-describedby="amount-wrong"
          /></span>
        </label>
        <label class="field">
          <span>${t('item')}</span>
          <input name="title" autocomplete="off" placeholder=${t('itemSample')} maxlength="200" />
        </label>
      </div>
      <p class="wrong" id="amount-wrong" aria-live="polite">${wrong.amount ? t('amountWrong') : ''}</p>
      ${appField()} ${ownIdField()} ${moreFields()}
      <button class="primary wide" ?disabled=${busy}>${t('create')}</button>
    </form>
  </section>`;
}

/** Which app the order is of, where there are several. */
function appField(): TemplateResult | null {
  const { apps = [] } = state.connection ?? {};
  if (apps.length < 2) return null;
  return html`<label class="field">
    <span>${t('app')}</span>
    <select name="appId">
      ${apps.map(({ appId }) => html`<option>${appId}</option>`)}
    </select>
  </label>`;
}

function ownIdField(): TemplateResult {
  return html`<label class="field">
    <span>${t('tpOrderId')}</span>
    <input
      name="tpOrderId"
      class="code"
      autocomplete="off"
      .value=${proposedId}
      aria-invalid=${wrong.tpOrderId}
      aria-describedby="id-wrong"
      maxlength="200"
    />
  </label>
  <p class="wrong" id="id-wrong" aria-live="polite">${wrong.tpOrderId ? say(WRONG_OWN_ID) : ''}</p>`;
}

function moreFields(): TemplateResult {
  return html`<details>
    <summary>${t('more')}</summary>
    <label class="field">
      <span>${t('returnData')}</span>
      <textarea name="returnData" class="code" rows="2" maxlength="4096"></textarea>
    </label>
    <label class="field">
      <span>${t('userId')}</span>
      <input name="userId" class="code" inputmode="numeric" autocomplete="off" placeholder=${t('atRandom')} />
    </label>
  </details>`;
}

async function create(event: SubmitEvent): Promise<void> {
  event.preventDefault();
  const form = event.currentTarget;
  if (!(form instanceof HTMLFormElement)) return;
  const field = (name: string) => String(new FormData(form).get(name) ?? '').trim();
  const totalMoney = fenFromYuan(field('amount'));
  const tpOrderId = field('tpOrderId');
  wrong = { amount: totalMoney === null, tpOrderId: !isOwnId(tpOrderId) };
  changed();
  if (totalMoney === null || wrong.tpOrderId) {
    const first = form.elements.namedItem(totalMoney === null ? 'amount' : 'tpOrderId');
    if (first instanceof HTMLElement) first.focus();
    return;
  }
  const order = await send('orders', {
    ...{ totalMoney, tpOrderId, title: field('title') || t('itemSample') },
    returnData: String(new FormData(form).get('returnData') ?? ''),
    // What is empty is left out: without an app it is the first one's, a user is drawn at random.
    ...{ appId: field('appId') || undefined, userId: field('userId') || undefined },
  });
  if (typeof order !== 'object' || order === null || !('orderId' in order)) return;
  proposedId = proposeId();
  choose(String(order.orderId));
  focusOn('order-title');
}

/** An own id that tells when it was made, as merchants' ids do. */
function proposeId(): string {
  const now = new Date();
  const two = (part: number) => String(part).padStart(2, '0');
  proposals += 1;
  const day = `${now.getFullYear()}${two(now.getMonth() + 1)}${two(now.getDate())}`;
  return `T${day}-${two(now.getHours())}${two(now.getMinutes())}${two(now.getSeconds())}-${proposals}`;
}
