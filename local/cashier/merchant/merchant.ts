import type { KeyObject } from 'node:crypto';
import type { Order } from '../orders/order.ts';
import type { Connection } from '../orders/order-book.ts';
import { publicKeyText, readPublicKey } from '../signature/keys.ts';
import { type Deliver, deliverTo } from './delivery.ts';

/** By which id an order is asked for. */
export const ASKED_BY = ['orderId', 'tpOrderId'] as const;

/** One of `ASKED_BY`. */
export type AskedBy = (typeof ASKED_BY)[number];

/** What the page can ask of the merchant's service; what comes of it is for the service to record. */
export interface MerchantService {
  /** Has the order looked up at Baidu and its state published. */
  lookUp(order: Order): Promise<unknown>;
  /** Asks for the order's status, as the mini-program does: by Baidu's ids, or by the merchant's own. */
  askStatus(order: Order, by: AskedBy): Promise<unknown>;
}

/** What Baidu calls a merchant for, each at a URL of its own. */
export type Address = 'payment' | 'refund' | 'audit';

/** What the cashier knows of the merchant; it may be given at any time. */
export class Merchant {
  #publicKey: KeyObject | null = null;
  readonly #urls: Record<Address, string | null> = { payment: null, refund: null, audit: null };
  readonly #delivers: Record<Address, Deliver | null> = { payment: null, refund: null, audit: null };
  #service: MerchantService | null = null;

  /** Verifies queries; `null` until it is given. */
  get publicKey(): KeyObject | null {
    return this.#publicKey;
  }

  /** Takes what Baidu calls for; `null` until it is given. */
  deliverTo(address: Address): Deliver | null {
    return this.#delivers[address];
  }

  /** Can be asked from the page; `null` where there is none. */
  get service(): MerchantService | null {
    return this.#service;
  }

  /** The merchant's part of a connection, as the page shows it. */
  describe(): Pick<
    Connection,
    'merchantPublicKey' | 'notifyUrl' | 'refundNotifyUrl' | 'refundAuditUrl' | 'service'
  > {
    return {
      merchantPublicKey: this.#publicKey && publicKeyText(this.#publicKey),
      notifyUrl: this.#urls.payment,
      refundNotifyUrl: this.#urls.refund,
      refundAuditUrl: this.#urls.audit,
      service: this.#service !== null,
    };
  }

  /** Takes an RSA public key (PEM, bare base64 SPKI or key object); throws `INVALID`. */
  setPublicKey(key: string | KeyObject): void {
    this.#publicKey = readPublicKey(key);
  }

  /** Takes a URL that is called for this; an empty one takes that of a refund away. Throws `INVALID`. */
  setUrl(address: Address, url: string): void {
    const none = url === '' && address !== 'payment';
    this.#delivers[address] = none ? null : deliverTo(url);
    this.#urls[address] = none ? null : url;
  }

  /** Takes a function for a handler in this process, for payments. */
  setDeliver(deliver: Deliver): void {
    this.#delivers.payment = deliver;
    this.#urls.payment = '';
  }

  /** Takes what the page can ask for. */
  setService(service: MerchantService): void {
    this.#service = service;
  }
}
