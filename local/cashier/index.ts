import type { KeyObject } from 'node:crypto';
import { orderActions, timelines } from './actions.ts';
import type { PayType } from './channels.ts';
import { Courier, type DeliveryResult } from './courier.ts';
import type { Deliver } from './delivery.ts';
import { CashierError } from './error.ts';
import { changeFaults, type Faults, NO_FAULTS } from './faults.ts';
import { generatePlatformKey, publicKeyText, readPrivateKey } from './keys.ts';
import { type CashierEvent, type Connection, type Hop, Ledger, type NewHop } from './ledger.ts';
import { Merchant, type MerchantService } from './merchant.ts';
import type { NewOrder, Order, RefundState } from './order.ts';
import { QUERY_PATH } from './query.ts';
import { listen } from './server.ts';

export type { PayType } from './channels.ts';
export type { DeliveryResult } from './courier.ts';
export type { Deliver } from './delivery.ts';
export { CashierError } from './error.ts';
export type { Faults } from './faults.ts';
export type { CashierEvent, Connection, Hop, NewHop, Raw, Text } from './ledger.ts';
export type { MerchantService } from './merchant.ts';
export type { NewOrder, Order, RefundState } from './order.ts';

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
  /** Says how the merchant's service is asked; the page then has buttons for it. */
  setService(service: MerchantService): void;
  createOrder(order: NewOrder): Order;
  /** Pays an order and sends the notification; resolves with what came back. */
  pay(orderId: string, options?: { payType?: PayType }): Promise<DeliveryResult>;
  /** Sends the notification of a paid order once more. */
  notifyAgain(orderId: string): Promise<DeliveryResult>;
  cancel(orderId: string): Promise<Order>;
  refund(orderId: string, state: RefundState): Order;
  /** Marks an order as verified (核销). */
  verify(orderId: string): Order;
  /** Has an order looked up by the merchant's service; throws `CONFLICT` where there is none. */
  lookUp(orderId: string): Promise<Order>;
  /** Asks the merchant's service for an order's status; throws `CONFLICT` where there is none. */
  askStatus(orderId: string): Promise<Order>;
  order(orderId: string): Order;
  orders(): readonly Order[];
  /** The time line of an order; `null` for the requests that match none. */
  timeline(orderId: string | null): readonly Hop[];
  /** Adds a step that was seen elsewhere (a queue message, a publication) to an order's time line. */
  record(orderId: string | null, hop: NewHop): Hop;
  connection(): Connection;
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

/** Starts a stand-in for Baidu's cashier on 127.0.0.1; throws `INVALID` for a key, URL or port that is none. */
export async function startCashier(options: CashierOptions = {}): Promise<Cashier> {
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const settings: typeof DEFAULTS & CashierOptions = { ...DEFAULTS, ...given };
  const { appId, appKey, dealId, slowMs, answerLimitMs, port = 0, now = () => new Date() } = settings;
  const privateKey = readPrivateKey(settings.platformPrivateKey ?? (await generatePlatformKey()));
  const merchant = new Merchant();
  const ledger = new Ledger(now);
  const switches = faultSwitches(ledger);
  const { faults } = switches;
  const courier = new Courier(
    { ...settings, privateKey, now, faults, deliver: () => merchant.deliver },
    ledger,
  );

  const own = { appId, appKey, dealId, platformPublicKey: publicKeyText(privateKey) };
  let queryUrl = '';
  const connection = () => ({ ...own, queryUrl, answerLimitMs, ...merchant.describe() });
  const desk = {
    ...own,
    ...switches,
    ...orderActions(ledger, courier, { faults, now }),
    ...timelines(ledger),
    ...merchantActions(merchant, ledger, connection),
  };
  if (settings.merchantPublicKey) desk.setMerchantPublicKey(settings.merchantPublicKey);
  if (settings.notifyUrl) desk.setNotifyUrl(settings.notifyUrl);
  if (settings.deliver) desk.setDeliver(settings.deliver);

  const find = (orderId: string) => ledger.find(orderId);
  const rules = () => ({ appId, appKey, find, merchantPublicKey: merchant.publicKey });
  const server = await listen({ desk, port, query: { rules, faults, record: desk.record, slowMs, now } });
  queryUrl = server.url + QUERY_PATH;
  const close = async () => {
    await courier.close();
    await server.close();
  };
  return { ...desk, url: server.url, port: server.port, queryUrl, close };
}

function faultSwitches(ledger: Ledger) {
  let faults = NO_FAULTS;
  return {
    faults: () => faults,
    setFaults: (change: Partial<Faults>) => {
      faults = changeFaults(faults, change);
      ledger.announce({ type: 'faults', faults });
      return faults;
    },
  };
}

function merchantActions(merchant: Merchant, ledger: Ledger, connection: () => Connection) {
  const announce = () => ledger.announce({ type: 'connection', connection: connection() });
  const ask = async (orderId: string, what: keyof MerchantService) => {
    const order = ledger.get(orderId);
    if (!merchant.service) throw new CashierError('CONFLICT', 'the cashier knows no service to ask');
    await merchant.service[what](order);
    return ledger.get(orderId);
  };
  return {
    connection,
    lookUp: (orderId: string) => ask(orderId, 'lookUp'),
    askStatus: (orderId: string) => ask(orderId, 'askStatus'),
    setMerchantPublicKey: (key: string | KeyObject) => {
      merchant.setPublicKey(key);
      announce();
    },
    setNotifyUrl: (url: string) => {
      merchant.setNotifyUrl(url);
      announce();
    },
    setDeliver: (deliver: Deliver) => {
      merchant.setDeliver(deliver);
      announce();
    },
    setService: (service: MerchantService) => {
      merchant.setService(service);
      announce();
    },
  };
}
