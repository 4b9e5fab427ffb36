import http from 'node:http';
import { text } from 'node:stream/consumers';
import { listenOnLoopback } from '../../local/cashier/http/loopback.ts';
import { type Behaviour, says } from './baidu.ts';

/** What can be asked of the second generation: a token, an order, its refunds. */
export type OpenapiQuestion = 'token' | 'order' | 'refund';

const PATHS: Readonly<Record<string, OpenapiQuestion>> = {
  '/oauth/2.0/token': 'token',
  '/rest/2.0/smartapp/pay/paymentservice/findByTpOrderId': 'order',
  '/rest/2.0/smartapp/pay/paymentservice/findOrderRefund': 'refund',
};

/** An answer of 查询订单 as Baidu's page prints it, ids as numbers past 2^53, with some members of `data` changed. */
export function orderBody(changes: Record<string, unknown> = {}): string {
  const data = {
    ...{ bizInfo: '{}', count: '1', createTime: '1600152342', dealId: 470193086, openId: 'oX1', status: 2 },
    ...{ orderId: 'ORDER', userId: 'USER', tpOrderId: 'T-1', totalMoney: '9900', payMoney: 9800 },
    ...{ appId: 10026, appKey: 'MMM4oc', subStatus: 0, tradeNo: '2020091522001' },
    ...changes,
  };
  const body = JSON.stringify({ errno: 0, msg: 'success', data, timestamp: 1600152400, request_id: '77' });
  return body.replace('"ORDER"', '9007199254740993').replace('"USER"', '9007199254740995');
}

/** An answer of 查询退款: one refund for each status. */
export function refundBody(statuses: readonly unknown[], changes: Record<string, unknown> = {}): string {
  const data = statuses.map((refundStatus, index) => ({
    ...{ bizRefundBatchId: `B-${index}`, refundBatchId: index + 1, refundStatus, ...changes },
  }));
  return JSON.stringify({ errno: 0, msg: 'success', data });
}

/** An answer that issues a token. */
export function tokenBody(token: string, changes: Record<string, unknown> = {}): string {
  return JSON.stringify({ access_token: token, expires_in: 2_592_000, scope: 'public', ...changes });
}

/** A scripted openapi.baidu.com. By default it issues `token-1`, `token-2`, …, and knows the order, without a refund. */
export interface ScriptedOpenapi {
  readonly url: URL;
  /** What was asked, in order, with the parameters of the URL or of the form. */
  readonly asked: { question: OpenapiQuestion | undefined; method: string; params: Record<string, string> }[];
  /** How often something was asked. */
  count(question: OpenapiQuestion): number;
  /** Plays behaviours in turn, then the standard one again. */
  play(question: OpenapiQuestion, ...behaviours: Behaviour[]): void;
  /** Sets the standard behaviour. */
  always(question: OpenapiQuestion, behaviour: Behaviour): void;
  close(): Promise<void>;
}

/** Starts a scripted openapi.baidu.com on a free port of 127.0.0.1. */
export async function startOpenapi(): Promise<ScriptedOpenapi> {
  const asked: ScriptedOpenapi['asked'] = [];
  const scripts: Record<OpenapiQuestion, Behaviour[]> = { token: [], order: [], refund: [] };
  let issued = 0;
  const standard: Record<OpenapiQuestion, Behaviour> = {
    token: (...args) => {
      issued += 1;
      says(tokenBody(`token-${issued}`))(...args);
    },
    order: says(orderBody()),
    refund: says(refundBody([])),
  };
  const server = http.createServer(async (request, response) => {
    const [path = '', search = ''] = (request.url ?? '').split('?');
    const question = PATHS[path];
    const form = request.method === 'POST' ? await text(request) : search;
    asked.push({
      ...{ question, method: request.method ?? '' },
      params: Object.fromEntries(new URLSearchParams(form)),
    });
    if (question === undefined) return says('', 404)(request, response);
    (scripts[question].shift() ?? standard[question])(request, response);
  });
  const { url, close } = await listenOnLoopback(server);
  return {
    url: new URL(url),
    asked,
    count: (question) => asked.filter((each) => each.question === question).length,
    play: (question, ...behaviours) => scripts[question].push(...behaviours),
    always: (question, behaviour) => {
      standard[question] = behaviour;
    },
    close,
  };
}
