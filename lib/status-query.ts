import { createBaiduClient } from './baidu/client.ts';
import { ServiceError, unfitField } from './baidu/errors.ts';
import type { Attempt } from './baidu/http/attempts.ts';
import type { Transport } from './baidu/http/https.ts';
import type { OrderRef } from './baidu/order.ts';
import type { OrderStatus } from './baidu/order-status.ts';
import type {
  QueriedOrder,
  SecondGenerationApp,
  SecondGenerationClient,
} from './baidu/second-generation/client.ts';
import type { FoundOrder } from './baidu/second-generation/found-order.ts';
import type { Apps } from './merchant/apps.ts';
import { withPreviousKey } from './merchant/previous-key.ts';
import type { MerchantApp } from './merchant/secret.ts';

/** Which of Baidu's interfaces is asked for an order's status. */
export type StatusApi = OrderStatus['source']['api'];

/** Where Baidu is asked, how long one attempt may take in milliseconds, and how many there are. */
export interface BaiduConfig {
  readonly statusApi: StatusApi;
  /** Of the first generation. */
  readonly queryUrl: URL;
  /** Of the second: an origin. */
  readonly openapiUrl: URL;
  readonly attemptTimeoutMs: number;
  readonly maxAttempts: number;
}

/** Asks Baidu, whichever generation answers. Each throws as the clients do. */
export interface StatusQuery {
  /**
   * The status of an order. The second generation asks by the merchant's id, the first does not look at it.
   *
   * @throws ServiceError `ORDER_UNKNOWN` where the second generation has no such order, or the merchant's id is not known
   */
  readonly queryOrder: (
    app: MerchantApp,
    order: OrderRef & { readonly tpOrderId?: string | undefined },
    budgetMs?: number,
  ) => Promise<OrderStatus>;
  /** 查询订单: `undefined` where Baidu has no such order, or the app has no `smartAppKey`. */
  readonly findOrder: (
    app: MerchantApp,
    tpOrderId: string,
    budgetMs?: number,
  ) => Promise<FoundOrder | undefined>;
  /** There only where the second generation is asked for the status: it needs no id of Baidu's. */
  readonly queryOwnId?: (
    app: MerchantApp,
    tpOrderId: string,
    budgetMs?: number,
  ) => Promise<QueriedOrder | undefined>;
}

/**
 * What asks Baidu by a configuration. The second generation's client is loaded at the first question that needs it.
 *
 * @param readPrevious as `withPreviousKey` takes it
 */
export function createStatusQuery(
  config: BaiduConfig,
  parts: {
    /** To where the status is asked for. */
    readonly transport?: Transport;
    readonly onAttempt: (attempt: Attempt) => void;
    readonly readPrevious: (budgetMs: number) => Promise<Pick<Apps<MerchantApp>, 'find'>>;
  },
): StatusQuery {
  const { statusApi, queryUrl, openapiUrl, attemptTimeoutMs, maxAttempts } = config;
  const limits = { attemptTimeoutMs, maxAttempts, onAttempt: parts.onAttempt };
  const own = parts.transport && { transport: parts.transport };
  const isFirst = statusApi === 'queryorderdetail';
  let loading: Promise<SecondGenerationClient> | undefined;
  const open = () => {
    loading ??= import('./baidu/second-generation/client.ts').then(({ createSecondGenerationClient }) =>
      createSecondGenerationClient({ ...limits, openapiUrl, ...(!isFirst && own) }),
    );
    return loading;
  };
  if (!isFirst) {
    // In the init phase; a failure shows at the first question.
    open().catch(() => undefined);
    return bySecondGeneration(open);
  }
  const first = createBaiduClient({ ...limits, queryUrl, ...own });
  return {
    queryOrder: withPreviousKey(first, parts.readPrevious),
    findOrder: async (app, tpOrderId, budgetMs) =>
      hasPair(app) ? (await open()).findOrder(app, tpOrderId, budgetMs) : undefined,
  };
}

function bySecondGeneration(open: () => Promise<SecondGenerationClient>): StatusQuery {
  return {
    findOrder: async (app, tpOrderId, budgetMs) =>
      (await open()).findOrder(withPair(app), tpOrderId, budgetMs),
    queryOwnId: async (app, tpOrderId, budgetMs) =>
      (await open()).queryOrder(withPair(app), { tpOrderId }, budgetMs),
    queryOrder: async (app, { orderId, siteId, tpOrderId }, budgetMs) => {
      const pair = withPair(app);
      if (tpOrderId === undefined) {
        throw unknownOrder('The ledger does not know the merchant’s id of this order.');
      }
      const found = await (await open()).queryOrder(pair, { orderId, siteId, tpOrderId }, budgetMs);
      if (!found) throw unknownOrder('Baidu has no such order of this user.');
      const { appId, payment, refund, verification, source } = found;
      return { appId, orderId, siteId, payment, refund, verification, source };
    },
  };
}

/** The error where nobody has told of an order. */
export function unknownOrder(message: string): ServiceError {
  return new ServiceError('ORDER_UNKNOWN', message);
}

function hasPair(app: MerchantApp): app is MerchantApp & SecondGenerationApp {
  return app.smartAppKey !== undefined && app.smartAppSecret !== undefined;
}

function withPair(app: MerchantApp): MerchantApp & SecondGenerationApp {
  if (hasPair(app)) return app;
  throw unfitField(
    'smartAppKey',
    `of app ${app.appId} is missing: BAIDU_STATUS_API=findByTpOrderId asks by it`,
  );
}
