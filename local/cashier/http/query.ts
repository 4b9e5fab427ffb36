import { type KeyObject, randomInt } from 'node:crypto';
import { isLong, type Order } from '../orders/order.ts';
import type { Raw } from '../orders/order-book.ts';
import { diagnose } from '../signature/diagnosis.ts';
import { leakIn, leakWords } from '../signature/private-keys.ts';
import { canonicalText, verify } from '../signature/signature.ts';
import type { Text } from '../text.ts';

/** Where Baidu's payment status query lives (百度智能小程序, 支付状态查询). */
export const QUERY_PATH = '/platform/entity/openapi/queryorderdetail';

const PARAMETERS = ['appId', 'appKey', 'orderId', 'siteId', 'sign'] as const;

/** What the cashier knows when it checks a query; without a merchant's key no signature is right. */
export interface QueryRules {
  readonly appId: string;
  readonly appKey: string;
  readonly merchantPublicKey: KeyObject | null;
  find(orderId: string): Order | undefined;
}

/** What the cashier makes of a query: Baidu's `errno`, and for the person at the desk the rule that was broken. */
export interface QueryVerdict {
  readonly errno: 0 | 10000 | 10001 | 10002;
  /** The id that was asked for, if there was one. */
  readonly orderId: string | null;
  readonly order: Order | null;
  readonly broken: Text | null;
  /** What the sender is told of a private key among the parameters. */
  readonly leak: Text | null;
  readonly raw: readonly Raw[];
}

/**
 * Checks a query by Baidu's rules: GET, exactly five parameters (beside `sign_type`, which is not signed), each once, Longs in range, an app that is
 * known, a signature by the merchant's key, an order of that user.
 *
 * @param search the raw query string, with or without `?`
 */
export function checkQuery(method: string, search: string, rules: QueryRules): QueryVerdict {
  const pairs = [...new URLSearchParams(search)];
  const params = Object.fromEntries(pairs);
  const orderId = params['orderId'] ?? null;
  const expected = canonicalText(params);
  const raw: Raw[] = [{ name: 'expectedText', text: expected }];
  const leak = leakIn(pairs);
  const refuse = (errno: QueryVerdict['errno'], broken: Text, order: Order | null = null): QueryVerdict => ({
    ...{ errno, orderId, order, broken, leak, raw },
  });

  if (leak) return refuse(10001, leak);

  const parameters = brokenParameters(method, pairs);
  if (parameters) return refuse(10001, parameters);
  const app = unknownApp(params, rules);
  if (app) return refuse(10002, app);
  if (rules.merchantPublicKey === null) {
    return refuse(10000, {
      en: "the cashier has no merchant's public key to verify with",
      zh: '收银台尚未配置商户公钥，无法验签',
    });
  }
  const signature = params['sign'] ?? '';
  if (!verify(params, signature, rules.merchantPublicKey)) {
    return refuse(10000, diagnose(pairs, expected, signature, rules.merchantPublicKey));
  }
  const order = rules.find(orderId ?? '');
  if (!order) return refuse(10002, { en: `there is no order ${orderId}`, zh: `订单 ${orderId} 不存在` });
  if (order.userId !== params['siteId']) {
    return refuse(10002, {
      en: `siteId is ${params['siteId']}, but the order belongs to user ${order.userId}`,
      zh: `siteId 为 ${params['siteId']}，但该订单属于用户 ${order.userId}`,
    });
  }
  return { errno: 0, orderId, order, broken: null, leak, raw };
}

function brokenParameters(method: string, pairs: readonly (readonly [string, string])[]): Text | null {
  if (method !== 'GET')
    return { en: `${method} was sent: a query is a GET`, zh: `请求方法为 ${method}：应为 GET` };
  for (const name of PARAMETERS) {
    const values = pairs.filter(([given]) => given === name).map(([, value]) => value);
    if (values.length === 0) return { en: `${name} is missing`, zh: `缺少参数 ${name}` };
    if (values.length > 1) return { en: `${name} was sent more than once`, zh: `参数 ${name} 重复` };
    const [value = ''] = values;
    if (value === '') return { en: `${name} is empty`, zh: `参数 ${name} 为空` };
    const long = name === 'appId' || name === 'orderId' || name === 'siteId';
    if (long && !isLong(value)) {
      return { en: `${name} is not a whole number up to 2^63 - 1`, zh: `参数 ${name} 不是合法的 Long` };
    }
  }
  const known: readonly string[] = [...PARAMETERS, 'sign_type'];
  const stranger = pairs.find(([given]) => !known.includes(given));
  if (!stranger) return null;
  return { en: `${stranger[0]} does not belong to this query`, zh: `多余的参数 ${stranger[0]}` };
}

function unknownApp(params: Record<string, string>, rules: QueryRules): Text | null {
  for (const name of ['appId', 'appKey'] as const) {
    if (params[name] === rules[name]) continue;
    return {
      en: `${name} is ${params[name]}, the cashier's is ${rules[name]}`,
      zh: `${name} 为 ${params[name]}，收银台配置的是 ${rules[name]}`,
    };
  }
  return null;
}

const MESSAGES: Record<number, string> = {
  0: '成功',
  10000: '签名错误',
  10001: '参数错误',
  10002: '订单或 appKey 不存在',
  5010003: '请求超过 QPS 限制',
};

/**
 * Writes the answer of a query in the shape that Baidu publishes, as JSON.
 *
 * @param errno 0, or one of Baidu's codes
 * @param leak what is said of a private key that was sent
 * @param unknownStatus gives the payment a status number that Baidu has never published
 */
export function queryAnswer(options: {
  errno: number;
  order: Order | null;
  leak: Text | null;
  unknownStatus: boolean;
  now: Date;
}): string {
  const { errno, order, leak, unknownStatus, now } = options;
  const known = MESSAGES[errno] ?? '系统错误';
  const message = leak ? `${known}：${leakWords(leak)}` : known;
  const data = errno === 0 && order !== null ? { data: statuses(order, unknownStatus) } : [];
  return JSON.stringify({
    errno,
    errmsg: message,
    msg: message,
    data,
    timestamp: Math.floor(now.getTime() / 1000),
    cached: 0,
    serverlogid: String(randomInt(1e9, 1e10)),
  });
}

const REFUNDS = {
  NONE: { statusNum: -1, statusDesc: '未退费' },
  PROCESSING: { statusNum: 1, statusDesc: '退费中' },
  REFUNDED: { statusNum: 2, statusDesc: '退费成功' },
  FAILED: { statusNum: 9, statusDesc: '退费失败' },
};

function statuses(order: Order, unknownStatus: boolean) {
  const paid = order.payment === 'PAID';
  const payStatus = paid ? { statusNum: 1, statusDesc: '支付成功' } : { statusNum: -1, statusDesc: '未支付' };
  return {
    payStatus: unknownStatus ? { statusNum: 7, statusDesc: '风控审核中' } : payStatus,
    refundStatus: REFUNDS[order.refund],
    verification:
      order.verification === 'VERIFIED'
        ? { statusNum: 1, statusDesc: '已核销' }
        : { statusNum: -1, statusDesc: '无核销数据' },
  };
}
