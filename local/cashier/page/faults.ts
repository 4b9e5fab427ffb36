import { html, type TemplateResult } from 'lit-html';
import { type Faults, NO_FAULTS, PRESENCES, type Presence, QUERY_FAULTS } from '../faults.ts';
import { send, state } from './store.ts';
import { type TextName, t } from './texts.ts';

type Choice = 'query' | 'refundUserId' | 'refundTpOrderId';
type Switch = Exclude<keyof Faults, Choice>;

const HINTS: Record<Switch, TextName> = {
  signatureForged: 'signatureForgedHint',
  fieldAltered: 'fieldAlteredHint',
  notificationRepeated: 'notificationRepeatedHint',
  cancelAnnounced: 'cancelAnnouncedHint',
  refundFails: 'refundFailsHint',
  auditWithoutMoney: 'auditWithoutMoneyHint',
  refundHidden: 'refundHiddenHint',
  unknownStatus: 'unknownStatusHint',
  queryGone: 'queryGoneHint',
  tokenExpired: 'tokenExpiredHint',
};

const QUERY_NAMES: Record<Faults['query'], TextName> = {
  none: 'queryNone',
  slow: 'querySlow',
  down: 'queryDown',
  qps: 'queryQps',
};

const PRESENCE_NAMES: Record<Presence, TextName> = {
  present: 'presencePresent',
  empty: 'presenceEmpty',
  absent: 'presenceAbsent',
};

/** The switches for what goes wrong. */
export function faultsCard(): TemplateResult | null {
  const { faults } = state;
  if (!faults) return null;
  const normal = Object.entries(NO_FAULTS);
  const on = normal.filter(([name, value]) => faults[name as keyof Faults] !== value).length;
  return html`<section class="card faults" aria-labelledby="faults">
    <details ?open=${matchMedia('(min-width: 860px)').matches}>
      <summary>
        <h2 id="faults">${t('faults')}</h2>
        ${
          on === 0
            ? html`<small>${t('faultsNone')}</small>`
            : html`<span class="chip warn">${on} ${t('faultsOn')}</span>`
        }
      </summary>
      <h3>${t('toNotification')}</h3>
      ${(['signatureForged', 'fieldAltered', 'notificationRepeated', 'cancelAnnounced'] as const).map(
        (name) => toggle(faults, name),
      )}
      <h3>${t('toRefund')}</h3>
      ${(['refundUserId', 'refundTpOrderId'] as const).map((name) =>
        choice(faults, name, { legend: t(name), values: PRESENCES, names: PRESENCE_NAMES }),
      )}
      ${(['refundFails', 'auditWithoutMoney', 'refundHidden'] as const).map((name) => toggle(faults, name))}
      <h3>${t('toQuery')}</h3>
      ${choice(faults, 'query', { legend: t('toQuery'), values: QUERY_FAULTS, names: QUERY_NAMES })}
      ${(['unknownStatus', 'queryGone', 'tokenExpired'] as const).map((name) => toggle(faults, name))}
      ${
        on === 0
          ? null
          : html`<button class="wide" @click=${() => send('faults', NO_FAULTS)}>${t('clearFaults')}</button>`
      }
    </details>
  </section>`;
}

function choice<T extends string>(
  faults: Faults,
  name: Choice,
  { legend, values, names }: { legend: string; values: readonly T[]; names: Record<T, TextName> },
): TemplateResult {
  return html`<fieldset class="choice even">
    <legend class=${name === 'query' ? 'hidden' : ''}>${legend}</legend>
    ${values.map(
      (value) => html`<label
        ><input
          type="radio"
          name=${name}
          value=${value}
          .checked=${faults[name] === value}
          @change=${() => send('faults', { [name]: value })}
        /><span>${t(names[value])}</span></label
      >`,
    )}
  </fieldset>`;
}

function toggle(faults: Faults, name: Switch): TemplateResult {
  return html`<label class="switch">
    <span><b>${t(name)}</b><small>${t(HINTS[name])}</small></span>
    <input
      type="checkbox"
      role="switch"
      name=${name}
      .checked=${faults[name]}
      @change=${() => send('faults', { [name]: !faults[name] })}
    />
  </label>`;
}
