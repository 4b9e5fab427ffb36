import type { KeyObject } from 'node:crypto';
import { CashierError } from '../error.ts';
import type { Faults } from '../faults.ts';
import type { Order } from '../orders/order.ts';
import type { NewHop, OrderBook } from '../orders/order-book.ts';
import type { Text } from '../text.ts';
import { attempt, type Deliver } from './delivery.ts';
import type { MerchantAnswer } from './merchant-answer.ts';
import { judgeAnswer, type Outcome, type SignedForm, signedForm } from './notification.ts';

/** How notifications are signed and repeated; times in milliseconds. */
export interface CourierOptions {
  /** The app of an order: its deal, and what its notifications are signed with. */
  readonly appOf: (order: Order) => { readonly dealId: string; readonly privateKey: KeyObject };
  readonly answerLimitMs: number;
  readonly repeatIntervalMs: number;
  readonly repeatCount: number;
  readonly refusal: 'repeat' | 'refunded';
  /** Whether the values of a notification are signed as they are, or URL-encoded: Baidu's pages say both. */
  readonly signValues?: 'raw' | 'encoded' | undefined;
  readonly faults: () => Faults;
  /** Where notifications go; `null` until the merchant has said so. */
  readonly deliver: () => Deliver | null;
  /** Refunds a payment that the merchant did not want. */
  readonly giveBack: (orderId: string) => void;
  readonly now: () => Date;
}

/** What came of one notification: what was sent, what came back, and what Baidu does about it. */
export interface DeliveryResult extends Omit<SignedForm, 'flaw'> {
  /** The order afterwards. */
  readonly order: Order;
  /** The merchant's answer; `null` when none came. */
  readonly status: number | null;
  readonly body: string | null;
  readonly milliseconds: number;
  readonly outcome: Outcome;
  readonly why: Text;
}

const NOWHERE = new CashierError('CONFLICT', {
  en: 'no notify URL is set',
  zh: '没有设置通知地址，无处可送',
});

/** Sends notifications and repeats them until the merchant's answer counts. */
export class Courier {
  readonly #options: CourierOptions;
  readonly #book: OrderBook;
  readonly #timers = new Map<string, NodeJS.Timeout>();
  readonly #repetitions = new Map<string, number>();
  readonly #underWay = new Set<Promise<unknown>>();
  readonly #closing = new AbortController();

  constructor(options: CourierOptions, book: OrderBook) {
    this.#options = options;
    this.#book = book;
  }

  /** Sends a notification, twice at once when that switch is on; resolves with what came of the first. */
  async notify(orderId: string, status: 2 | -1): Promise<DeliveryResult> {
    this.#forgetRepetition(orderId);
    const first = this.#send(orderId, status);
    if (this.#options.faults().notificationRepeated) await this.#send(orderId, status);
    return first;
  }

  /** Cancels every repetition and waits for what is under way. */
  async close(): Promise<void> {
    this.#closing.abort();
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    await Promise.allSettled(this.#underWay);
  }

  async #send(orderId: string, status: 2 | -1): Promise<DeliveryResult> {
    const { appOf, answerLimitMs, refusal, faults } = this.#options;
    const notifications = this.#book.get(orderId).notifications + 1;
    const order = this.#book.change(orderId, { notifications });
    const { signValues } = this.#options;
    const signed = signedForm({ ...appOf(order), order, status, signValues, faults: faults() });
    const deliver = this.#options.deliver() ?? (() => Promise.reject(NOWHERE));
    const delivery = attempt({
      ...{ deliver, form: signed.form, limitMs: answerLimitMs },
      closing: this.#closing.signal,
    });
    this.#underWay.add(delivery);
    const answer = await delivery;
    this.#underWay.delete(delivery);
    const { outcome, why } = judgeAnswer(answer, refusal);
    this.#book.record(orderId, notificationHop({ signed, answer, outcome, why, limit: answerLimitMs }));
    if (status === 2) this.#settle(orderId, outcome);
    const { form, signedText } = signed;
    return {
      ...{ form, signedText },
      order: this.#book.get(orderId),
      status: answer.type === 'answer' ? answer.status : null,
      body: answer.type === 'answer' ? answer.body : null,
      milliseconds: answer.milliseconds,
      outcome,
      why,
    };
  }

  /** Changes the order by an outcome; an answer that comes after a better one changes nothing. */
  #settle(orderId: string, outcome: Outcome): void {
    const { settlement, refund } = this.#book.get(orderId);
    const open = settlement === 'PENDING' || settlement === 'GIVEN_UP';
    if (outcome === 'repeat') {
      if (settlement === 'PENDING') this.#repeatLater(orderId);
      return;
    }
    if (outcome === 'refunded' && settlement !== 'REFUNDED' && refund !== 'REFUNDED') {
      this.#book.change(orderId, { settlement: 'REFUNDED' });
      this.#options.giveBack(orderId);
    } else if (outcome === 'settled' && settlement !== 'REFUNDED') {
      this.#book.change(orderId, { settlement: 'SETTLED' });
    } else if (outcome === 'noted' && open) {
      this.#book.change(orderId, { settlement: 'NOTED' });
    }
    this.#forgetRepetition(orderId);
  }

  #repeatLater(orderId: string): void {
    if (this.#closing.signal.aborted || this.#timers.has(orderId)) return;
    const { repeatIntervalMs, repeatCount, now } = this.#options;
    const done = this.#repetitions.get(orderId) ?? 0;
    if (done >= repeatCount) {
      this.#book.change(orderId, { settlement: 'GIVEN_UP' });
      return;
    }
    const repeat = () => {
      this.#forgetRepetition(orderId);
      this.#repetitions.set(orderId, done + 1);
      void this.#send(orderId, 2);
    };
    this.#timers.set(orderId, setTimeout(repeat, repeatIntervalMs));
    const due = new Date(now().getTime() + repeatIntervalMs);
    this.#book.change(orderId, { nextNotificationAt: due.toISOString() });
  }

  #forgetRepetition(orderId: string): void {
    clearTimeout(this.#timers.get(orderId));
    this.#timers.delete(orderId);
    if (this.#book.get(orderId).nextNotificationAt === null) return;
    this.#book.change(orderId, { nextNotificationAt: null });
  }
}

/** What Baidu does after an answer, in words. */
export const OUTCOMES: Record<Outcome, Text> = {
  settled: { en: 'The money settles', zh: '款项结算' },
  noted: { en: 'Taken note of, not consumed', zh: '已知悉，未消费' },
  refunded: { en: 'Baidu refunds', zh: '百度退款' },
  repeat: { en: 'Baidu will call again', zh: '百度将再次通知' },
};

function notificationHop(options: {
  signed: SignedForm;
  answer: MerchantAnswer;
  outcome: Outcome;
  why: Text;
  limit: number;
}): NewHop {
  const { signed, answer, outcome, why, limit } = options;
  const tone = { settled: 'good', noted: 'neutral', refunded: 'bad', repeat: 'bad' } as const;
  const answered =
    answer.type === 'answer' ? [{ name: 'answer', text: `HTTP ${answer.status}\n\n${answer.body}` }] : [];
  return {
    kind: 'notification',
    tone: tone[outcome],
    flaw: signed.flaw,
    note: { en: `${OUTCOMES[outcome].en}: ${why.en}`, zh: `${OUTCOMES[outcome].zh}：${why.zh}` },
    raw: [{ name: 'form', text: signed.form }, { name: 'signedText', text: signed.signedText }, ...answered],
    milliseconds: answer.milliseconds,
    limitMilliseconds: limit,
  };
}
