import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import type { Faults } from '../faults.ts';
import type { RefundState } from '../orders/order.ts';
import type { NewHop } from '../orders/order-book.ts';
import type { Text } from '../text.ts';
import { checkQuery, type QueryRules, type QueryVerdict, queryAnswer } from './query.ts';

/** What answering a query needs; `slowMs` is how late an answer is while Baidu is slow. */
export interface QueryContext {
  /** The rules of the app that a query's parameters name; of the first where they name none. */
  readonly rules: (params: Readonly<Record<string, string>>) => QueryRules;
  readonly faults: () => Faults;
  readonly record: (orderId: string | null, hop: NewHop) => unknown;
  readonly slowMs: number;
  readonly now: () => Date;
  readonly closing: AbortSignal;
}

/** Answers a query as Baidu does, or as a switch says, and records it with the rule that it broke. */
export async function answerQuery(
  request: IncomingMessage,
  response: ServerResponse,
  context: QueryContext,
): Promise<void> {
  const { rules, slowMs, now, closing } = context;
  const started = performance.now();
  const faults = context.faults();
  if (faults.queryGone) return answerGone(request, response, context);
  const [, search = ''] = (request.url ?? '').split(/\?(.*)/s);
  const verdict = checkQuery(
    request.method ?? '',
    search,
    rules(Object.fromEntries(new URLSearchParams(search))),
  );
  const errno = faults.query === 'qps' ? 5010003 : verdict.errno;
  const { order, leak } = verdict;
  const hungUp = faults.query === 'slow' && !(await waited(slowMs, response, closing));
  const answer = queryAnswer({ errno, order, leak, unknownStatus: faults.unknownStatus, now: now() });
  const sent = { name: 'request', text: `${request.method} ${request.url}` };
  const answered = faults.query === 'down' || hungUp ? [] : [{ name: 'answer', text: answer }];
  context.record(verdict.orderId, {
    kind: 'query',
    tone: errno === 0 && faults.query === 'none' && !faults.unknownStatus ? 'good' : 'bad',
    note: hungUp ? HUNG_UP : queryNote(faults, verdict),
    flaw: faults.query === 'slow' ? { en: 'Slow', zh: '缓慢' } : undefined,
    raw: [sent, ...verdict.raw, ...answered],
    milliseconds: Math.round(performance.now() - started),
  });
  if (faults.query === 'down') request.socket.destroy();
  else response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' }).end(answer);
}

/** Answers as a web server does that has nothing at this address any more. */
function answerGone(request: IncomingMessage, response: ServerResponse, { record }: QueryContext): void {
  const orderId = new URLSearchParams((request.url ?? '').split('?')[1]).get('orderId');
  const page = '<html><body><h1>404 Not Found</h1></body></html>';
  record(orderId, {
    kind: 'query',
    tone: 'bad',
    note: { en: 'HTTP 404: queryorderdetail is gone', zh: 'HTTP 404：queryorderdetail 已下线' },
    raw: [
      { name: 'request', text: `${request.method} ${request.url}` },
      { name: 'answer', text: `HTTP 404\n\n${page}` },
    ],
  });
  response.writeHead(404, { 'content-type': 'text/html' }).end(page);
}

/** What is recorded of a caller who did not wait. */
export const HUNG_UP: Text = { en: 'The caller gave up waiting', zh: '调用方等待超时，已断开' };

/** Waits; whether the caller, and the cashier, were still there at the end. */
export async function waited(ms: number, response: ServerResponse, closing: AbortSignal): Promise<boolean> {
  const gone = new AbortController();
  const leave = () => gone.abort();
  response.once('close', leave);
  const signal = AbortSignal.any([closing, gone.signal]);
  const whole = await wait(ms, true, { signal }).catch(() => false);
  response.off('close', leave);
  return whole;
}

function queryNote(faults: Faults, { errno, broken, order }: QueryVerdict): Text {
  if (faults.query === 'down') return { en: 'The connection was broken off', zh: '连接被中断' };
  if (faults.query === 'qps') {
    return { en: 'errno 5010003: over the QPS limit', zh: 'errno 5010003：超过 QPS 限制' };
  }
  if (broken) return { en: `errno ${errno}: ${broken.en}`, zh: `errno ${errno}：${broken.zh}` };
  if (faults.unknownStatus) return { en: 'Answered: a status never published', zh: '应答：未公布过的状态' };
  const said = [
    order?.payment === 'PAID' ? { en: 'paid', zh: '支付成功' } : { en: 'unpaid', zh: '未支付' },
    ...(order && order.refund !== 'NONE' ? [REFUND_WORDS[order.refund]] : []),
    ...(order?.verification === 'VERIFIED' ? [{ en: 'verified', zh: '已核销' }] : []),
  ];
  return {
    en: `Answered: ${said.map(({ en }) => en).join(', ')}`,
    zh: `应答：${said.map(({ zh }) => zh).join('、')}`,
  };
}

const REFUND_WORDS: Record<RefundState, Text> = {
  PROCESSING: { en: 'refund in progress', zh: '退费中' },
  REFUNDED: { en: 'refunded', zh: '退费成功' },
  FAILED: { en: 'refund failed', zh: '退费失败' },
};
