import {
  ChangeMessageVisibilityCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
} from '@aws-sdk/client-sqs';
import type { FunctionName } from '../../local/deploy/bundles.ts';
import { notifyEvent, sqsEvent } from '../../local/stack/events.ts';
import { PAID, signedForm } from '../support/notification.ts';
import { drain } from '../support/queue.ts';
import type { Sandbox } from '../support/sandbox.ts';
import { platformKey, type World } from '../support/world.ts';
import { idsOfType, type Template } from '../template/package.ts';
import { CloudWatch } from './cloudwatch.ts';

const PREFIX = 'baidu-payment-status-dev-';

/** A process with a function in it, and how many lines of its output were read. */
interface Warm {
  readonly sandbox: Sandbox;
  read: number;
}

/** The processes of all tests, by function and environment: what starts warm is not measured again. */
export type Pool = Map<string, Warm>;

/** A deployed stage: the bundles in a world, by a clock of the test's own, and what CloudWatch sees of them. */
export class Stage {
  readonly world: World;
  readonly cloudWatch: CloudWatch;
  /** The alarms that have sounded, each with the first minute in which it did. */
  readonly sounded = new Map<string, number>();
  readonly #alarms: readonly string[];
  readonly #pool: Pool;
  /** The process that runs a function now. */
  readonly #running = new Map<FunctionName, Sandbox>();
  #queuedSince: number | undefined;

  constructor(world: World, template: Template, pool: Pool) {
    this.world = world;
    this.#pool = pool;
    this.cloudWatch = new CloudWatch(template);
    this.#alarms = idsOfType(template, 'AWS::CloudWatch::Alarm');
    world.decide(() => 'pass');
  }

  /**
   * Invokes a function and takes what it measures. The secret is read anew each time, unless the environment says
   * otherwise; one that no other test has gives a cold start.
   */
  // biome-ignore lint/suspicious/noExplicitAny: a handler may return anything.
  async invoke(name: FunctionName, event: unknown, environment: Record<string, string> = {}): Promise<any> {
    const functionName = PREFIX + name;
    const env = {
      ...{ LOG_LEVEL: 'WARN', SECRET_TTL_SECONDS: '0', AWS_LAMBDA_FUNCTION_NAME: functionName },
      ...environment,
    };
    const key = JSON.stringify(env);
    const warm = this.#pool.get(key) ?? { sandbox: this.world.sandbox(name, env, 8000), read: 0 };
    this.#pool.set(key, warm);
    this.#running.set(name, warm.sandbox);
    const outcome = await warm.sandbox.invoke(event);
    const { output } = warm.sandbox;
    for (const line of output.slice(warm.read)) this.cloudWatch.putLine(line);
    warm.read = output.length;
    if (outcome === undefined) this.#pool.delete(key);
    const isError = outcome === undefined || outcome.thrown !== undefined;
    const measured = { Invocations: 1, Errors: Number(isError), Throttles: 0 };
    for (const [metric, value] of Object.entries(measured))
      this.cloudWatch.put('AWS/Lambda', metric, { FunctionName: functionName }, value);
    return outcome;
  }

  /** Baidu notifies of a payment; what is stored of it is worked off by someone else. */
  async notify(fields: Readonly<Record<string, string>> = {}, environment: Record<string, string> = {}) {
    const event = notifyEvent(signedForm({ ...PAID, ...fields }, platformKey));
    await this.invoke('notify', event, environment);
    await drain(this.world.aws.sqs, this.world.aws.paymentQueueUrl);
  }

  /** Lambda hands a message of the queue to confirm that was stored so many minutes ago; whether it was worked off. */
  async confirm(body: object, { minutesAgo = 0, delivery = 1 } = {}): Promise<boolean> {
    const messageId = crypto.randomUUID();
    const { Records } = sqsEvent([{ messageId, body: JSON.stringify(body), delivery }]);
    const SentTimestamp = String(Date.now() - minutesAgo * 60_000);
    const stored = Records.map((record) => ({
      ...record,
      attributes: { ApproximateReceiveCount: String(delivery), SentTimestamp },
    }));
    return (await this.invoke('confirm', { Records: stored }))?.batchItemFailures?.length === 0;
  }

  /** Lambda has no room for an invocation. */
  throttle(name: FunctionName): void {
    this.cloudWatch.put('AWS/Lambda', 'Throttles', { FunctionName: PREFIX + name }, 1);
  }

  /** The process ends that works on the next call of this name. */
  killAt(action: string, name: FunctionName): void {
    this.world.decide((moment) => {
      if (moment !== `${action} asked`) return 'pass';
      this.#running.get(name)?.child.kill('SIGKILL');
      return 'hang';
    });
  }

  /** A message in one of the queues. */
  async put(queue: 'payment' | 'deadLetter', body: object = { orderId: '1', siteId: '1' }): Promise<void> {
    const QueueUrl = this.world.aws[`${queue}QueueUrl`];
    await this.world.aws.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: JSON.stringify(body) }));
  }

  /** Somebody looks at the dead letters, which hides them for a minute. */
  async look(): Promise<void> {
    const { sqs, deadLetterQueueUrl: QueueUrl } = this.world.aws;
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, VisibilityTimeout: 60 }),
    );
    await this.pass(1);
    for (const { ReceiptHandle } of Messages)
      await sqs.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout: 0 }));
  }

  /** Lets minutes pass, in which the queues stay as they are, and every alarm listens. */
  async pass(minutes: number): Promise<void> {
    const [payments, letters] = [await this.#sizes('payment'), await this.#sizes('deadLetter')];
    for (let count = 0; count < minutes; count++) {
      this.#putSizes('PaymentQueue', payments);
      this.#putSizes('DeadLetterQueue', letters);
      this.#queuedSince = payments.visible > 0 ? (this.#queuedSince ?? this.cloudWatch.minute) : undefined;
      const age = 60 * (this.cloudWatch.minute - (this.#queuedSince ?? this.cloudWatch.minute));
      this.cloudWatch.put('AWS/SQS', 'ApproximateAgeOfOldestMessage', { QueueName: 'PaymentQueue' }, age);
      for (const alarm of this.#alarms) {
        if (!this.sounded.has(alarm) && this.cloudWatch.sounds(alarm))
          this.sounded.set(alarm, this.cloudWatch.minute);
      }
      this.cloudWatch.minute++;
    }
  }

  /** Empties the queues. */
  async end(): Promise<void> {
    const { sqs, paymentQueueUrl, deadLetterQueueUrl } = this.world.aws;
    for (const queueUrl of [paymentQueueUrl, deadLetterQueueUrl]) await drain(sqs, queueUrl);
  }

  async #sizes(queue: 'payment' | 'deadLetter'): Promise<{ visible: number; hidden: number }> {
    const { Attributes } = await this.world.aws.sqs.send(
      new GetQueueAttributesCommand({
        QueueUrl: this.world.aws[`${queue}QueueUrl`],
        AttributeNames: ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'],
      }),
    );
    const counted: Readonly<Record<string, string>> = Attributes ?? {};
    const count = (name: string) => Number(counted[name] ?? 0);
    return {
      visible: count('ApproximateNumberOfMessages'),
      hidden: count('ApproximateNumberOfMessagesNotVisible'),
    };
  }

  /** An idle queue has no metric. */
  #putSizes(QueueName: string, { visible, hidden }: { visible: number; hidden: number }): void {
    if (visible + hidden === 0) return;
    this.cloudWatch.put('AWS/SQS', 'ApproximateNumberOfMessagesVisible', { QueueName }, visible);
    this.cloudWatch.put('AWS/SQS', 'ApproximateNumberOfMessagesNotVisible', { QueueName }, hidden);
  }
}
