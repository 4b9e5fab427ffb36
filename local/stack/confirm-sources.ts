import type { Text } from '../cashier/index.ts';
import { DELIVERIES } from './aws.ts';
import { snsEvent, sqsEvent } from './events.ts';
import type { Invocation, LocalFunction } from './lambda.ts';
import type { LocalParts } from './parts.ts';
import { type QueueDelivery, startWorker } from './worker.ts';

/** What delivers to confirm, and what it is told. */
export interface ConfirmSourcesOptions {
  readonly parts: LocalParts;
  readonly confirm: LocalFunction;
  /** When what failed is delivered again, in seconds. */
  readonly retrySeconds: number;
  readonly onError: (error: Error) => void;
}

/** What calls confirm; both leave on the time lines of the orders what was handed over and what came of it. */
export interface ConfirmSources {
  /** Resolves when confirm is done with what it is at now. */
  settled(): Promise<unknown>;
  stop(): Promise<void>;
}

/** Starts what calls confirm: the payment queue, and the topic for look-ups. */
export function startConfirmSources(options: ConfirmSourcesOptions): ConfirmSources {
  const { parts, retrySeconds, onError } = options;
  const underWay = new Set<Promise<unknown>>();
  const tracked = <T>(work: Promise<T>): Promise<T> => {
    underWay.add(work);
    return work.finally(() => underWay.delete(work));
  };
  const common = { sqs: parts.aws.sqs, retrySeconds, onError };
  const payments = startWorker({
    ...common,
    queueUrl: parts.aws.paymentQueueUrl,
    // As many at once as two sandboxes take; serverless.yml allows more.
    concurrency: 2,
    handler: (batch) => tracked(confirmBatch(batch, options)),
  });
  const lookups = startWorker({
    ...common,
    queueUrl: parts.aws.lookupQueueUrl,
    batchSize: 1,
    handler: (batch) => tracked(confirmLookup(batch, options)),
  });
  return {
    settled: () => Promise.allSettled(underWay),
    stop: async () => {
      await Promise.all([payments.stop(), lookups.stop()]);
    },
  };
}

async function confirmBatch(
  batch: readonly QueueDelivery[],
  options: ConfirmSourcesOptions,
): Promise<ReadonlySet<string>> {
  for (const { body, delivery } of batch) {
    const note = {
      en: `Delivery ${delivery} of ${DELIVERIES.payment}`,
      zh: `第 ${delivery} 次投递（共 ${DELIVERIES.payment} 次）`,
    };
    const raw = [{ name: 'message', text: body }];
    options.parts.cashier.record(orderIdIn(body), { kind: 'queued', note, raw });
  }
  const invocation = await options.confirm.invoke(sqsEvent(batch));
  const all = batch.map(({ messageId }) => messageId);
  const failed = new Set(invocation.error ? all : failuresIn(invocation.result));
  recordOutcomes(batch, { ...options, invocation, failed, deliveries: DELIVERIES.payment });
  return failed;
}

async function confirmLookup(
  batch: readonly QueueDelivery[],
  options: ConfirmSourcesOptions,
): Promise<ReadonlySet<string>> {
  const failed = new Set<string>();
  for (const one of batch) {
    const invocation = await options.confirm.invoke(snsEvent(one.body));
    if (invocation.error) failed.add(one.messageId);
    recordOutcomes([one], { ...options, invocation, failed, deliveries: DELIVERIES.lookup });
  }
  return failed;
}

interface Outcomes extends ConfirmSourcesOptions {
  readonly invocation: Invocation;
  readonly failed: ReadonlySet<string>;
  /** How often a message is delivered at most. */
  readonly deliveries: number;
}

/** Leaves on each order's time line what confirm's log says came of it. */
function recordOutcomes(batch: readonly QueueDelivery[], outcomes: Outcomes): void {
  const { invocation, failed, parts, retrySeconds, deliveries } = outcomes;
  const lines = invocation.log.map(parse);
  const ends = lines.filter(({ message }) => typeof message === 'string' && message in NOTES);
  for (const { messageId, body, delivery } of batch) {
    const orderId = orderIdIn(body);
    const isFailed = failed.has(messageId);
    const own = ends.find((line) => idOf(line) === orderId && (line['message'] === FAILED) === isFailed);
    // Two messages of a batch may be of one order: each has an end of its own.
    if (own) ends.splice(ends.indexOf(own), 1);
    const known = endOf(body, own?.['message']);
    const code = String(own?.['code'] ?? invocation.error?.name ?? 'UNKNOWN');
    const errno = own?.['errno'] === undefined ? '' : ` (errno ${String(own['errno'])})`;
    const log = lines.filter((line) => idOf(line) === orderId).map((line) => JSON.stringify(line));
    parts.cashier.record(orderId, {
      kind: 'confirmed',
      tone: isFailed ? 'bad' : (known?.tone ?? 'neutral'),
      note: isFailed ? failureNote({ code, errno }, delivery >= deliveries ? 0 : retrySeconds) : known?.note,
      raw: log.length === 0 ? [] : [{ name: 'log', text: log.join('\n') }],
    });
  }
}

const FAILED = 'not confirmed';

interface End {
  readonly tone: 'good' | 'neutral' | 'bad';
  readonly note: Text;
}

/** What confirm's log says came of an order, in its own words and in ours. */
const NOTES: Readonly<Record<string, End>> = {
  published: { tone: 'good', note: { en: 'Published: this state is new', zh: '新状态，已发布' } },
  known: {
    tone: 'neutral',
    note: { en: 'Not published again: this state has gone out before', zh: '该状态此前已发布，不再重复' },
  },
  deferred: {
    tone: 'bad',
    note: {
      en: 'Over the QPS limit all the while: back into the queue, held for 30 s to 2 min',
      zh: '一直超过 QPS 限制：放回队列，30 秒至 2 分钟后再查',
    },
  },
  [FAILED]: { tone: 'bad', note: { en: 'Not confirmed', zh: '未能确认' } },
};

/** An audit changes no state. */
const AUDIT_PUBLISHED: End = {
  tone: 'good',
  note: { en: 'Published: what Baidu asked, and what was answered', zh: '已发布：百度的询问与所作的应答' },
};

/** What came of a message, by the last word of its log. */
function endOf(body: string, message: unknown): End | undefined {
  return message === 'published' && 'refundAudit' in parse(body) ? AUDIT_PUBLISHED : NOTES[String(message)];
}

/** Why an order was not confirmed, for the codes that a person at the page can bring about. */
const REASONS: Readonly<Record<string, Text>> = {
  PAYMENT_MISMATCH: {
    en: ': notified as paid, and Baidu does not say so',
    zh: '：通知称已支付，百度却未如此应答',
  },
  ORDER_UNKNOWN: {
    en: ': nobody has told yet of which user the order is',
    zh: '：还没有任何消息说明订单属于哪个用户',
  },
  BAIDU_TIMEOUT: { en: ': no answer in time, three times', zh: '：三次查询均超时' },
  BAIDU_UNREACHABLE: { en: ': no connection, three times', zh: '：三次查询均无法连接' },
};

/** @param again when the message comes again, in seconds; 0 for never */
function failureNote({ code, errno }: { code: string; errno: string }, again: number): Text {
  const why = REASONS[code] ?? { en: errno, zh: errno };
  if (again === 0)
    return { en: `${code}${why.en}. That was the last delivery`, zh: `${code}${why.zh}。这是最后一次投递` };
  return {
    en: `${code}${why.en}. It stays in the queue and comes again in ${again} s`,
    zh: `${code}${why.zh}。消息留在队列中，${again} 秒后再次投递`,
  };
}

function idOf(line: Record<string, unknown>): string | null {
  return typeof line['orderId'] === 'string' ? line['orderId'] : null;
}

function failuresIn(result: unknown): string[] {
  const { batchItemFailures = [] } = (result ?? {}) as { batchItemFailures?: { itemIdentifier: string }[] };
  return batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
}

function parse(line: string): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(line);
    if (typeof parsed === 'object' && parsed !== null) return { ...parsed };
  } catch {
    // What is not JSON names nothing.
  }
  return { message: line };
}

/** The order that a message is about; `null` where it names none. */
export function orderIdIn(body: string): string | null {
  return idOf(parse(body));
}
