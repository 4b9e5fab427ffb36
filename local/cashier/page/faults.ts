import { html, type TemplateResult } from 'lit-html';
import { type Faults, NO_FAULTS, QUERY_FAULTS } from '../faults.ts';
import { send, state } from './store.ts';
import { type TextName, t } from './texts.ts';

type Switch = Exclude<keyof Faults, 'query'>;

const HINTS: Record<Switch, TextName> = {
  signatureForged: 'signatureForgedHint',
  fieldAltered: 'fieldAlteredHint',
  notificationRepeated: 'notificationRepeatedHint',
  cancelAnnounced: 'cancelAnnouncedHint',
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

/** The switches for what goes wrong. */
export function faultsCard(): TemplateResult | null {
  const { faults } = state;
  if (!faults) return null;
  const on = Object.values(faults).filter(
    (value) => value === true || (value !== false && value !== 'none'),
  ).length;
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
      <h3>${t('toQuery')}</h3>
      <fieldset class="choice even">
        <legend class="hidden">${t('toQuery')}</legend>
        ${QUERY_FAULTS.map(
          (query) => html`<label
            ><input
              type="radio"
              name="query"
              value=${query}
              .checked=${faults.query === query}
              @change=${() => send('faults', { query })}
            /><span>${t(QUERY_NAMES[query])}</span></label
          >`,
        )}
      </fieldset>
      ${(['unknownStatus', 'queryGone', 'tokenExpired'] as const).map((name) => toggle(faults, name))}
      ${
        on === 0
          ? null
          : html`<button class="wide" @click=${() => send('faults', NO_FAULTS)}>${t('clearFaults')}</button>`
      }
    </details>
  </section>`;
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
