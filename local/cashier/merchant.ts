import type { KeyObject } from 'node:crypto';
import { type Deliver, deliverTo } from './delivery.ts';
import { publicKeyText, readPublicKey } from './keys.ts';
import type { Connection } from './ledger.ts';
import type { Order } from './order.ts';

/** What the page can ask of the merchant's service; what comes of it is for the service to record. */
export interface MerchantService {
  /** Has the order looked up at Baidu and its state published. */
  lookUp(order: Order): Promise<unknown>;
  /** Asks for the order's status, as the mini-program does. */
  askStatus(order: Order): Promise<unknown>;
}

/** What the cashier knows of the merchant; it may be given at any time. */
export class Merchant {
  #publicKey: KeyObject | null = null;
  #notifyUrl: string | null = null;
  #deliver: Deliver | null = null;
  #service: MerchantService | null = null;

  /** Verifies queries; `null` until it is given. */
  get publicKey(): KeyObject | null {
    return this.#publicKey;
  }

  /** Takes notifications; `null` until it is given. */
  get deliver(): Deliver | null {
    return this.#deliver;
  }

  /** Can be asked from the page; `null` where there is none. */
  get service(): MerchantService | null {
    return this.#service;
  }

  /** The merchant's part of a connection, as the page shows it. */
  describe(): Pick<Connection, 'merchantPublicKey' | 'notifyUrl' | 'service'> {
    return {
      merchantPublicKey: this.#publicKey && publicKeyText(this.#publicKey),
      notifyUrl: this.#notifyUrl,
      service: this.#service !== null,
    };
  }

  /** Takes an RSA public key (PEM, bare base64 SPKI or key object); throws `INVALID`. */
  setPublicKey(key: string | KeyObject): void {
    this.#publicKey = readPublicKey(key);
  }

  /** Takes the URL that notifications are posted to; throws `INVALID`. */
  setNotifyUrl(url: string): void {
    this.#deliver = deliverTo(url);
    this.#notifyUrl = url;
  }

  /** Takes a function for a handler in this process. */
  setDeliver(deliver: Deliver): void {
    this.#deliver = deliver;
    this.#notifyUrl = '';
  }

  /** Takes what the page can ask for. */
  setService(service: MerchantService): void {
    this.#service = service;
  }
}
