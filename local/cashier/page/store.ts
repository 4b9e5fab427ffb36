import type { Faults } from '../faults.ts';
import type { Snapshot } from '../http/control.ts';
import type { Order } from '../orders/order.ts';
import type { CashierEvent, Connection, Hop } from '../orders/order-book.ts';
import type { Text } from '../text.ts';

/** The languages of the page. */
export type Language = 'en' | 'zh';

/** Everything that is on the page. */
export interface State {
  language: Language;
  /** Whether events arrive. */
  line: 'connecting' | 'open' | 'lost';
  connection: Connection | null;
  faults: Faults | null;
  readonly orders: Map<string, Order>;
  /** Hops by order id; those that match no order under `''`. */
  readonly hops: Map<string, Hop[]>;
  /** The order that is open, `''` for requests that match none, `null` for no choice. */
  chosen: string | null;
  /** What is under way, as `order id/action`. */
  readonly busy: Set<string>;
  /** The last refusal, until it is dismissed. */
  problem: Text | null;
}

/** The state of the page; change it through the functions of this file. */
export const state: State = {
  language: savedLanguage(),
  line: 'connecting',
  connection: null,
  faults: null,
  orders: new Map(),
  hops: new Map(),
  chosen: chosenInAddress(),
  busy: new Set(),
  problem: null,
};

let draw: () => void = () => {};
let planned = false;
let focusNext: string | null = null;

/** Says how the page is drawn, then keeps it up to date. */
export function start(render: () => void): void {
  draw = render;
  addEventListener('hashchange', () => {
    state.chosen = chosenInAddress();
    changed();
  });
  const events = new EventSource('/api/events');
  events.onmessage = ({ data }) => {
    receive(JSON.parse(data));
    changed();
  };
  events.onerror = () => {
    state.line = 'lost';
    changed();
  };
  changed();
}

/** Draws once after everything that changes now. */
export function changed(): void {
  if (planned) return;
  planned = true;
  queueMicrotask(() => {
    planned = false;
    draw();
    const target = focusNext === null ? null : document.getElementById(focusNext);
    if (target === null) return;
    target.focus();
    focusNext = null;
  });
}

/** Moves the focus to an element once it is drawn, when what had it goes away. */
export function focusOn(id: string): void {
  focusNext = id;
  changed();
}

/** Switches the language and remembers it. */
export function speak(language: Language): void {
  state.language = language;
  try {
    localStorage.setItem('language', language);
  } catch {
    // Storage may be switched off: the choice then lasts as long as the page.
  }
  changed();
}

/** Takes the last refusal off the page. */
export function dismiss(): void {
  state.problem = null;
  changed();
}

/** Sends something to the cashier; a refusal is shown on the page and returned as `null`. */
export async function send(path: string, body: object = {}): Promise<unknown> {
  state.busy.add(path);
  state.problem = null;
  changed();
  try {
    const response = await fetch(`/api/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const result = await response.json();
    if (response.ok) return result;
    state.problem = result.why;
  } catch {
    state.line = 'lost';
  } finally {
    state.busy.delete(path);
    changed();
  }
  return null;
}

/** Opens an order, the requests that match none (`''`), or nothing. */
export function choose(orderId: string | null): void {
  location.hash = address(orderId);
}

/** Where an order is found on this page. */
export function address(orderId: string | null): string {
  return orderId === null ? '#/' : orderId === '' ? '#/strays' : `#/orders/${orderId}`;
}

function chosenInAddress(): string | null {
  if (location.hash === '#/strays') return '';
  return /^#\/orders\/([0-9]+)$/.exec(location.hash)?.[1] ?? null;
}

function savedLanguage(): Language {
  try {
    const saved = localStorage.getItem('language');
    if (saved === 'en' || saved === 'zh') return saved;
  } catch {
    // As above.
  }
  return navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en';
}

function receive(event: CashierEvent | ({ type: 'snapshot' } & Snapshot)): void {
  if (event.type === 'order') state.orders.set(event.order.orderId, event.order);
  if (event.type === 'faults') state.faults = event.faults;
  if (event.type === 'connection') state.connection = event.connection;
  if (event.type === 'hop') {
    const owner = event.orderId ?? '';
    state.hops.set(owner, [...(state.hops.get(owner) ?? []), event.hop]);
  }
  if (event.type !== 'snapshot') return;
  state.line = 'open';
  state.connection = event.connection;
  state.faults = event.faults;
  state.orders.clear();
  state.hops.clear();
  for (const order of event.orders) state.orders.set(order.orderId, order);
  for (const [owner, hops] of Object.entries(event.hops)) state.hops.set(owner, [...hops]);
}
