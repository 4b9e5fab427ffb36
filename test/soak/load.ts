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

/** Everything that comes upon the service, and the books over what comes out. */
export class Load {
  readonly #world: World;
  readonly #sandboxes;
  readonly #queues = new Map<FunctionName, Promise<unknown>>();
  readonly #outcomes = new Map<string, number>();
  readonly #complaints: string[] = [];
  /** The states that have to come out, and how often each did. */
  readonly #states = new Map<string, number>();
  readonly #refunded = new Set<string>();
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
      onMessage: (body) => {
        const { orderId, refund } = JSON.parse(body);
        const state = `${orderId} ${refund.status}`;
        this.#states.set(state, (this.#states.get(state) ?? 0) + 1);
      },
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
    const published = [...this.#states.values()].filter((count) => count > 0).length;
    return `${this.#orders} orders, ${this.#asked} queries, ${published} of ${this.#states.size} states published`;
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
    const waiting = () => [...this.#states.values()].some((count) => count === 0);
    while (waiting() && Date.now() < giveUpAt) await delay(100);
    await delay(2000);
    await Promise.all([...this.#workers, this.#subscriber].map((each) => each.stop()));
    await Promise.all(Object.values(this.#sandboxes).map((sandbox) => sandbox.end()));
    for (const [state, count] of this.#states) {
      if (count !== 1) this.#complaints.push(`${state} was published ${count} times`);
    }
    const dead = await drain(this.#world.aws.sqs, this.#world.aws.deadLetterQueueUrl);
    if (dead.length > 0) this.#complaints.push(`${dead.length} messages are in the dead-letter queue`);
    return this.#complaints;
  }

  /** An order is paid and notified one to three times; some are refunded, and looked up by somebody. */
  async #pay(): Promise<void> {
    const orderId = String(10_000_000 + ++this.#orders);
    this.#states.set(`${orderId} NONE`, 0);
    const fields = { ...PAID, orderId, tpOrderId: `soak-${orderId}`, returnData: '支付 {"a":"b&c"} 😀' };
    const event = notifyEvent(signedForm(fields, platformKey));
    for (let count = 0; count <= this.#orders % 3; count++) await this.#expect('notify', event, [200]);
    if (this.#orders % 10 === 0) await this.#refund(orderId);
    await delay(10);
  }

  async #refund(orderId: string): Promise<void> {
    const giveUpAt = Date.now() + 30_000;
    while (this.#states.get(`${orderId} NONE`) === 0 && Date.now() < giveUpAt) await delay(20);
    this.#refunded.add(orderId);
    this.#states.set(`${orderId} REFUNDED`, 0);
    const { sns, lookupTopicArn } = this.#world.aws;
    const Message = JSON.stringify({ orderId, siteId: PAID['userId'] });
    await sns.send(new PublishCommand({ TopicArn: lookupTopicArn, Message }));
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
    const refundStatus = status(this.#refunded.has(orderId) ? 2 : -1);
    says(answerBody({ data: { data: { payStatus: status(1), refundStatus, verification: status(-1) } } }))(
      request,
      response,
    );
  }

  #count(name: string): void {
    this.#outcomes.set(name, (this.#outcomes.get(name) ?? 0) + 1);
  }
}
