import type { IncomingMessage, ServerResponse } from 'node:http';
import { isLanguage, type Language } from '../../command/language.ts';
import type { Cashier } from '../cashier.ts';
import { CashierError } from '../error.ts';
import { ASKED_BY } from '../merchant/merchant.ts';
import { PAY_TYPES } from '../orders/channels.ts';
import { type NewOrder, REFUND_STATES } from '../orders/order.ts';
import type { CashierEvent, Connection, Hop } from '../orders/order-book.ts';
import { type NewRefund, WRONG_MONEY } from '../refund/refunds.ts';
import { holdsPrivateKey } from '../signature/private-keys.ts';
import type { Text } from '../text.ts';
import { pageFile } from './page.ts';

/** The part of a cashier that its page drives. */
export type ControlDesk = Omit<Cashier, 'url' | 'port' | 'queryUrl' | 'openapiUrl' | 'close'>;

/** What the page starts from: everything that the cashier knows; hops by order id, those of none under `''`. */
export interface Snapshot {
  readonly connection: Connection;
  readonly faults: ReturnType<Cashier['faults']>;
  readonly orders: ReturnType<Cashier['orders']>;
  readonly hops: Record<string, readonly Hop[]>;
}

type Body = Record<string, unknown>;

type Route = (desk: ControlDesk, given: { orderId: string; body: Body }) => unknown;

const LARGEST_BODY = 64 * 1024;

/** Serves the page, its events and its control routes; nothing but pages of this very server may use them. */
export async function control(
  request: IncomingMessage,
  response: ServerResponse,
  { path, desk, language }: { path: string; desk: ControlDesk; language: Language },
): Promise<void> {
  try {
    refuseStrangers(request);
    const { method = '' } = request;
    const route = routeOf(method, path);
    if (route) {
      const body = isReading(method) ? {} : await readJson(request);
      const orderId = /[0-9]+/.exec(path)?.[0] ?? '';
      sendJson(response, 200, await route(desk, { orderId, body }));
    } else if (isReading(method)) await sendPage(response, path, desk);
    else throw nothingAt(`${method} ${path}`);
  } catch (error) {
    const { code, text } = refusalOf(error);
    sendJson(response, STATUSES[code], { code, message: text[asked(request) ?? language], why: text });
  }
}

const STATUSES = { INVALID: 400, NOT_FOUND: 404, CONFLICT: 409, INTERNAL: 500 };

function refusalOf(error: unknown): { code: keyof typeof STATUSES; text: Text } {
  if (error instanceof CashierError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return { code: 'INTERNAL', text: { en: message, zh: `沙盒自身出错：${message}` } };
}

/** The first of our languages that is asked for: what is preferred is listed first. */
function asked({ headers }: IncomingMessage): Language | undefined {
  const [, named] = /(?:^|,)\s*(en|zh)\b/i.exec(headers['accept-language'] ?? '') ?? [];
  const language = named?.toLowerCase();
  return isLanguage(language) ? language : undefined;
}

function nothingAt(what: string): CashierError {
  return new CashierError('NOT_FOUND', { en: `there is no ${what}`, zh: `没有 ${what}` });
}

function invalid(en: string, zh: string): CashierError {
  return new CashierError('INVALID', { en, zh });
}

/**
 * A page elsewhere on the web must not drive a cashier on this machine: not by a form (JSON only, same
 * origin), and not by a host name that it points here (DNS rebinding).
 */
function refuseStrangers({ headers, method }: IncomingMessage): void {
  const host = URL.parse(`http://${headers.host}`)?.hostname ?? '';
  if (!['127.0.0.1', 'localhost', '[::1]'].includes(host)) {
    throw invalid(
      'the cashier answers to 127.0.0.1 and localhost only',
      '收银台只应答 127.0.0.1 和 localhost',
    );
  }
  if (headers.origin !== undefined && headers.origin !== `http://${headers.host}`) {
    throw invalid('another site may not drive the cashier', '其他网站不能操作收银台');
  }
  if (!isReading(method) && headers['content-type']?.split(';')[0] !== 'application/json') {
    throw invalid(
      'send JSON, with content-type application/json',
      '请发送 JSON，content-type 为 application/json',
    );
  }
}

function isReading(method: string | undefined): boolean {
  return method === 'GET' || method === 'HEAD';
}

async function sendPage(response: ServerResponse, path: string, desk: ControlDesk): Promise<void> {
  if (path === EVENTS) return sendEvents(response, desk);
  const file = await pageFile(path);
  if (!file) throw nothingAt(path);
  response.writeHead(200, file.headers).end(file.body);
}

function sendEvents(response: ServerResponse, desk: ControlDesk): void {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  const send = (data: CashierEvent | ({ type: 'snapshot' } & Snapshot)) =>
    response.write(`data: ${JSON.stringify(data)}\n\n`);
  const orders = desk.orders();
  const hops = Object.fromEntries(orders.map(({ orderId }) => [orderId, desk.timeline(orderId)]));
  const none = { '': desk.timeline(null) };
  response.write('retry: 500\n');
  send({
    type: 'snapshot',
    connection: desk.connection(),
    faults: desk.faults(),
    orders,
    hops: { ...hops, ...none },
  });
  response.on('close', desk.subscribe(send));
}

/** Where the page hears of everything that happens, as server-sent events; a snapshot comes first. */
export const EVENTS = '/api/events';

/**
 * The control routes by method and path, for the page and for scripts: docs/sandbox.md. Whether a value makes sense is
 * for the cashier itself to say.
 */
export const ROUTES: Readonly<Record<string, Route>> = {
  'POST /api/orders': (desk, { body }) => desk.createOrder(newOrder(body)),
  'GET /api/orders/{orderId}': (desk, { orderId }) => ({
    order: desk.order(orderId),
    hops: desk.timeline(orderId),
  }),
  'POST /api/orders/{orderId}/pay': (desk, { orderId, body }) =>
    desk.pay(orderId, 'payType' in body ? { payType: oneOf(body, 'payType', PAY_TYPES) } : {}),
  'POST /api/orders/{orderId}/notify': (desk, { orderId }) => desk.notifyAgain(orderId),
  'POST /api/orders/{orderId}/cancel': (desk, { orderId }) => desk.cancel(orderId),
  'POST /api/orders/{orderId}/refund': (desk, { orderId, body }) =>
    desk.refund(orderId, oneOf(body, 'state', REFUND_STATES)),
  'POST /api/orders/{orderId}/refunds': (desk, { orderId, body }) =>
    desk.startRefund(orderId, newRefund(body)),
  'POST /api/orders/{orderId}/refunds/audit': (desk, { orderId, body }) =>
    desk.auditRefund(orderId, textIn(body, 'refundBatchId')),
  'POST /api/orders/{orderId}/refunds/notify': (desk, { orderId, body }) =>
    desk.notifyRefund(orderId, textIn(body, 'refundBatchId')),
  'POST /api/orders/{orderId}/verify': (desk, { orderId }) => desk.verify(orderId),
  'POST /api/orders/{orderId}/ask': (desk, { orderId, body }) =>
    desk.askStatus(orderId, 'by' in body ? oneOf(body, 'by', ASKED_BY) : 'orderId'),
  'POST /api/orders/{orderId}/lookup': (desk, { orderId }) => desk.lookUp(orderId),
  'POST /api/faults': (desk, { body }) => desk.setFaults(body),
  'POST /api/connection': (desk, { body }) => connect(desk, body),
};

function routeOf(method: string, path: string): Route | undefined {
  const name = `${method} ${path.replace(/^\/api\/orders\/[0-9]+/, '/api/orders/{orderId}')}`;
  return Object.hasOwn(ROUTES, name) ? ROUTES[name] : undefined;
}

function textIn(body: Body, name: string): string | undefined {
  const value = body[name];
  if (value === undefined || typeof value === 'string') return value;
  throw invalid(`${name} must be a text`, `${name} 须为文本`);
}

function newRefund({ money, audit = true }: Body): NewRefund {
  if (typeof audit !== 'boolean') throw invalid('audit must be true or false', 'audit 只能是 true 或 false');
  if (money !== undefined && typeof money !== 'number') {
    throw new CashierError('INVALID', WRONG_MONEY);
  }
  return { money, audit };
}

function newOrder(body: Body): NewOrder {
  const text = (name: string) => textIn(body, name);
  return {
    appId: text('appId'),
    orderId: text('orderId'),
    userId: text('userId'),
    tpOrderId: text('tpOrderId') ?? '',
    totalMoney: typeof body['totalMoney'] === 'number' ? body['totalMoney'] : Number.NaN,
    title: text('title'),
    returnData: text('returnData'),
    promoDetail: text('promoDetail'),
  };
}

function oneOf<T extends string>(body: Body, name: string, values: readonly T[]): T {
  const found = values.find((known) => known === body[name]);
  if (found === undefined) {
    throw invalid(`${name} must be one of ${values.join(', ')}`, `${name} 只能是 ${values.join('、')}`);
  }
  return found;
}

function connect(desk: ControlDesk, body: Body): Connection {
  const { notifyUrl, refundNotifyUrl, refundAuditUrl, merchantPublicKey } = body;
  if (typeof merchantPublicKey === 'string') desk.setMerchantPublicKey(merchantPublicKey);
  if (typeof notifyUrl === 'string') desk.setNotifyUrl(notifyUrl);
  if (typeof refundNotifyUrl === 'string') desk.setRefundNotifyUrl(refundNotifyUrl);
  if (typeof refundAuditUrl === 'string') desk.setRefundAuditUrl(refundAuditUrl);
  return desk.connection();
}

async function readJson(request: IncomingMessage): Promise<Body> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > LARGEST_BODY) throw invalid('more than 64 KB were sent', '请求体超过 64 KB');
  }
  const text = Buffer.concat(chunks).toString('utf8');
  if (holdsPrivateKey(text)) {
    throw invalid(
      'a private key was sent, which was thrown away: only its public half belongs here',
      '收到了私钥，已丢弃：这里只应填写它的公钥',
    );
  }
  try {
    const parsed: unknown = JSON.parse(text || '{}');
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return { ...parsed };
  } catch {
    // Said below, together with JSON that is no object.
  }
  throw invalid('not a JSON object', '不是 JSON 对象');
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(body));
}
