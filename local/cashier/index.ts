import type { KeyObject } from 'node:crypto';
import { makeApps, publicApp } from './app.ts';
import type { Cashier, CashierOptions } from './cashier.ts';
import { CashierError } from './error.ts';
import { changeFaults, type Faults, NO_FAULTS } from './faults.ts';
import { QUERY_PATH } from './http/query.ts';
import { listen } from './http/server.ts';
import { Courier } from './merchant/courier.ts';
import type { Deliver } from './merchant/delivery.ts';
import { type Address, type AskedBy, Merchant, type MerchantService } from './merchant/merchant.ts';
import { orderActions, refundActions, timelines } from './orders/actions.ts';
import type { Order } from './orders/order.ts';
import { type Connection, OrderBook } from './orders/order-book.ts';
import { Refunds } from './refund/refunds.ts';

export type { App, OtherApp } from './app.ts';
export type { Cashier, CashierOptions } from './cashier.ts';
export { CashierError } from './error.ts';
export type { Faults } from './faults.ts';
export type { DeliveryResult } from './merchant/courier.ts';
export type { Deliver } from './merchant/delivery.ts';
export type { AskedBy, MerchantService } from './merchant/merchant.ts';
export type { PayType } from './orders/channels.ts';
export type { NewOrder, Order, RefundState } from './orders/order.ts';
export type { CashierEvent, Connection, Hop, NewHop, Raw } from './orders/order-book.ts';
export type { Refund } from './refund/refund.ts';
export type { RefundResult } from './refund/refunds.ts';
export type { Text } from './text.ts';

/** Baidu's published limits. */
const DEFAULTS = {
  repeatIntervalMs: 120_000,
  repeatCount: 200,
  answerLimitMs: 2000,
  slowMs: 3000,
  refusal: 'repeat' as const,
};

/** Starts a stand-in for Baidu's cashier on 127.0.0.1; throws `INVALID` for a key, URL or port that is none. */
export async function startCashier(options: CashierOptions = {}): Promise<Cashier> {
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const settings: typeof DEFAULTS & CashierOptions = {
    ...DEFAULTS,
    ...given,
  };
  const {
    slowMs,
    answerLimitMs,
    language = 'en',
    port = 0,
    strictPort = false,
    now = () => new Date(),
  } = settings;
  const apps = await makeApps(settings, settings.otherApps ?? [], now);
  const appOf = ({ appId }: Pick<Order, 'appId'>) => apps.find((app) => app.appId === appId) ?? apps[0];
  const merchant = new Merchant();
  const book = new OrderBook(now);
  const switches = faultSwitches(book);
  const { faults } = switches;
  const common = { ...settings, appOf, now, faults };
  const refunds = new Refunds(
    { ...common, deliver: (address: Address) => merchant.deliverTo(address) },
    book,
  );
  const courier = new Courier(
    {
      ...common,
      deliver: () => merchant.deliverTo('payment'),
      giveBack: (orderId: string) => void refunds.giveBack(orderId),
    },
    book,
  );

  const own = { ...publicApp(apps[0]), apps: apps.map(publicApp) };
  const urls = { queryUrl: '', openapiUrl: '' };
  const connection = () => ({ ...own, ...urls, answerLimitMs, ...merchant.describe() });
  const desk = {
    ...own,
    ...switches,
    ...orderActions(book, courier, { faults, now, appIds: apps.map(({ appId }) => appId) }),
    ...refundActions(refunds),
    ...timelines(book),
    ...merchantActions(merchant, book, connection),
  };
  if (settings.merchantPublicKey) desk.setMerchantPublicKey(settings.merchantPublicKey);
  if (settings.notifyUrl) desk.setNotifyUrl(settings.notifyUrl);
  desk.setRefundNotifyUrl(settings.refundNotifyUrl ?? '');
  desk.setRefundAuditUrl(settings.refundAuditUrl ?? '');
  if (settings.deliver) desk.setDeliver(settings.deliver);

  const shown = (order: Order | undefined) =>
    order && faults().refundHidden ? { ...order, refund: 'NONE' as const, refunds: [] } : order;
  const rules = (params: Readonly<Record<string, string>>) => {
    const app = apps.find(({ appId }) => appId === params['appId']) ?? apps[0];
    const find = (orderId: string) => shown(ofApp(app.appId, book.find(orderId)));
    return { ...app, find, merchantPublicKey: app.merchantPublicKey ?? merchant.publicKey };
  };
  const openapiRules = (params: Readonly<Record<string, string>>) => {
    const named = ({ appKey, smartAppKey }: (typeof apps)[number]) =>
      params['pmAppKey'] === appKey || params['client_id'] === smartAppKey;
    const app = apps.find(named) ?? apps[0];
    const findByTpOrderId = (tpOrderId: string) => shown(book.findByTpOrderId(tpOrderId, app.appId));
    return { ...app, findByTpOrderId, ...faults() };
  };
  const context = { faults, record: desk.record, slowMs, now };
  const server = await listen({
    ...{ desk, port, strictPort, language },
    query: { ...context, rules },
    openapi: { ...context, rules: openapiRules },
  });
  urls.queryUrl = server.url + QUERY_PATH;
  urls.openapiUrl = server.url;
  const close = async () => {
    await Promise.all([courier.close(), refunds.close()]);
    await server.close();
  };
  return { ...desk, url: server.url, port: server.port, ...urls, close };
}

/** An order, where it is this app's. */
function ofApp(appId: string, order: Order | undefined): Order | undefined {
  return order?.appId === appId ? order : undefined;
}

function faultSwitches(book: OrderBook) {
  let faults = NO_FAULTS;
  return {
    faults: () => faults,
    setFaults: (change: Partial<Faults>) => {
      faults = changeFaults(faults, change);
      book.announce({ type: 'faults', faults });
      return faults;
    },
  };
}

function merchantActions(merchant: Merchant, book: OrderBook, connection: () => Connection) {
  const announce = () => book.announce({ type: 'connection', connection: connection() });
  const ask = async (orderId: string, what: (service: MerchantService, order: Order) => Promise<unknown>) => {
    const order = book.get(orderId);
    if (!merchant.service) {
      throw new CashierError('CONFLICT', {
        en: 'the cashier knows no service to ask',
        zh: '收银台没有接入可供查询的服务',
      });
    }
    await what(merchant.service, order);
    return book.get(orderId);
  };
  const setUrl = (address: Address) => (url: string) => {
    merchant.setUrl(address, url);
    announce();
  };
  return {
    connection,
    lookUp: (orderId: string) => ask(orderId, (service, order) => service.lookUp(order)),
    askStatus: (orderId: string, by: AskedBy = 'orderId') =>
      ask(orderId, (service, order) => service.askStatus(order, by)),
    setMerchantPublicKey: (key: string | KeyObject) => {
      merchant.setPublicKey(key);
      announce();
    },
    setNotifyUrl: setUrl('payment'),
    setRefundNotifyUrl: setUrl('refund'),
    setRefundAuditUrl: setUrl('audit'),
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
