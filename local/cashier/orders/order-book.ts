import type { App } from '../app.ts';
import { CashierError } from '../error.ts';
import type { Faults } from '../faults.ts';
import { withoutPrivateKeys } from '../signature/private-keys.ts';
import type { Text } from '../text.ts';
import type { Order } from './order.ts';

/** What a hop is about. The first five happen at the cashier, the others are seen on their way. */
export type HopKind =
  | 'created'
  | 'paid'
  | 'cancelled'
  | 'refund'
  | 'verified'
  | 'notification'
  | 'refundAudit'
  | 'refundNotification'
  | 'queued'
  | 'query'
  | 'token'
  | 'confirmed'
  | 'published'
  | 'lookup'
  | 'asked'
  | 'deadLetter'
  | 'other';

/** A piece of raw content: `name` says what it is (`form`, `signedText`, `answer`, …), `text` is shown as it is. */
export interface Raw {
  readonly name: string;
  readonly text: string;
}

/** A step of an order as somebody reports it. */
export interface NewHop {
  readonly kind: HopKind;
  /** Whether it went well (`good`), went wrong (`bad`), or neither. */
  readonly tone?: 'good' | 'bad' | 'neutral' | undefined;
  /** What came of it, in a sentence. */
  readonly note?: Text | string | undefined;
  /** What was done wrong on purpose, by a switch. */
  readonly flaw?: Text | undefined;
  readonly raw?: readonly Raw[] | undefined;
  /** How long it took, and how long it was allowed to. */
  readonly milliseconds?: number | undefined;
  readonly limitMilliseconds?: number | undefined;
}

/** A step of an order on its time line; `at` (ISO 8601) is when it began. */
export interface Hop {
  readonly id: number;
  readonly at: string;
  readonly kind: HopKind;
  readonly tone: 'good' | 'bad' | 'neutral';
  readonly note: Text | null;
  readonly flaw: Text | null;
  readonly raw: readonly Raw[];
  readonly milliseconds: number | null;
  readonly limitMilliseconds: number | null;
}

/** How the merchant is connected: what the page shows and lets people change. */
export interface Connection {
  readonly appId: string;
  readonly appKey: string;
  readonly dealId: string;
  readonly queryUrl: string;
  /** Where the second generation answers, and the pair that it takes. */
  readonly openapiUrl: string;
  readonly smartAppKey: string;
  readonly smartAppSecret: string;
  /** Bare base64 SPKI. */
  readonly platformPublicKey: string;
  /** Every app; the first one's members stand above, too. */
  readonly apps: readonly App[];
  /** Bare base64 SPKI; `null` until it is given. */
  readonly merchantPublicKey: string | null;
  /** `null` while nobody takes notifications; empty when a handler in this process does. */
  readonly notifyUrl: string | null;
  /** Where refunds are told, and where Baidu asks whether to refund; `null` for nowhere. */
  readonly refundNotifyUrl: string | null;
  readonly refundAuditUrl: string | null;
  /** Whether the merchant's service can be asked from the page: for a look-up, and for an order's status. */
  readonly service: boolean;
  readonly answerLimitMs: number;
}

/** What a subscriber hears; a hop without an order (`orderId` null) is a request that matches none. */
export type CashierEvent =
  | { readonly type: 'order'; readonly order: Order }
  | { readonly type: 'hop'; readonly orderId: string | null; readonly hop: Hop }
  | { readonly type: 'faults'; readonly faults: Faults }
  | { readonly type: 'connection'; readonly connection: Connection };

const HOPS_KEPT = 1000;

/** Keeps the orders with their time lines in memory and tells subscribers of each change. */
export class OrderBook {
  readonly #orders = new Map<string, Order>();
  readonly #hops = new Map<string | null, Hop[]>([[null, []]]);
  readonly #listeners = new Set<(event: CashierEvent) => void>();
  readonly #now: () => Date;
  #lastHop = 0;

  /** @param now the clock */
  constructor(now: () => Date) {
    this.#now = now;
  }

  /** Adds an order; throws `CONFLICT` when its id is taken. */
  add(order: Order): Order {
    if (this.#orders.has(order.orderId)) {
      throw new CashierError('CONFLICT', {
        en: `order ${order.orderId} is there already`,
        zh: `订单 ${order.orderId} 已存在`,
      });
    }
    this.#hops.set(order.orderId, []);
    return this.#put(order);
  }

  /** Returns an order, or `undefined`. */
  find(orderId: string): Order | undefined {
    return this.#orders.get(orderId);
  }

  /** Returns the order of an app with a merchant's id: of several the one that is paid, else the newest. */
  findByTpOrderId(tpOrderId: string, appId: string): Order | undefined {
    const known = this.all().filter((order) => order.appId === appId && order.tpOrderId === tpOrderId);
    return known.findLast(({ payment }) => payment === 'PAID') ?? known.at(-1);
  }

  /** Returns an order; throws `NOT_FOUND`. */
  get(orderId: string): Order {
    const order = this.#orders.get(orderId);
    if (order) return order;
    throw new CashierError('NOT_FOUND', { en: `there is no order ${orderId}`, zh: `订单 ${orderId} 不存在` });
  }

  /** Returns every order, the oldest first. */
  all(): Order[] {
    return [...this.#orders.values()];
  }

  /** Changes an order and returns it. */
  change(orderId: string, change: Partial<Order>): Order {
    return this.#put({ ...this.get(orderId), ...change });
  }

  /** Returns the time line of an order; with `null`, the requests that match none. */
  hops(orderId: string | null): readonly Hop[] {
    return this.#hops.get(orderId) ?? [];
  }

  /** Adds a hop to a time line, without the private keys that arrived; an order that is not known counts as none. */
  record(orderId: string | null, hop: NewHop): Hop {
    const owner = orderId !== null && this.#orders.has(orderId) ? orderId : null;
    this.#lastHop += 1;
    const began = this.#now().getTime() - (hop.milliseconds ?? 0);
    const complete: Hop = {
      id: this.#lastHop,
      at: new Date(began).toISOString(),
      kind: hop.kind,
      tone: hop.tone ?? 'neutral',
      note: shown(hop.note),
      flaw: hop.flaw ?? null,
      raw: (hop.raw ?? []).map(({ name, text }) => ({ name, text: withoutPrivateKeys(text) })),
      milliseconds: hop.milliseconds ?? null,
      limitMilliseconds: hop.limitMilliseconds ?? null,
    };
    const hops = this.#hops.get(owner) ?? [];
    hops.push(complete);
    // A merchant that never answers gets 200 repetitions; memory must not grow with it for ever.
    if (hops.length > HOPS_KEPT) hops.shift();
    this.announce({ type: 'hop', orderId: owner, hop: complete });
    return complete;
  }

  /** Calls a listener for each event until the returned function is called. */
  subscribe(listener: (event: CashierEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Tells every subscriber. */
  announce(event: CashierEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  #put(order: Order): Order {
    this.#orders.set(order.orderId, order);
    this.announce({ type: 'order', order });
    return order;
  }
}

function shown(note: Text | string | undefined): Text | null {
  if (note === undefined) return null;
  const { en, zh } = typeof note === 'string' ? { en: note, zh: note } : note;
  return { en: withoutPrivateKeys(en), zh: withoutPrivateKeys(zh) };
}
