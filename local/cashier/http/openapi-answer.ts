import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Faults } from '../faults.ts';
import type { Text } from '../text.ts';
import { HUNG_UP, type QueryContext, waited } from './answer.ts';
import {
  judgeOpenapi,
  type OpenapiQuestion,
  type OpenapiRules,
  type OpenapiVerdict,
  refusalAnswer,
} from './openapi.ts';

/** What answering a question of the second generation needs. */
export interface OpenapiContext extends Omit<QueryContext, 'rules'> {
  /** The rules of the app that the parameters name; of the first where they name none. */
  readonly rules: (params: Readonly<Record<string, string>>) => OpenapiRules;
}

const OVER_QPS = 50029;
const LARGEST_FORM = 64 * 1024;

/** Answers a question of the second generation as Baidu does, or as a switch says, and records it. */
export async function answerOpenapi(
  request: IncomingMessage,
  response: ServerResponse,
  { question, context }: { question: OpenapiQuestion; context: OpenapiContext },
): Promise<void> {
  const { rules, slowMs, closing } = context;
  const started = performance.now();
  const faults = context.faults();
  const [, search = ''] = (request.url ?? '').split(/\?(.*)/s);
  const sent = question === 'token' && request.method === 'POST' ? await readForm(request) : search;
  const pairs = [...new URLSearchParams(sent)];
  const verdict = judgeOpenapi(
    question,
    { method: request.method ?? '', pairs },
    rules(Object.fromEntries(pairs)),
  );
  const hungUp = faults.query === 'slow' && !(await waited(slowMs, response, closing));
  const over = faults.query === 'qps' && question !== 'token';
  const { status, answer } = over ? { status: 200, answer: refusalAnswer(OVER_QPS) } : verdict;
  const cut = faults.query === 'down' || hungUp;
  const form = question === 'token' && request.method === 'POST' ? `\n\n${sent}` : '';
  const asked = withoutSecret(`${request.url}${form}`);
  context.record(verdict.order?.orderId ?? null, {
    kind: question === 'token' ? 'token' : 'query',
    tone: verdict.broken === null && faults.query === 'none' && !faults.unknownStatus ? 'good' : 'bad',
    note: hungUp ? HUNG_UP : noteOf(question, verdict, faults),
    flaw: faults.query === 'slow' ? { en: 'Slow', zh: '缓慢' } : undefined,
    raw: [
      { name: 'request', text: `${request.method} ${asked}` },
      ...(cut ? [] : [{ name: 'answer', text: answer }]),
    ],
    milliseconds: Math.round(performance.now() - started),
  });
  if (faults.query === 'down') request.socket.destroy();
  else response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end(answer);
}

async function readForm(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > LARGEST_FORM) throw new Error('more than 64 KB were sent');
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** What a person looks at over somebody's shoulder need not hold the secret. */
function withoutSecret(form: string): string {
  return form.replace(/(client_secret=)[^&]*/g, '$1…');
}

const ANSWERED: Record<OpenapiQuestion, Text> = {
  token: { en: 'An access token was issued', zh: '已发放 access_token' },
  order: { en: 'Answered by findByTpOrderId: ', zh: 'findByTpOrderId 应答：' },
  refund: { en: 'Answered by findOrderRefund: ', zh: 'findOrderRefund 应答：' },
};

const PAYMENTS: Record<string, Text> = {
  UNPAID: { en: 'unpaid', zh: '未支付' },
  PAID: { en: 'paid', zh: '支付成功' },
  CANCELLED: { en: 'cancelled', zh: '已取消' },
};

const REFUNDS: Record<string, Text> = {
  NONE: { en: 'no refund', zh: '无退款' },
  PROCESSING: { en: 'refund in progress', zh: '退费中' },
  REFUNDED: { en: 'refunded', zh: '退费成功' },
  FAILED: { en: 'refund failed', zh: '退费失败' },
};

function noteOf(question: OpenapiQuestion, { broken, order, answer }: OpenapiVerdict, faults: Faults): Text {
  if (faults.query === 'down') return { en: 'The connection was broken off', zh: '连接被中断' };
  if (faults.query === 'qps' && question !== 'token') {
    return { en: `errno ${OVER_QPS}: too many calls`, zh: `errno ${OVER_QPS}：请求过于频繁` };
  }
  if (broken) {
    const { error, error_code: code, errno } = JSON.parse(answer);
    const refusal = error ?? (code === undefined ? `errno ${errno}` : `error_code ${code}`);
    return { en: `${refusal}: ${broken.en}`, zh: `${refusal}：${broken.zh}` };
  }
  if (faults.unknownStatus && question === 'order') {
    return { en: 'Answered: a status never published', zh: '应答：未公布过的状态' };
  }
  const { en, zh } = ANSWERED[question];
  if (question === 'token' || !order) return { en, zh };
  const said = question === 'order' ? PAYMENTS[order.payment] : REFUNDS[order.refund];
  return { en: en + (said?.en ?? ''), zh: zh + (said?.zh ?? '') };
}
