import { setTimeout as delay } from 'node:timers/promises';
import { PublishCommand } from '@aws-sdk/client-sns';
import type { SQSBatchResponse } from 'aws-lambda';
import type { FunctionName } from '../../local/deploy/bundles.ts';
import { notifyEvent, queryEvent, snsEvent, sqsEvent } from '../../local/stack/events.ts';
import { startSubscriber } from '../../local/stack/subscriber.ts';
import { startWorker } from '../../local/stack/worker.ts';
import { answerBody, type Behaviour, resets, says } from '../support/baidu.ts';
import { PAID, signedForm } from '../support/notification.ts';
import { drain } from '../support/queue.ts';
import { platformKey, TOKEN, type World } from '../support/world.ts';
import type { Watched } from './watch.ts';

/** How long what is in the queue may take to come out when the load has ended, in milliseconds. */
const SETTLE_MS = 120_000;

/** One of so many calls of Baidu goes wrong. */
const BAD_EVERY = 25;
const BAD: Behaviour[] = [
  says('', 500),
  says('<html>'),
  resets,
  says(answerBody({ errno: 10003 })),
  says(answerBody({ errno: 5010003 })),
];

/** What a message of the status topic said: all of it but its time, and what the books are kept by. */
interface Told {
  readonly state: string;
  readonly refundCode: number;
  readonly tpOrderId: string | undefined;
}

const ownIdOf = (orderId: string) => `soak-${orderId}`;

/** Everything that comes upon the service, and the books over what comes out. */
export class Load {
  readonly #world: World;
  readonly #sandboxes;
  readonly #queues = new Map<FunctionName, Promise<unknown>>();
  readonly #outcomes = new Map<string, number>();
  readonly #complaints: string[] = [];
  /** Baidu's refund code of each order that was paid: it goes back and forth. */
  readonly #refunds = new Map<string, number>();
  /** What was told of each order, by its number. */
  readonly #told = new Map<string, Map<number, Told>>();
  readonly #workers;
  readonly #subscriber;
  #orders = 0;
  #asked = 0;

  constructor(world: World) {
    this.#world = world;
    const more = { SECRET_TTL_SECONDS: '2' };
    this.#sandboxes = {
      query: world.sandbox('query', more, 10_000),
      notify: world.sandbox('notify', more, 10_000),
      confirm: world.sandbox('confirm', more, 30_000),
    };
    world.baidu.always((request, response) => this.#baidu(request, response));
    const onError = (error: Error) => this.#complaints.push(error.message);
    const { sqs, paymentQueueUrl, lookupQueueUrl, subscriberQueueUrl } = world.aws;
    this.#workers = [
      startWorker({
        ...{ sqs, queueUrl: paymentQueueUrl, onError },
        handler: async (batch) => {
          const result: SQSBatchResponse = await this.#call('confirm', sqsEvent(batch));
          const failed = new Set(result.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
          this.#count(`confirm ${failed.size === 0 ? 'done' : 'to be repeated'}`);
          return failed;
        },
      }),
      startWorker({
        ...{ sqs, queueUrl: lookupQueueUrl, onError, batchSize: 1 },
        handler: async (batch) => {
          const result = await this.#call('confirm', snsEvent(batch[0]?.body ?? ''));
          this.#count(`look-up ${result.thrown ? 'to be repeated' : 'done'}`);
          return new Set(result.thrown ? batch.map(({ messageId }) => messageId) : []);
        },
      }),
    ];
    this.#subscriber = startSubscriber({
      ...{ sqs, queueUrl: subscriberQueueUrl, onError },
      onMessage: (body) => this.#hear(body),
    });
  }

  /** The process of each function, by its name; it is asked for its memory between two calls. */
  processes(): Record<string, Watched> {
    const watched = Object.entries(this.#sandboxes).map(([name, { child, memory }]) => {
      const inTurn = () => this.#inTurn(name as FunctionName, memory);
      return [name, { pid: child.pid ?? 0, memory: inTurn }] as const;
    });
    return Object.fromEntries(watched);
  }

  progress(): string {
    const told = [...this.#told.values()].reduce((sum, { size }) => sum + size, 0);
    return `${this.#orders} orders, ${this.#asked} queries, ${told} changes of ${this.#told.size} orders told`;
  }

  figures(): string {
    const rows = [...this.#outcomes].sort().map(([name, count]) => `  ${name.padEnd(28)} ${count}`);
    return [`  ${this.progress()}`, ...rows].join('\n');
  }

  /** Puts the load on for so many milliseconds. */
  async run(ms: number): Promise<void> {
    const until = Date.now() + ms;
    const during = async (act: () => Promise<void>) => {
      while (Date.now() < until) await act();
    };
    await Promise.all([during(() => this.#pay()), during(() => this.#ask()), during(() => this.#attack())]);
  }

  /** Waits for what is under way, ends the functions, and says what is wrong. */
  async end(): Promise<readonly string[]> {
    const giveUpAt = Date.now() + SETTLE_MS;
    const untrue = () => [...this.#refunds.keys()].filter((orderId) => !this.#isTrue(orderId));
    while (untrue().length > 0 && Date.now() < giveUpAt) await delay(100);
    await delay(2000);
    await Promise.all([...this.#workers, this.#subscriber].map((each) => each.stop()));
    await Promise.all(Object.values(this.#sandboxes).map((sandbox) => sandbox.end()));
    for (const orderId of untrue()) this.#complaints.push(`the last word about ${orderId} is not the truth`);
    for (const [orderId, told] of this.#told) {
      const inOrder = [...told].sort(([a], [b]) => a - b).map(([, { state }]) => state);
      const repeated = inOrder.filter((state, index) => state === inOrder[index - 1]).length;
      if (repeated > 0) this.#complaints.push(`${orderId} was told ${repeated} times without a change`);
    }
    const dead = await drain(this.#world.aws.sqs, this.#world.aws.deadLetterQueueUrl);
    if (dead.length > 0) this.#complaints.push(`${dead.length} messages are in the dead-letter queue`);
    return this.#complaints;
  }

  /** Whoever keeps the highest number and ignores the rest knows the truth about an order. */
  #last(orderId: string): Told | undefined {
    const told = this.#told.get(orderId);
    return told?.get(Math.max(...told.keys()));
  }

  #isTrue(orderId: string): boolean {
    const last = this.#last(orderId);
    return last?.refundCode === this.#refunds.get(orderId) && last?.tpOrderId === ownIdOf(orderId);
  }

  #hear(body: string): void {
    const { orderId, sequence, payment, refund, verification, tpOrderId, notification } = JSON.parse(body);
    const state = JSON.stringify({ payment, refund, verification, tpOrderId, notification });
    const told = this.#told.get(orderId) ?? new Map<number, Told>();
    this.#told.set(orderId, told);
    const before = told.get(sequence);
    if (before && before.state !== state)
      this.#complaints.push(`${orderId} was told two things as ${sequence}`);
    told.set(sequence, { state, refundCode: refund.code, tpOrderId });
  }

  /** An order is paid and notified one to three times; some have refunds, and are looked up by somebody. */
  async #pay(): Promise<void> {
    const orderId = String(10_000_000 + ++this.#orders);
    this.#refunds.set(orderId, -1);
    const fields = { ...PAID, orderId, tpOrderId: ownIdOf(orderId), returnData: '支付 {"a":"b&c"} 😀' };
    const event = notifyEvent(signedForm(fields, platformKey));
    for (let count = 0; count <= this.#orders % 3; count++) await this.#expect('notify', event, [200]);
    if (this.#orders % 10 === 0) await this.#refund(orderId);
    await delay(10);
  }

  /** Refunds begin, fall back, begin again and succeed; each change is looked up, by Baidu's ids and by the own one in turn. */
  async #refund(orderId: string): Promise<void> {
    const giveUpAt = Date.now() + 30_000;
    const { sns, lookupTopicArn } = this.#world.aws;
    const ways = [{ orderId, siteId: PAID['userId'] }, { tpOrderId: ownIdOf(orderId) }];
    for (const [index, code] of [-1, 1, -1, 1, 2].entries()) {
      this.#refunds.set(orderId, code);
      if (index > 0) {
        const Message = JSON.stringify(ways[index % 2]);
        await sns.send(new PublishCommand({ TopicArn: lookupTopicArn, Message }));
      }
      while (!this.#isTrue(orderId) && Date.now() < giveUpAt) await delay(20);
    }
  }

  async #ask(): Promise<void> {
    const authorization = `Bearer ${this.#asked++ % 5 === 0 ? 'a-token-that-nobody-has-handed-out' : TOKEN}`;
    await this.#expect('query', queryEvent({ headers: { authorization } }), [200, 401, 502]);
    await delay(10);
  }

  async #attack(): Promise<void> {
    const forged = signedForm({ ...PAID, totalMoney: '1' }, platformKey).replace(
      'totalMoney=1&',
      'totalMoney=2&',
    );
    for (const form of [forged, 'hello', `${forged}&status=2`, 'x'.repeat(70_000), '%']) {
      await this.#expect('notify', notifyEvent(form), [400, 403, 413]);
    }
    await delay(50);
  }

  async #expect(name: FunctionName, event: unknown, statuses: readonly number[]): Promise<void> {
    const answer = await this.#call(name, event);
    this.#count(`${name} ${answer?.statusCode}`);
    if (statuses.includes(answer?.statusCode)) return;
    this.#complaints.push(`${name} answered ${JSON.stringify(answer)}`);
  }

  #call(name: FunctionName, event: unknown) {
    return this.#inTurn(name, () => this.#sandboxes[name].invoke(event));
  }

  /** One call after the other, as a Lambda sandbox takes them. */
  #inTurn<T>(name: FunctionName, act: () => Promise<T>): Promise<T> {
    const before = this.#queues.get(name) ?? Promise.resolve();
    const call = before.then(act);
    this.#queues.set(name, call);
    return call;
  }

  #baidu(...[request, response]: Parameters<Behaviour>): void {
    if (Math.random() < 1 / BAD_EVERY) {
      BAD[Math.floor(Math.random() * BAD.length)]?.(request, response);
      return;
    }
    const orderId = new URLSearchParams(request.url?.split('?')[1]).get('orderId') ?? '';
    const status = (statusNum: number) => ({ statusNum, statusDesc: '' });
    const refundStatus = status(this.#refunds.get(orderId) ?? -1);
    says(answerBody({ data: { data: { payStatus: status(1), refundStatus, verification: status(-1) } } }))(
      request,
      response,
    );
  }

  #count(name: string): void {
    this.#outcomes.set(name, (this.#outcomes.get(name) ?? 0) + 1);
  }
}
