import { randomBytes } from 'node:crypto';
import { isLong, type Order } from '../orders/order.ts';
import { leakIn, leakWords } from '../signature/private-keys.ts';
import type { Text } from '../text.ts';

const SERVICE = '/rest/2.0/smartapp/pay/paymentservice';

/** What of openapi.baidu.com the cashier has: the access token, 查询订单 and 查询退款. */
export const OPENAPI_PATHS = {
  '/oauth/2.0/token': 'token',
  [`${SERVICE}/findByTpOrderId`]: 'order',
  [`${SERVICE}/findOrderRefund`]: 'refund',
} as const;

/** One of the questions of `OPENAPI_PATHS`. */
export type OpenapiQuestion = (typeof OPENAPI_PATHS)[keyof typeof OPENAPI_PATHS];

/** What the cashier knows when it checks a question. */
export interface OpenapiRules {
  readonly appId: string;
  readonly appKey: string;
  readonly dealId: string;
  readonly smartAppKey: string;
  readonly smartAppSecret: string;
  /** Whether a token serves for one question only. */
  readonly tokenExpired: boolean;
  readonly unknownStatus: boolean;
  readonly tokens: Tokens;
  findByTpOrderId(tpOrderId: string): Order | undefined;
}

/** What the cashier makes of a question: its answer, and for the person at the desk the rule that was broken. */
export interface OpenapiVerdict {
  readonly status: number;
  readonly answer: string;
  readonly order: Order | null;
  readonly broken: Text | null;
}

/** How long a token is valid, in seconds. */
const TOKEN_SECONDS = 2_592_000;

/** The access tokens that were issued. */
export class Tokens {
  readonly #issued = new Map<string, { until: number; used: number }>();
  readonly #now: () => Date;

  /** @param now the clock */
  constructor(now: () => Date) {
    this.#now = now;
  }

  /** Issues a token. */
  issue(): string {
    const token = `24.${randomBytes(16).toString('hex')}`;
    this.#issued.set(token, { until: this.#now().getTime() + 1000 * TOKEN_SECONDS, used: 0 });
    return token;
  }

  /** Takes note of a use, and says by which code it is refused: 110 (nobody issued it), 111 (expired), or 0. */
  use(token: string, once: boolean): 0 | 110 | 111 {
    const known = this.#issued.get(token);
    if (!known) return 110;
    known.used += 1;
    return this.#now().getTime() >= known.until || (once && known.used > 1) ? 111 : 0;
  }
}

/** Checks a question by Baidu's rules and answers it: each parameter once, a valid token, an app and an order that are known. */
export function judgeOpenapi(
  question: OpenapiQuestion,
  asked: { method: string; pairs: readonly (readonly [string, string])[] },
  rules: OpenapiRules,
): OpenapiVerdict {
  const { method, pairs } = asked;
  const params = Object.fromEntries(pairs);
  const leak = leakIn(pairs);
  if (leak) return refuseLeak(question, leak);
  if (question === 'token') return judgeToken(method, params, rules);
  const names = question === 'order' ? ['tpOrderId'] : ['tpOrderId', 'userId'];
  const token = rules.tokens.use(params['access_token'] ?? '', rules.tokenExpired);
  if (token !== 0) return refuseToken(token);
  if (method !== 'GET') {
    return refuse(2002, { en: `${method} was sent: it is a GET`, zh: `请求方法为 ${method}：应为 GET` });
  }
  for (const name of [...names, 'pmAppKey']) {
    const count = pairs.filter(([given]) => given === name).length;
    if (count === 0 || params[name] === '') {
      return refuse(60000, { en: `${name} is missing`, zh: `缺少参数 ${name}` });
    }
    if (count > 1) return refuse(60000, { en: `${name} was sent more than once`, zh: `参数 ${name} 重复` });
  }
  const { tpOrderId = '', userId = '', pmAppKey = '' } = params;
  if (pmAppKey !== rules.appKey) return refuse(60008, strangeAppKey(pmAppKey, rules));
  const order = rules.findByTpOrderId(tpOrderId);
  if (!order) {
    return refuse(60021, { en: `there is no order ${tpOrderId}`, zh: `订单 ${tpOrderId} 不存在` });
  }
  if (question === 'order') return { status: 200, answer: orderAnswer(order, rules), order, broken: null };
  if (!isLong(userId)) {
    const broken = { en: 'userId is not a whole number up to 2^63 - 1', zh: '参数 userId 不是合法的 Long' };
    return refuse(60000, broken, order);
  }
  if (userId !== order.userId) {
    const broken = {
      en: `userId is ${userId}, but the order belongs to user ${order.userId}`,
      zh: `userId 为 ${userId}，但该订单属于用户 ${order.userId}`,
    };
    return refuse(60021, broken, order);
  }
  return { status: 200, answer: refundAnswer(order), order, broken: null };
}

function judgeToken(method: string, params: Record<string, string>, rules: OpenapiRules): OpenapiVerdict {
  const refused = (error: string, words: string, broken: Text): OpenapiVerdict => ({
    ...{ status: error === 'invalid_client' ? 401 : 400, order: null, broken },
    answer: JSON.stringify({ error, error_description: words }),
  });
  if (method !== 'POST') {
    const broken = { en: `${method} was sent: it is a POST`, zh: `请求方法为 ${method}：应为 POST` };
    return refused('invalid_request', 'use POST', broken);
  }
  for (const [name, wanted] of [
    ['grant_type', 'client_credentials'],
    ['scope', 'smartapp_snsapi_base'],
  ] as const) {
    if (params[name] === wanted) continue;
    const broken = { en: `${name} is not ${wanted}`, zh: `${name} 不是 ${wanted}` };
    return refused(name === 'scope' ? 'invalid_scope' : 'unsupported_grant_type', `${name} is wrong`, broken);
  }
  if (params['client_id'] !== rules.smartAppKey) {
    const payment = params['client_id'] === rules.appKey;
    return refused('invalid_client', 'unknown client id', {
      en: payment
        ? "client_id is the payment appKey: the mini-program's own App Key belongs there"
        : "client_id is not the mini-program's App Key",
      zh: payment
        ? 'client_id 填成了支付 appKey：应为小程序自己的 App Key'
        : 'client_id 不是小程序的 App Key',
    });
  }
  if (params['client_secret'] !== rules.smartAppSecret) {
    return refused('invalid_client', 'Client authentication failed', {
      en: "client_secret is not the mini-program's App Secret",
      zh: 'client_secret 不是小程序的 App Secret',
    });
  }
  const issued = {
    access_token: rules.tokens.issue(),
    expires_in: TOKEN_SECONDS,
    scope: 'smartapp_snsapi_base',
  };
  return { status: 200, answer: JSON.stringify(issued), order: null, broken: null };
}

function refuseToken(code: 110 | 111): OpenapiVerdict {
  const broken =
    code === 110
      ? { en: 'nobody issued this access token', zh: 'access_token 无效' }
      : { en: 'the access token has expired', zh: 'access_token 已过期' };
  const words = code === 110 ? 'Access token invalid or no longer valid' : 'Access token expired';
  return {
    ...{ status: 200, order: null, broken },
    answer: JSON.stringify({ error_code: code, error_msg: words }),
  };
}

const MESSAGES: Record<number, string> = {
  2002: '参数错误',
  50029: '请求过于频繁',
  60000: '支付参数错误',
  60008: '支付服务未开通',
  60021: '无数据',
};

/** The answer for a code of the payment service, as JSON. */
export function refusalAnswer(code: number, more = ''): string {
  return JSON.stringify({ errno: code, msg: (MESSAGES[code] ?? '系统错误') + more, data: [] });
}

/** Refuses who sent a private key, and says so to them. */
function refuseLeak(question: OpenapiQuestion, leak: Text): OpenapiVerdict {
  const words = leakWords(leak);
  const refused = { order: null, broken: leak };
  if (question !== 'token') return { ...refused, status: 200, answer: refusalAnswer(60000, `：${words}`) };
  const answer = JSON.stringify({ error: 'invalid_request', error_description: words });
  return { ...refused, status: 400, answer };
}

function refuse(code: number, broken: Text, order: Order | null = null): OpenapiVerdict {
  return { status: 200, answer: refusalAnswer(code), order, broken };
}

function strangeAppKey(pmAppKey: string, { appKey, smartAppKey }: OpenapiRules): Text {
  if (pmAppKey === smartAppKey) {
    return {
      en: "pmAppKey is the mini-program's App Key: the payment appKey belongs there",
      zh: 'pmAppKey 填成了小程序的 App Key：应为支付 appKey',
    };
  }
  return {
    en: `pmAppKey is ${pmAppKey}, the cashier's is ${appKey}`,
    zh: `pmAppKey 为 ${pmAppKey}，收银台配置的是 ${appKey}`,
  };
}

const ORDER_STATUS = { UNPAID: 1, PAID: 2, CANCELLED: -1 };
const REFUND_STATUS = { AUDIT: 1, PROCESSING: 1, REFUNDED: 2, FAILED: 3 };

function orderAnswer(order: Order, { appId, appKey, dealId, unknownStatus }: OpenapiRules): string {
  const refundedByBaidu = order.settlement === 'REFUNDED';
  const status = refundedByBaidu ? ORDER_STATUS.CANCELLED : ORDER_STATUS[order.payment];
  const data = {
    ...{ appId, appKey, dealId, count: '1', openId: `open-${order.userId}` },
    ...{ orderId: order.orderId, userId: order.userId, tpOrderId: order.tpOrderId },
    createTime: Math.floor(Date.parse(order.createdAt) / 1000),
    status: unknownStatus ? 7 : status,
    subStatus: 0,
    totalMoney: order.totalMoney,
    payMoney: order.payment === 'PAID' ? order.totalMoney : 0,
    tradeNo: String(order.payTime),
  };
  return withNumbers({ errno: 0, msg: 'success', data });
}

function refundAnswer({ orderId, userId, payTime, refund, refunds }: Order): string {
  const one = (refundBatchId: string, refundStatus: number) => ({
    ...{ bizRefundBatchId: '', orderId, userId, refundStatus, refundBatchId },
  });
  const played = refunds.flatMap(({ refundBatchId, state }) =>
    state === 'REFUSED' ? [] : [one(refundBatchId, REFUND_STATUS[state])],
  );
  // One that the desk has set without a word has a name all the same.
  const set = refund === 'NONE' ? [] : [one(String(1000 * payTime + 1), REFUND_STATUS[refund])];
  const data = played.length > 0 ? played : set;
  return withNumbers({ errno: 0, msg: 'success', data });
}

/** JSON with ids as numbers, whole however long they are. A quote inside of a text is escaped, so no text is changed. */
function withNumbers(value: unknown): string {
  return JSON.stringify(value).replace(/"(appId|dealId|orderId|userId|refundBatchId)":"(\d+)"/g, '"$1":$2');
}
