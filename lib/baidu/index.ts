/**
 * Baidu's cashier (百度收银台) for any server: ask whether an order was paid, and verify, read and answer what Baidu's
 * platform sends. Nothing else of this folder is public.
 */
import { KeyObject } from 'node:crypto';
import { BAIDU_OPENAPI_URL, BAIDU_QUERY_URL, isLoopback } from './address.ts';
import type { App, QueryOrder } from './client.ts';
import type { Attempt } from './http/attempts.ts';
import { STANDARD_LIMITS } from './http/deadline.ts';
import { isLong, type OrderRef, parseOrderRef, parseOwnId } from './order.ts';
import type { OrderStatus } from './order-status.ts';
import type { SmartApp } from './second-generation/access-token.ts';
import type { QueriedOrder, SecondGenerationClient } from './second-generation/client.ts';
import { readFields, readForm } from './webhook/form.ts';
import { checkNotification, type Notification, parseNotification } from './webhook/notification.ts';
import * as refund from './webhook/refund.ts';
import type { NotificationKeys } from './webhook/signed-form.ts';

export { canonicalText } from './canonical.ts';
export type { App } from './client.ts';
export { BaiduError, ServiceError } from './errors.ts';
export type { Attempt } from './http/attempts.ts';
export { publicKeyText, readPrivateKey, readPublicKey } from './keys.ts';
export type { OrderRef } from './order.ts';
export type { OrderStatus, Status } from './order-status.ts';
export type { SmartApp } from './second-generation/access-token.ts';
export type { QueriedOrder as MerchantOrderStatus } from './second-generation/client.ts';
export { signParams, verifyParams } from './sign.ts';
export { auditAnswer, type PlatformAnswer, paymentAnswer, refundAnswer } from './webhook/answers.ts';
export type { Notification as PaymentNotification } from './webhook/notification.ts';
export type { RefundAudit, RefundNotification } from './webhook/refund.ts';

/** How a client asks Baidu. Every option has a default. */
export interface ClientOptions {
  /** How long one attempt may take, in milliseconds: 1500. */
  readonly attemptTimeoutMs?: number | undefined;
  /** How often what may pass is tried, the first attempt included: 3. All of them take less than 8 s. */
  readonly maxAttempts?: number | undefined;
  /** Told of each attempt, for logs and metrics. */
  readonly onAttempt?: ((attempt: Attempt) => void) | undefined;
}

/** How a client of the payment status query asks Baidu. */
export interface BaiduClientOptions extends ClientOptions {
  /** Where Baidu answers; its production address by default, for there is no other. http only on this machine. */
  readonly queryUrl?: string | URL | undefined;
}

/** How a client of the second generation asks Baidu. */
export interface MerchantOrderClientOptions extends ClientOptions {
  /** Where the second generation answers, an origin; `https://openapi.baidu.com` by default. http only on this machine. */
  readonly openapiUrl?: string | URL | undefined;
}

/** What a message of Baidu's platform is verified with. */
export interface PlatformKeys {
  /** The platform's public keys, as `readPublicKey` returns them; a message may match any. Not the merchant's own. */
  readonly platformKeys: readonly KeyObject[];
  /** The merchant's own deals: payments for others are refused. All are taken where they are not named. */
  readonly dealIds?: readonly string[] | undefined;
}

/** A form as it came: the text of a body or of a query string, or the fields that a body parser made of it. */
export type Form = string | Readonly<Record<string, string>>;

/**
 * A client of Baidu's payment status query (支付状态查询). What may pass is tried again, each attempt under its own
 * time limit.
 *
 * @returns a function that asks for an order's status: by the app (`appId`, `appKey`, and `privateKey` as
 *   `readPrivateKey` returns it) and the order's two ids, `orderId` and `siteId`, which is the `userId` of the payment
 *   notification. It throws `BaiduError` for an errno other than 0 and `ServiceError` with the code `INVALID_REQUEST`,
 *   `BAIDU_BAD_RESPONSE`, `BAIDU_UNREACHABLE` or `BAIDU_TIMEOUT`, and `TypeError` for an app that is not what it must be
 * @throws TypeError for options that make no sense
 * @see Baidu's cashier documentation, 支付状态查询
 * @example
 * const askBaidu = createBaiduClient({});
 * const app = { appId: '10026', appKey: 'MMM4oc', privateKey: readPrivateKey(privateKeyPem) };
 * const { payment } = await askBaidu(app, { orderId: '1920891312', siteId: '3747777038' });
 * payment.status; // => 'PAID'
 */
export function createBaiduClient(
  options: BaiduClientOptions = {},
): (app: App, order: OrderRef) => Promise<OrderStatus> {
  const queryUrl = readAddress('queryUrl', options.queryUrl ?? BAIDU_QUERY_URL);
  const settings = { queryUrl, ...limitsOf(options) };
  let loading: Promise<QueryOrder> | undefined;
  return async (app, order) => {
    requireIds(app);
    requireKeyObject(app.privateKey, 'privateKey', 'readPrivateKey');
    const { orderId, siteId } = parseOrderRef(order?.orderId, order?.siteId);
    // Whoever only verifies pays for no HTTP client.
    loading ??= import('./client.ts').then((client) => client.createBaiduClient(settings));
    const queryOrder = await loading;
    return queryOrder(app, { orderId, siteId });
  };
}

/**
 * A client of Baidu's second generation (查询订单, 查询退款), which asks by the merchant's own order id and needs no
 * notification before. It keeps the access token; whether an order was redeemed (核销) Baidu does not tell here.
 *
 * @returns a function that asks for an order's status: by the app (`appId`, the payment `appKey`, and the mini-program's
 *   own `smartAppKey` and `smartAppSecret`) and the merchant's order id. It resolves with the status, Baidu's two ids,
 *   and `totalMoney` and `payMoney` in fen (分) where Baidu names them; with `undefined` where Baidu has no such order.
 *   It throws as `createBaiduClient`'s does
 * @throws TypeError for options that make no sense
 * @see Baidu's smart mini-program documentation, 查询订单 and 查询退款
 * @example
 * const askByOwnId = createMerchantOrderClient({});
 * const app = { appId: '10026', appKey: 'MMM4oc', smartAppKey, smartAppSecret };
 * const order = await askByOwnId(app, '3028903626');
 * order?.payment.status; // => 'PAID'
 * order?.totalMoney; // => 9900
 * await askByOwnId(app, 'no-such-order'); // => undefined
 */
export function createMerchantOrderClient(
  options: MerchantOrderClientOptions = {},
): (app: Omit<App, 'privateKey'> & SmartApp, tpOrderId: string) => Promise<QueriedOrder | undefined> {
  const openapiUrl = readAddress('openapiUrl', options.openapiUrl ?? BAIDU_OPENAPI_URL);
  if (openapiUrl.pathname !== '/') throw new TypeError('openapiUrl must end after its host.');
  const settings = { openapiUrl, ...limitsOf(options) };
  let loading: Promise<SecondGenerationClient> | undefined;
  return async (app, tpOrderId) => {
    requireIds(app);
    requireText({ smartAppKey: app.smartAppKey, smartAppSecret: app.smartAppSecret });
    const order = { tpOrderId: parseOwnId(tpOrderId) };
    loading ??= import('./second-generation/client.ts').then((it) =>
      it.createSecondGenerationClient(settings),
    );
    return (await loading).queryOrder(app, order);
  };
}

/**
 * Verifies and reads a payment notification (通知支付状态). Verification is the only way to the values; they are the
 * very ones that were verified.
 *
 * @returns the order's ids as strings, its `status`, its `totalMoney` in fen (分), and every field as it came
 * @throws ServiceError `INVALID_NOTIFICATION` for what is no payment notification, naming the field or the address where
 *   it belongs; `INVALID_SIGNATURE`; `UNKNOWN_DEAL`; `NOTIFICATION_TOO_LARGE` over 64 KB or 100 fields
 * @throws TypeError where the keys are none
 * @see Baidu's cashier documentation, 通知支付状态
 * @example
 * const platformKeys = [readPublicKey(platformPublicKey)];
 * const { status, tpOrderId, totalMoney } = parsePaymentNotification(paymentForm, { platformKeys });
 * status; // => 'PAID'
 * tpOrderId; // => '3028903626'
 * totalMoney; // => 11300
 */
export function parsePaymentNotification(form: Form, keys: PlatformKeys): Notification {
  return parseNotification(checkNotification(fieldsOf(form)), keysOf(keys));
}

/**
 * Verifies and reads a refund notification (通知退款状态).
 *
 * @returns the ids as strings, `siteId` and `tpOrderId` only where Baidu names them, and whether the refund
 *   `refundBatchId` has `SUCCEEDED` or `FAILED`; Baidu names no amount. Throws as `parsePaymentNotification` does
 * @see Baidu's cashier documentation, 通知退款状态
 * @example
 * const platformKeys = [readPublicKey(platformPublicKey)];
 * const { refundBatchId, status } = parseRefundNotification(refundForm, { platformKeys });
 * refundBatchId; // => '152713835'
 * status; // => 'SUCCEEDED'
 */
export function parseRefundNotification(form: Form, keys: PlatformKeys): refund.RefundNotification {
  return refund.parseRefundNotification(refund.checkRefundNotification(fieldsOf(form)), keysOf(keys));
}

/**
 * Verifies and reads the question whether a refund may be made (请求业务方退款审核).
 *
 * @returns the ids as strings, `tpOrderId` and `applyRefundMoney` (in fen, 分) only where Baidu names them. Throws as
 *   `parsePaymentNotification` does
 * @see Baidu's cashier documentation, 请求业务方退款审核
 * @example
 * const platformKeys = [readPublicKey(platformPublicKey)];
 * const { tpOrderId, applyRefundMoney } = parseRefundAudit(auditForm, { platformKeys });
 * tpOrderId; // => '3028903626'
 * applyRefundMoney; // => 9800
 */
export function parseRefundAudit(form: Form, keys: PlatformKeys): refund.RefundAudit {
  return refund.parseRefundAudit(refund.checkRefundAudit(fieldsOf(form)), keysOf(keys));
}

function fieldsOf(form: Form): Record<string, string> {
  return typeof form === 'string' ? readForm({ body: form }) : readFields(form);
}

function keysOf({ platformKeys, dealIds }: PlatformKeys): NotificationKeys {
  if (!Array.isArray(platformKeys) || platformKeys.length === 0) {
    throw new TypeError('platformKeys must be a list of keys, one at least.');
  }
  for (const key of platformKeys) requireKeyObject(key, 'platformKeys', 'readPublicKey');
  if (dealIds !== undefined && !(Array.isArray(dealIds) && dealIds.every(isLong))) {
    throw new TypeError('dealIds must be a list of strings of digits.');
  }
  return { platformKeys, dealIds: dealIds && new Set(dealIds) };
}

function limitsOf({ onAttempt, ...limits }: ClientOptions) {
  const attemptTimeoutMs = limits.attemptTimeoutMs ?? STANDARD_LIMITS.attemptTimeoutMs;
  const maxAttempts = limits.maxAttempts ?? STANDARD_LIMITS.maxAttempts;
  requireWhole({ attemptTimeoutMs, maxAttempts });
  return { attemptTimeoutMs, maxAttempts, ...(onAttempt && { onAttempt }) };
}

function requireIds({ appId, appKey }: Omit<App, 'privateKey'>): void {
  if (!isLong(appId)) throw new TypeError('appId must be a string of digits.');
  requireText({ appKey });
}

function requireText(values: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(values)) {
    if (typeof value !== 'string' || value === '') throw new TypeError(`${name} must be a string.`);
  }
}

function requireKeyObject(key: unknown, name: string, maker: string): void {
  if (!(key instanceof KeyObject)) throw new TypeError(`${name} must hold what ${maker}() returns.`);
}

function requireWhole(options: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(options)) {
    if (!Number.isSafeInteger(value) || value < 1) throw new TypeError(`${name} must be a whole number.`);
  }
}

function readAddress(name: string, address: string | URL): URL {
  const url = URL.parse(String(address));
  const secure = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url.hostname));
  if (!url || !secure || url.search || url.hash || url.username || url.password) {
    throw new TypeError(`${name} must be an https URL without query (http only on this machine).`);
  }
  return url;
}
