import type { KeyObject } from 'node:crypto';
import type { Language } from '../command/language.ts';
import type { App, AppOptions, OtherApp } from './app.ts';
import type { Faults } from './faults.ts';
import type { DeliveryResult } from './merchant/courier.ts';
import type { Deliver } from './merchant/delivery.ts';
import type { AskedBy, MerchantService } from './merchant/merchant.ts';
import type { PayType } from './orders/channels.ts';
import type { NewOrder, Order, RefundState } from './orders/order.ts';
import type { CashierEvent, Connection, Hop, NewHop } from './orders/order-book.ts';
import type { NewRefund, RefundResult } from './refund/refunds.ts';

/** How a cashier is started; everything has a default. */
export interface CashierOptions extends AppOptions {
  /** The port on 127.0.0.1; 0 for a free one (the default). One that is taken gives way to a free one, unless `strictPort`. */
  port?: number | undefined;
  strictPort?: boolean | undefined;
  /** Further mini-programs of the merchant's. An order is of the first, unless it names its app. */
  otherApps?: readonly OtherApp[] | undefined;
  /** Where payment notifications are posted. */
  notifyUrl?: string | undefined;
  /** Where refunds are told. Without it nobody hears of one. */
  refundNotifyUrl?: string | undefined;
  /** Where the merchant is asked before a refund. Without it nobody is asked. */
  refundAuditUrl?: string | undefined;
  /** Takes payment notifications instead of a URL, for a handler in this process. */
  deliver?: Deliver | undefined;
  /**
   * Milliseconds between repetitions: 2 minutes by default, as at Baidu. A refund's messages are repeated after 1, 2, 5, 15
   * and 30 times as much, and an undecided merchant is asked again after 2.5 times.
   */
  repeatIntervalMs?: number | undefined;
  /** How many repetitions there are at most: 200 by default, as at Baidu. */
  repeatCount?: number | undefined;
  /** Milliseconds in which the merchant must answer: 2,000 by default, as at Baidu. */
  answerLimitMs?: number | undefined;
  /** How late an answer is while Baidu is slow: 3,000 ms by default. */
  slowMs?: number | undefined;
  /** What an answer with `errno` other than 0 leads to. Baidu's pages say both; `repeat` by default. */
  refusal?: 'repeat' | 'refunded' | undefined;
  /** Whether a notification's values are signed as they are, or URL-encoded. Baidu's pages say both; `raw` by default. */
  signValues?: 'raw' | 'encoded' | undefined;
  /** The language in which whoever asks for none is refused: English by default. */
  language?: Language | undefined;
  now?: (() => Date) | undefined;
}

/** A running cashier. */
export interface Cashier extends App {
  /** All apps; the first one's members are this object's, too. */
  readonly apps: readonly App[];
  /** Where the page and the control routes are, without a trailing slash. */
  readonly url: string;
  readonly port: number;
  /** The stand-in for Baidu's query URL. */
  readonly queryUrl: string;
  /** The stand-in for https://openapi.baidu.com: the second generation. */
  readonly openapiUrl: string;
  setMerchantPublicKey(key: string | KeyObject): void;
  setNotifyUrl(url: string): void;
  /** An empty URL takes the address away; so below. */
  setRefundNotifyUrl(url: string): void;
  setRefundAuditUrl(url: string): void;
  setDeliver(deliver: Deliver): void;
  /** Says how the merchant's service is asked; the page then has buttons for it. */
  setService(service: MerchantService): void;
  createOrder(order: NewOrder): Order;
  /** Pays an order and sends the notification; resolves with what came back. */
  pay(orderId: string, options?: { payType?: PayType }): Promise<DeliveryResult>;
  /** Sends the notification of a paid order once more. */
  notifyAgain(orderId: string): Promise<DeliveryResult>;
  cancel(orderId: string): Promise<Order>;
  /** Has the query say this of refunds, and tells nobody. */
  refund(orderId: string, state: RefundState): Order;
  /** Refunds a paid order, in part or whole: asks the merchant first, obeys, and tells what came of it. */
  startRefund(orderId: string, refund?: NewRefund): Promise<RefundResult>;
  /** Asks once more whether to refund; the last refund of the order by default. */
  auditRefund(orderId: string, refundBatchId?: string): Promise<RefundResult>;
  /** Tells of a refund once more; the last one of the order by default. */
  notifyRefund(orderId: string, refundBatchId?: string): Promise<RefundResult>;
  /** Marks an order as verified (核销). */
  verify(orderId: string): Order;
  /** Has an order looked up by the merchant's service; throws `CONFLICT` where there is none. */
  lookUp(orderId: string): Promise<Order>;
  /** Asks the merchant's service for an order's status, by Baidu's ids by default; throws `CONFLICT` where there is none. */
  askStatus(orderId: string, by?: AskedBy): Promise<Order>;
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
