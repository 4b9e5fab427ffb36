import { randomInt } from 'node:crypto';
import { CashierError, notPaid } from '../error.ts';
import { attempt, type Deliver } from '../merchant/delivery.ts';
import type { Address } from '../merchant/merchant.ts';
import type { Signing } from '../merchant/notification.ts';
import { yuanFromFen } from '../orders/money.ts';
import type { Order } from '../orders/order.ts';
import type { OrderBook } from '../orders/order-book.ts';
import { judgeRefundAudit, judgeRefundNotification, type RefundVerdict } from './answers.ts';
import { type RefundCall, refundHop, resultOf } from './calls.ts';
import { refundAuditForm, refundNotificationForm } from './forms.ts';
import { type Refund, refundStateOf, restOf } from './refund.ts';

/** How refund messages are signed and repeated; times in milliseconds. */
export interface RefundOptions extends Omit<Signing, 'faults' | 'privateKey'> {
  /** The app of an order: what its messages are signed with. */
  readonly appOf: (order: Order) => Pick<Signing, 'privateKey'>;
  readonly answerLimitMs: number;
  /** The first of the intervals: 2 minutes at Baidu. */
  readonly repeatIntervalMs: number;
  readonly faults: () => Signing['faults'];
  readonly deliver: (address: Address) => Deliver | null;
  readonly now: () => Date;
}

/** What a refund is started with. */
export interface NewRefund {
  /** In fen; without it all that is left. */
  money?: number | undefined;
  /** Whether the merchant is asked first where it has given an address for that: `true` by default. */
  audit?: boolean | undefined;
}

/** What came of a refund so far; `null` where the merchant was not called. */
export interface RefundResult {
  readonly order: Order;
  readonly refund: Refund;
  readonly audit: RefundCall | null;
  readonly notification: RefundCall | null;
}

/** 2, 4, 10, 30 min and 1 h after each other, and then each hour, as multiples of the first. */
const REPETITIONS = [1, 2, 5, 15, 30];
/** 5 min, after which an undecided merchant is asked again. */
const UNDECIDED = 2.5;
/** Longer than this and Node's timers fire at once. */
const LONGEST_MS = 2 ** 31 - 1;

/** Why an amount to refund is refused. */
export const WRONG_MONEY = {
  en: 'money must be a whole number of fen, 1 at least',
  zh: 'money 须为整数（分），至少为 1',
};

const NOWHERE = new CashierError('CONFLICT', {
  en: 'no URL for it is set',
  zh: '没有为它设置地址，无处可送',
});

type Kind = 'audit' | 'notification';

/** Plays refunds: asks the merchant first, obeys, tells what came of it, and repeats both until the answer counts. */
export class Refunds {
  readonly #options: RefundOptions;
  readonly #book: OrderBook;
  readonly #timers = new Map<string, NodeJS.Timeout>();
  readonly #repetitions = new Map<string, number>();
  readonly #underWay = new Set<Promise<unknown>>();
  readonly #closing = new AbortController();

  constructor(options: RefundOptions, book: OrderBook) {
    this.#options = options;
    this.#book = book;
  }

  /** Starts a refund; resolves with what came of the first calls. Throws `CONFLICT` where so much is not left. */
  async start(orderId: string, { money, audit = true }: NewRefund = {}): Promise<RefundResult> {
    const order = this.#book.get(orderId);
    if (order.payment !== 'PAID') throw notPaid(orderId);
    const rest = restOf(order);
    const wanted = money ?? rest;
    if (!Number.isSafeInteger(wanted) || wanted < 0 || money === 0) {
      throw new CashierError('INVALID', WRONG_MONEY);
    }
    if (wanted > rest || rest === 0) {
      throw new CashierError('CONFLICT', {
        en: `order ${orderId} has ${rest} fen left to refund`,
        zh: `订单 ${orderId} 只剩 ${rest} 分可退`,
      });
    }
    return this.#begin(order, wanted, audit);
  }

  /** Gives the money of a payment back that the merchant did not want: Baidu's own refund. */
  async giveBack(orderId: string): Promise<RefundResult> {
    const order = this.#book.get(orderId);
    return this.#begin(order, restOf(order), true);
  }

  /** Asks the merchant once more whether to refund; the last refund by default. */
  async auditAgain(orderId: string, refundBatchId?: string): Promise<RefundResult> {
    const { refundBatchId: id, state } = this.#find(orderId, refundBatchId);
    if (state !== 'AUDIT') {
      throw new CashierError('CONFLICT', { en: `refund ${id} is decided`, zh: `退款 ${id} 已有结论` });
    }
    return this.#ask(orderId, id);
  }

  /** Tells the merchant once more of a refund; the last one by default. */
  async notifyAgain(orderId: string, refundBatchId?: string): Promise<RefundResult> {
    const { refundBatchId: id, state } = this.#find(orderId, refundBatchId);
    if (state !== 'REFUNDED' && state !== 'FAILED') {
      throw new CashierError('CONFLICT', { en: `refund ${id} was not made`, zh: `退款 ${id} 没有办理` });
    }
    return this.#result(orderId, id, { notification: await this.#tell(orderId, id) });
  }

  /** Cancels every repetition and waits for what is under way. */
  async close(): Promise<void> {
    this.#closing.abort();
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    await Promise.allSettled(this.#underWay);
  }

  async #begin({ orderId, refunds }: Order, money: number, audit: boolean): Promise<RefundResult> {
    const refundBatchId = String(randomInt(1e13, 1e14));
    const refund: Refund = { refundBatchId, money, state: 'AUDIT', told: false, nextCallAt: null };
    const isAsked = audit && this.#options.deliver('audit') !== null;
    this.#put(orderId, [...refunds, refund]);
    if (isAsked) return this.#ask(orderId, refundBatchId);
    return this.#result(orderId, refundBatchId, {
      notification: await this.#carryOut(orderId, refundBatchId, money),
    });
  }

  async #ask(orderId: string, id: string): Promise<RefundResult> {
    const { call, verdict } = await this.#callOnceOrTwice(orderId, id, 'audit');
    const notification = await this.#obey(orderId, id, verdict);
    return this.#result(orderId, id, { audit: call, notification });
  }

  /** Does what the merchant has decided; of two answers at once the first one counts. */
  async #obey(
    orderId: string,
    id: string,
    { outcome, money = 0 }: RefundVerdict,
  ): Promise<RefundCall | null> {
    if (this.#find(orderId, id).state !== 'AUDIT') return null;
    if (outcome === 'approved') return this.#carryOut(orderId, id, money);
    if (outcome === 'refused') {
      this.#change(orderId, id, { state: 'REFUSED' });
      const note = { en: 'The merchant does not want it: nothing goes back', zh: '商户拒绝：不退款' };
      this.#book.record(orderId, { kind: 'refund', note });
    } else {
      const again = () => void this.#ask(orderId, id);
      if (outcome === 'undecided') this.#later(orderId, id, { times: UNDECIDED, again });
      else this.#repeatLater(orderId, id, { kind: 'audit', again });
    }
    return null;
  }

  async #carryOut(orderId: string, id: string, money: number): Promise<RefundCall | null> {
    const failed = this.#options.faults().refundFails;
    this.#change(orderId, id, { state: failed ? 'FAILED' : 'REFUNDED', money, nextCallAt: null });
    const yuan = yuanFromFen(money);
    this.#book.record(orderId, {
      kind: 'refund',
      tone: failed ? 'bad' : 'good',
      note: failed
        ? { en: `${yuan} could not be given back to the user`, zh: `${yuan} 退款失败` }
        : { en: `Baidu gives ${yuan} back to the user`, zh: `百度将 ${yuan} 退回用户` },
    });
    return this.#options.deliver('refund') === null ? null : this.#tell(orderId, id);
  }

  async #tell(orderId: string, id: string): Promise<RefundCall> {
    const { call, verdict } = await this.#callOnceOrTwice(orderId, id, 'notification');
    if (verdict.outcome === 'told') this.#change(orderId, id, { told: true });
    else if (!this.#find(orderId, id).told) {
      this.#repeatLater(orderId, id, { kind: 'notification', again: () => void this.#tell(orderId, id) });
    }
    return call;
  }

  async #callOnceOrTwice(orderId: string, id: string, kind: Kind) {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
    this.#change(orderId, id, { nextCallAt: null });
    const first = this.#call(orderId, id, kind);
    if (this.#options.faults().notificationRepeated) await this.#call(orderId, id, kind);
    return first;
  }

  async #call(
    orderId: string,
    id: string,
    kind: Kind,
  ): Promise<{ call: RefundCall; verdict: RefundVerdict }> {
    const { answerLimitMs: limitMs, faults, deliver } = this.#options;
    const order = this.#book.get(orderId);
    const refund = this.#find(orderId, id);
    const write = kind === 'audit' ? refundAuditForm : refundNotificationForm;
    const { privateKey } = this.#options.appOf(order);
    const signed = write(order, refund, { ...this.#options, privateKey, faults: faults() });
    const delivery = attempt({
      deliver: deliver(kind === 'audit' ? 'audit' : 'refund') ?? (() => Promise.reject(NOWHERE)),
      ...{ form: signed.form, limitMs, closing: this.#closing.signal },
    });
    this.#underWay.add(delivery);
    const answer = await delivery;
    this.#underWay.delete(delivery);
    const verdict =
      kind === 'audit'
        ? judgeRefundAudit(answer, restOf(this.#book.get(orderId)) + refund.money)
        : judgeRefundNotification(answer);
    const said = { kind, refund, signed, answer, verdict };
    this.#book.record(orderId, refundHop(said, limitMs));
    return { call: resultOf(said), verdict };
  }

  #repeatLater(orderId: string, id: string, { kind, again }: { kind: Kind; again: () => void }): void {
    const key = `${kind} ${id}`;
    const done = this.#repetitions.get(key) ?? 0;
    this.#repetitions.set(key, done + 1);
    this.#later(orderId, id, { times: REPETITIONS[done] ?? REPETITIONS.at(-1) ?? 1, again });
  }

  #later(orderId: string, id: string, { times, again }: { times: number; again: () => void }): void {
    if (this.#closing.signal.aborted || this.#timers.has(id)) return;
    const ms = Math.min(this.#options.repeatIntervalMs * times, LONGEST_MS);
    this.#timers.set(id, setTimeout(again, ms));
    const nextCallAt = new Date(this.#options.now().getTime() + ms).toISOString();
    this.#change(orderId, id, { nextCallAt });
  }

  #result(orderId: string, id: string, calls: Partial<RefundResult>): RefundResult {
    const order = this.#book.get(orderId);
    return { order, refund: this.#find(orderId, id), audit: null, notification: null, ...calls };
  }

  #find(orderId: string, refundBatchId?: string): Refund {
    const { refunds } = this.#book.get(orderId);
    const found = refunds.findLast(
      (refund) => refund.refundBatchId === (refundBatchId ?? refund.refundBatchId),
    );
    if (found) return found;
    throw new CashierError('NOT_FOUND', {
      en: `order ${orderId} has no refund ${refundBatchId ?? 'yet'}`,
      zh: refundBatchId ? `订单 ${orderId} 没有退款 ${refundBatchId}` : `订单 ${orderId} 还没有退款`,
    });
  }

  #change(orderId: string, id: string, change: Partial<Refund>): void {
    const { refunds } = this.#book.get(orderId);
    this.#put(
      orderId,
      refunds.map((refund) => (refund.refundBatchId === id ? { ...refund, ...change } : refund)),
    );
  }

  #put(orderId: string, refunds: readonly Refund[]): void {
    this.#book.change(orderId, { refunds, refund: refundStateOf(refunds) });
  }
}
