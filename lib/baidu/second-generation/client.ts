import { BAIDU_OPENAPI_URL } from '../address.ts';
import type { App } from '../client.ts';
import { BaiduError } from '../errors.ts';
import { type Ask, type AttemptLimits, createAsk, deadlineOf } from '../http/attempts.ts';
import { STANDARD_LIMITS } from '../http/deadline.ts';
import { createTransport, type HttpAnswer, type Transport } from '../http/https.ts';
import { badResponse, type OrderStatus } from '../order-status.ts';
import { type AccessTokens, createAccessTokens, type SmartApp } from './access-token.ts';
import { type FoundOrder, type RefundStatus, readFoundOrder, readRefunds } from './found-order.ts';

export type { FoundOrder } from './found-order.ts';

/** A payment app with the mini-program's own App Key and App Secret, which the second generation asks for. */
export interface SecondGenerationApp extends Omit<App, 'privateKey'>, SmartApp {}

/** What a client of the second generation is made of; everything has a default. */
export interface SecondGenerationOptions extends Partial<AttemptLimits> {
  /** Where the second generation answers: its origin. */
  openapiUrl?: URL;
  transport?: Transport;
  /** The clock that tokens age by, in milliseconds since 1970. */
  now?: () => number;
}

/** An order's status by the merchant's id, with its amounts where Baidu tells them. */
export interface QueriedOrder extends OrderStatus {
  readonly tpOrderId: string;
  /** In fen. */
  readonly totalMoney?: number;
  /** In fen. */
  readonly payMoney?: number;
}

/** Asks the second generation of Baidu's interface; each question within `budgetMs` milliseconds, 7 s at most. */
export interface SecondGenerationClient {
  /** 查询订单: `undefined` where Baidu has no such order. */
  findOrder(app: SecondGenerationApp, tpOrderId: string, budgetMs?: number): Promise<FoundOrder | undefined>;
  /** 查询退款, with the first generation's numbers; with an `orderId`, of that order of Baidu's alone. */
  findRefund(
    app: SecondGenerationApp,
    order: { readonly tpOrderId: string; readonly userId: string; readonly orderId?: string | undefined },
    budgetMs?: number,
  ): Promise<RefundStatus>;
  /**
   * Both, as one status. `undefined` where Baidu has no such order, or under this merchant's id only one that is
   * not of the user or has not the `orderId` that are given.
   */
  queryOrder(
    app: SecondGenerationApp,
    order: {
      readonly tpOrderId: string;
      readonly siteId?: string | undefined;
      readonly orderId?: string | undefined;
    },
    budgetMs?: number,
  ): Promise<QueriedOrder | undefined>;
}

const SERVICE_PATH = '/rest/2.0/smartapp/pay/paymentservice/';

/** What the gateway says of a token that is invalid, or expired. */
const TOKEN_REFUSED: readonly number[] = [110, 111];

/** Whether an order was redeemed (核销) the second generation does not tell. */
const NO_VERIFICATION = { status: 'UNKNOWN', code: null, description: '' } as const;

/**
 * A client of the second generation (`openapi.baidu.com`), under the limits of the first one's. It keeps an access
 * token for each app, and exchanges one that Baidu refuses once for each question.
 *
 * @returns functions that throw `BaiduError` for an errno or error_code other than 0, and `ServiceError` with
 *   `BAIDU_ERROR` (no token is given), `BAIDU_BAD_RESPONSE`, `BAIDU_UNREACHABLE` or `BAIDU_TIMEOUT`
 * @see Baidu's smart mini-program documentation, 查询订单 and 查询退款
 */
export function createSecondGenerationClient(options: SecondGenerationOptions = {}): SecondGenerationClient {
  const { openapiUrl = new URL(BAIDU_OPENAPI_URL), now = Date.now, ...more } = options;
  const { transport, ...limits } = more;
  const ask = createAsk(transport ?? createTransport(openapiUrl), {
    ...limits,
    attemptTimeoutMs: limits.attemptTimeoutMs ?? STANDARD_LIMITS.attemptTimeoutMs,
    maxAttempts: limits.maxAttempts ?? STANDARD_LIMITS.maxAttempts,
  });
  const put = asker({ ask, openapiUrl, tokens: createAccessTokens({ ask, openapiUrl, now }) });

  const findOrder = (app: SecondGenerationApp, tpOrderId: string, deadline: number) => {
    const request = { appId: app.appId, appKeys: [app.appKey, app.smartAppKey], tpOrderId };
    const read = (answer: HttpAnswer, confidential: readonly string[]) =>
      readFoundOrder(answer, request, confidential);
    return put(app, { name: 'findByTpOrderId', params: { tpOrderId }, read }, deadline);
  };
  const findRefund = (
    app: SecondGenerationApp,
    { tpOrderId, userId, orderId }: { tpOrderId: string; userId: string; orderId?: string | undefined },
    deadline: number,
  ) => {
    const read = (answer: HttpAnswer, confidential: readonly string[]) =>
      readRefunds(answer, orderId, confidential);
    return put(app, { name: 'findOrderRefund', params: { tpOrderId, userId }, read }, deadline);
  };

  return {
    findOrder: async (app, tpOrderId, budgetMs) =>
      (await findOrder(app, tpOrderId, deadlineOf(budgetMs)))?.order,
    findRefund: async (app, order, budgetMs) => findRefund(app, order, deadlineOf(budgetMs)),
    queryOrder: async (app, { tpOrderId, siteId, orderId }, budgetMs) => {
      const deadline = deadlineOf(budgetMs);
      const found = await findOrder(app, tpOrderId, deadline);
      if (!found || differs(orderId, found.order.orderId) || differs(siteId, found.order.siteId)) {
        return undefined;
      }
      const { order, source } = found;
      const userId = order.siteId ?? siteId;
      if (userId === undefined) throw badResponse('names no user, and none is known', { passing: false });
      const refund = await findRefund(app, { tpOrderId, userId, orderId: order.orderId }, deadline);
      return {
        ...{ appId: app.appId, orderId: order.orderId, siteId: userId, tpOrderId },
        ...{ payment: order.payment, refund, verification: NO_VERIFICATION, source },
        ...(order.totalMoney !== undefined && { totalMoney: order.totalMoney }),
        ...(order.payMoney !== undefined && { payMoney: order.payMoney }),
      };
    },
  };
}

interface ServiceQuestion<T> {
  readonly name: 'findByTpOrderId' | 'findOrderRefund';
  readonly params: { readonly tpOrderId: string; readonly userId?: string };
  readonly read: (answer: HttpAnswer, confidential: readonly string[]) => T;
}

/** Puts a question with the app's token, and once more with a new one where Baidu does not take the first. */
function asker({ ask, openapiUrl, tokens }: { ask: Ask; openapiUrl: URL; tokens: AccessTokens }) {
  return async <T>(
    app: SecondGenerationApp,
    { name, params, read }: ServiceQuestion<T>,
    deadline: number,
  ): Promise<T> => {
    const about = { appId: app.appId, tpOrderId: params.tpOrderId };
    const put = (token: string) => {
      const url = new URL(SERVICE_PATH + name, openapiUrl);
      url.search = new URLSearchParams({ access_token: token, ...params, pmAppKey: app.appKey }).toString();
      const { smartAppSecret, smartAppKey, appKey } = app;
      const confidential = [
        token,
        smartAppSecret,
        smartAppKey,
        appKey,
        ...(params.userId ? [params.userId] : []),
      ];
      return ask({ about, url, read: (answer) => read(answer, confidential) }, deadline);
    };
    const token = await tokens.get(app, about, deadline);
    try {
      return await put(token);
    } catch (error) {
      if (!(error instanceof BaiduError && TOKEN_REFUSED.includes(error.errno))) throw error;
      tokens.drop(app, token);
      return put(await tokens.get(app, about, deadline));
    }
  };
}

function differs(given: string | undefined, found: string | undefined): boolean {
  return given !== undefined && found !== undefined && given !== found;
}
