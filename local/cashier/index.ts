import type { KeyObject } from 'node:crypto';
import { Courier, type DeliveryResult } from './courier.ts';
import { type Deliver, deliverTo } from './delivery.ts';
import { CashierError } from './error.ts';
import { changeFaults, type Faults, NO_FAULTS } from './faults.ts';
import { generatePlatformKey, publicKeyText, readPrivateKey, readPublicKey } from './keys.ts';
import { type CashierEvent, type Hop, Ledger, type NewHop } from './ledger.ts';
import { makeOrder, type NewOrder, type Order, PAY_TYPES, type PayType, type RefundState } from './order.ts';
import { QUERY_PATH } from './query.ts';
import { listen } from './server.ts';

export type { DeliveryResult } from './courier.ts';
export type { Deliver } from './delivery.ts';
export { CashierError } from './error.ts';
export type { Faults } from './faults.ts';
export type { CashierEvent, Hop, NewHop, Raw, Text } from './ledger.ts';
export type { NewOrder, Order, PayType, RefundState } from './order.ts';

/** How a cashier is started; everything has a default. */
export interface CashierOptions {
  /** The port on 127.0.0.1; 0 for a free one (the default). One that is taken gives way to a free one. */
  port?: number | undefined;
  appId?: string | undefined;
  appKey?: string | undefined;
  dealId?: string | undefined;
  /** RSA, PEM or key object: signs notifications. A new one is made by default. */
  platformPrivateKey?: string | KeyObject | undefined;
  /** RSA, PEM or bare base64 SPKI: verifies queries. Without it every query is refused. */
  merchantPublicKey?: string | KeyObject | undefined;
  /** Where notifications are posted. */
  notifyUrl?: string | undefined;
  /** Takes notifications instead of a URL, for a handler in this process. */
  deliver?: Deliver | undefined;
  /** Milliseconds between repetitions: 2 minutes by default, as at Baidu. */
  repeatIntervalMs?: number | undefined;
  /** How many repetitions there are at most: 200 by default, as at Baidu. */
  repeatCount?: number | undefined;
  /** Milliseconds in which the merchant must answer: 2,000 by default, as at Baidu. */
  answerLimitMs?: number | undefined;
  /** How late an answer is while Baidu is slow: 3,000 ms by default. */
  slowMs?: number | undefined;
  /** What an answer with `errno` other than 0 leads to. Baidu's pages say both; `repeat` by default. */
  refusal?: 'repeat' | 'refunded' | undefined;
  now?: (() => Date) | undefined;
}

/** A running cashier. */
export interface Cashier {
  /** Where the page and the control routes are, without a trailing slash. */
  readonly url: string;
  readonly port: number;
  /** The stand-in for Baidu's query URL. */
  readonly queryUrl: string;
  readonly appId: string;
  readonly appKey: string;
  readonly dealId: string;
  /** Bare base64 SPKI, as Baidu's console shows it. */
  readonly platformPublicKey: string;
  setMerchantPublicKey(key: string | KeyObject): void;
  setNotifyUrl(url: string): void;
  setDeliver(deliver: Deliver): void;
  createOrder(order: NewOrder): Order;
  /** Pays an order and sends the notification; resolves with what came back. */
  pay(orderId: string, options?: { payType?: PayType }): Promise<DeliveryResult>;
  /** Sends the notification of a paid order once more. */
  notifyAgain(orderId: string): Promise<DeliveryResult>;
  cancel(orderId: string): Promise<Order>;
  refund(orderId: string, state: RefundState): Order;
  /** Marks an order as verified (核销). */
  verify(orderId: string): Order;
  order(orderId: string): Order;
  orders(): readonly Order[];
  /** The time line of an order; `null` for the requests that match none. */
  timeline(orderId: string | null): readonly Hop[];
  /** Adds a step that was seen elsewhere (a queue message, a publication) to an order's time line. */
  record(orderId: string | null, hop: NewHop): Hop;
  faults(): Faults;
  setFaults(change: Partial<Faults>): Faults;
  /** Calls the listener for each event until the returned function is called. */
  subscribe(listener: (event: CashierEvent) => void): () => void;
  /** Ends repetitions, connections and the server; resolves when nothing is left. */
  close(): Promise<void>;
}

/** Baidu's published limits and the sample app of its pages. */
const DEFAULTS = {
  appId: '10026',
  appKey: 'MMM4oc',
  dealId: '470193086',
  repeatIntervalMs: 120_000,
  repeatCount: 200,
  answerLimitMs: 2000,
  slowMs: 3000,
  refusal: 'repeat' as const,
};

/** Starts a stand-in for Baidu's cashier on 127.0.0.1; throws `INVALID` for a key or URL that is none. */
export async function startCashier(options: CashierOptions = {}): Promise<Cashier> {
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const settings: typeof DEFAULTS & CashierOptions = { ...DEFAULTS, ...given };
  const { appId, appKey, dealId, now = () => new Date() } = settings;
  const privateKey = readPrivateKey(settings.platformPrivateKey ?? (await generatePlatformKey()));
  const ledger = new Ledger(now);
  let faults = NO_FAULTS;
  let merchantPublicKey = settings.merchantPublicKey ? readPublicKey(settings.merchantPublicKey) : null;
  const courier = new Courier({ ...settings, privateKey, now, faults: () => faults }, ledger);
  if (settings.notifyUrl) courier.deliver = deliverTo(settings.notifyUrl);
  if (settings.deliver) courier.deliver = settings.deliver;

  const desk = {
    ...{ appId, appKey, dealId, platformPublicKey: publicKeyText(privateKey) },
    ...actions(ledger, courier, { faults: () => faults, now }),
    setMerchantPublicKey: (key: string | KeyObject) => {
      merchantPublicKey = readPublicKey(key);
    },
    setNotifyUrl: (url: string) => {
      courier.deliver = deliverTo(url);
    },
    setDeliver: (deliver: Deliver) => {
      courier.deliver = deliver;
    },
    faults: () => faults,
    setFaults: (change: Partial<Faults>) => {
      faults = changeFaults(faults, change);
      ledger.announce({ type: 'faults', faults });
      return faults;
    },
  };
  const rules = {
    ...{ appId, appKey, find: (orderId: string) => ledger.find(orderId) },
    get merchantPublicKey() {
      return merchantPublicKey;
    },
  };
  const server = await listen({ desk, rules, port: settings.port ?? 0, slowMs: settings.slowMs, now });
  return {
    ...desk,
    ...{ url: server.url, port: server.port, queryUrl: server.url + QUERY_PATH },
    close: async () => {
      await courier.close();
      await server.close();
    },
  };
}

function actions(ledger: Ledger, courier: Courier, state: { faults: () => Faults; now: () => Date }) {
  const paid = (orderId: string): Order => {
    const order = ledger.get(orderId);
    if (order.payment === 'PAID') return order;
    throw new CashierError('CONFLICT', `order ${orderId} is not paid`);
  };
  const unpaid = (orderId: string): void => {
    const { payment } = ledger.get(orderId);
    if (payment === 'UNPAID') return;
    throw new CashierError('CONFLICT', `order ${orderId} is ${payment.toLowerCase()} already`);
  };
  return {
    createOrder: (given: NewOrder) => {
      const order = ledger.add(makeOrder(given, state.now()));
      ledger.record(order.orderId, { kind: 'created' });
      return order;
    },
    pay: async (orderId: string, { payType = '1117' }: { payType?: PayType } = {}) => {
      if (!PAY_TYPES.includes(payType)) throw new CashierError('INVALID', `no such channel: ${payType}`);
      unpaid(orderId);
      const payTime = Math.floor(state.now().getTime() / 1000);
      ledger.change(orderId, { payment: 'PAID', payType, payTime, settlement: 'PENDING' });
      ledger.record(orderId, { kind: 'paid', tone: 'good' });
      return courier.notify(orderId, 2);
    },
    notifyAgain: async (orderId: string) => courier.notify(paid(orderId).orderId, 2),
    cancel: async (orderId: string) => {
      unpaid(orderId);
      ledger.change(orderId, { payment: 'CANCELLED' });
      ledger.record(orderId, { kind: 'cancelled' });
      if (state.faults().cancelAnnounced) await courier.notify(orderId, -1);
      return ledger.get(orderId);
    },
    refund: (orderId: string, refund: RefundState) => {
      paid(orderId);
      const tones = { PROCESSING: 'neutral', REFUNDED: 'good', FAILED: 'bad' } as const;
      const notes = {
        PROCESSING: { en: 'In progress', zh: '退费中' },
        REFUNDED: { en: 'Refunded', zh: '退费成功' },
        FAILED: { en: 'Failed', zh: '退费失败' },
      };
      if (!Object.hasOwn(notes, refund)) throw new CashierError('INVALID', `no such refund state: ${refund}`);
      ledger.record(orderId, { kind: 'refund', tone: tones[refund], note: notes[refund] });
      return ledger.change(orderId, { refund });
    },
    verify: (orderId: string) => {
      if (paid(orderId).verification === 'VERIFIED') return ledger.get(orderId);
      ledger.record(orderId, { kind: 'verified', tone: 'good' });
      return ledger.change(orderId, { verification: 'VERIFIED' });
    },
    order: (orderId: string) => ledger.get(orderId),
    orders: () => ledger.all(),
    timeline: (orderId: string | null) => ledger.hops(orderId),
    record: (orderId: string | null, hop: NewHop) => ledger.record(orderId, hop),
    subscribe: (listener: (event: CashierEvent) => void) => ledger.subscribe(listener),
  };
}
