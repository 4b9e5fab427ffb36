import type { KeyObject } from 'node:crypto';
import { type Deliver, deliverTo } from './delivery.ts';
import { publicKeyText, readPublicKey } from './keys.ts';
import type { Connection } from './ledger.ts';

/** What the cashier knows of the merchant; it may be given at any time. */
export class Merchant {
  #publicKey: KeyObject | null = null;
  #notifyUrl: string | null = null;
  #deliver: Deliver | null = null;

  /** Verifies queries; `null` until it is given. */
  get publicKey(): KeyObject | null {
    return this.#publicKey;
  }

  /** Takes notifications; `null` until it is given. */
  get deliver(): Deliver | null {
    return this.#deliver;
  }

  /** The merchant's part of a connection, as the page shows it. */
  describe(): Pick<Connection, 'merchantPublicKey' | 'notifyUrl'> {
    return {
      merchantPublicKey: this.#publicKey && publicKeyText(this.#publicKey),
      notifyUrl: this.#notifyUrl,
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
}
