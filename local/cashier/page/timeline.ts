import { html, type TemplateResult } from 'lit-html';
import { repeat } from 'lit-html/directives/repeat.js';
import { HOP_NAMES } from '../orders/hop-names.ts';
import type { Order } from '../orders/order.ts';
import type { Hop, HopKind } from '../orders/order-book.ts';
import { rawView } from './raw.ts';
import { serviceView } from './service.ts';
import { state } from './store.ts';
import { say, type TextName, t } from './texts.ts';

const LANES: Record<HopKind, TextName> = {
  created: 'laneCashier',
  paid: 'laneCashier',
  cancelled: 'laneCashier',
  refund: 'laneCashier',
  verified: 'laneCashier',
  notification: 'laneOut',
  refundAudit: 'laneOut',
  refundNotification: 'laneOut',
  queued: 'laneMerchant',
  query: 'laneIn',
  token: 'laneIn',
  confirmed: 'laneMerchant',
  published: 'laneMerchant',
  lookup: 'laneMerchant',
  asked: 'laneApp',
  deadLetter: 'laneMerchant',
  other: 'laneMerchant',
};

/** Everything that happened to an order (`''`: to none), in the order in which it began. */
export function timelineView(owner: string): TemplateResult {
  const hops = [...(state.hops.get(owner) ?? [])].sort((a, b) => a.at.localeCompare(b.at) || a.id - b.id);
  const notifications = hops.filter(({ kind }) => kind === 'notification');
  const waiting = state.busy.has(`orders/${owner}/pay`) || state.busy.has(`orders/${owner}/notify`);
  return html`<section class="timeline" aria-labelledby="timeline">
    <div class="over">
      <h3 id="timeline">${t('timeline')}</h3>
      ${nextCall(owner)} ${owner === '' ? null : serviceView(owner)}
    </div>
    <ol aria-live="polite">
      ${repeat(
        hops,
        ({ id }) => id,
        (hop, index) => entry(hop, hops[index - 1], notifications.indexOf(hop) + 1),
      )}
      ${waiting ? waitingEntry(notifications.length + 1) : null}
    </ol>
  </section>`;
}

function nextCall(owner: string): TemplateResult | null {
  const order = state.orders.get(owner);
  const due = order && nextCallAt(order);
  if (!due) return null;
  const seconds = Math.max(0, Math.round((Date.parse(due) - Date.now()) / 1000));
  const shown = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
  return html`<small class="next">${t('nextIn')} <b>${shown}</b></small>`;
}

/** When Baidu calls next for a payment or a refund, or `undefined`. */
export function nextCallAt({ nextNotificationAt, refunds }: Order): string | undefined {
  const due = [nextNotificationAt, ...refunds.map(({ nextCallAt: at }) => at)];
  return due.filter((at) => at !== null).sort()[0];
}

function entry(hop: Hop, before: Hop | undefined, notification: number): TemplateResult {
  const lane = LANES[hop.kind];
  return html`<li class="hop ${hop.tone}">
    <div class="when">
      <time datetime=${hop.at}>${clock(hop.at)}</time>
      ${before ? html`<small>${since(before.at, hop.at)}</small>` : null}
    </div>
    <div class="what">
      <p class="lead">
        <b>${say(HOP_NAMES[hop.kind])}${notification > 1 ? html` <i>#${notification}</i>` : null}</b>
        <small>${t(lane)}${took(hop)}</small>
        ${hop.flaw ? html`<span class="chip warn">${say(hop.flaw)}</span>` : null}
      </p>
      ${hop.note ? html`<p class="note">${say(hop.note)}</p>` : null} ${answerTime(hop)}
      ${
        hop.raw.length === 0
          ? null
          : html`<details>
              <summary>${t('showRaw')}</summary>
              ${hop.raw.map(rawView)}
            </details>`
      }
    </div>
  </li>`;
}

function waitingEntry(notification: number): TemplateResult {
  return html`<li class="hop waiting">
    <div class="when"></div>
    <div class="what">
      <p class="lead">
        <b>${say(HOP_NAMES.notification)}${notification > 1 ? html` <i>#${notification}</i>` : null}</b>
        <small>${t('laneOut')}</small>
      </p>
      <p class="note">${t('waiting')}</p>
      <div class="bar"><div class="filled"></div></div>
    </div>
  </li>`;
}

function took({ milliseconds, limitMilliseconds }: Hop): string {
  return milliseconds === null || limitMilliseconds !== null
    ? ''
    : ` · ${milliseconds.toLocaleString('en')} ms`;
}

/** How much of its time an answer took, as a bar with its numbers. */
function answerTime({ milliseconds, limitMilliseconds: limit }: Hop): TemplateResult | null {
  if (milliseconds === null || limit === null) return null;
  // An answer that came at once still shows.
  const percent = Math.min(Math.max((milliseconds / limit) * 100, 3), 100);
  const late = milliseconds > limit * 0.75;
  return html`<p class="took">
    <svg class="bar ${late ? 'late' : ''}" viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">
      <rect width=${percent} height="1" />
    </svg>
    <span>${milliseconds.toLocaleString('en')} <i>/ ${limit.toLocaleString('en')} ms</i></span>
  </p>`;
}

function clock(at: string): string {
  const date = new Date(at);
  const two = (part: number) => String(part).padStart(2, '0');
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

function since(from: string, to: string): string {
  const ms = Date.parse(to) - Date.parse(from);
  if (ms < 1000) return `+${ms} ms`;
  return ms < 60_000 ? `+${(ms / 1000).toFixed(1)} s` : `+${Math.round(ms / 60_000)} min`;
}
