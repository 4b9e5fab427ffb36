import type { KeyObject } from 'node:crypto';
import { type AttemptLimits, acceptedBody, createAsk, deadlineOf } from './http/attempts.ts';
import { createTransport, type HttpAnswer, type Transport } from './http/https.ts';
import type { OrderRef } from './order.ts';
import { type OrderStatus, readOrderStatus } from './order-status.ts';
import { signParams } from './sign.ts';

/** A payment app of a merchant, as Baidu's console names it, with the key that signs for it. */
export interface App {
  readonly appId: string;
  readonly appKey: string;
  readonly privateKey: KeyObject;
}

/** What a client of Baidu is made of. */
export interface BaiduClientOptions extends AttemptLimits {
  /** Where Baidu answers payment status queries. */
  queryUrl: URL;
  transport?: Transport;
}

/** Asks Baidu for the status of an order, within `budgetMs` milliseconds. */
export type QueryOrder = (app: App, order: OrderRef, budgetMs?: number) => Promise<OrderStatus>;

/**
 * A client of Baidu's payment status query. What may pass is tried again, each attempt under its own time limit
 * and all of them under one.
 *
 * @returns a function that throws `BaiduError` for an errno other than 0, and `ServiceError` with
 *   `BAIDU_BAD_RESPONSE`, `BAIDU_UNREACHABLE` or `BAIDU_TIMEOUT`
 * @see Baidu's cashier documentation, 支付状态查询
 */
export function createBaiduClient(options: BaiduClientOptions): QueryOrder {
  const { queryUrl, transport, ...limits } = options;
  const ask = createAsk(transport ?? createTransport(queryUrl), limits);

  return async (app, order, budgetMs) => {
    const deadline = deadlineOf(budgetMs);
    const { url, signatures } = signedUrl(queryUrl, app, order);
    const confidential = [...signatures, app.appKey, order.siteId];
    const read = (answer: HttpAnswer) =>
      readOrderStatus(acceptedBody(answer), { ...order, appId: app.appId }, confidential);
    return ask({ about: { appId: app.appId, orderId: order.orderId }, url, read }, deadline);
  };
}

/** The query's URL, and its signature as it is and as it stands in the URL. */
function signedUrl(base: URL, { appId, appKey, privateKey }: App, { orderId, siteId }: OrderRef) {
  const sign = signParams({ appId, appKey, orderId, siteId }, privateKey);
  const wireSign = encodeURIComponent(sign);
  const query = `appId=${appId}&appKey=${encodeURIComponent(appKey)}&orderId=${orderId}&siteId=${siteId}&sign=${wireSign}`;
  return { url: new URL(`${base.href}?${query}`), signatures: [sign, wireSign] };
}
