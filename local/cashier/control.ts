import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Cashier } from './cashier.ts';
import { PAY_TYPES } from './channels.ts';
import { CashierError } from './error.ts';
import type { CashierEvent, Connection, Hop } from './ledger.ts';
import { ASKED_BY } from './merchant.ts';
import { type NewOrder, REFUND_STATES } from './order.ts';
import { pageFile } from './page.ts';
import { holdsPrivateKey } from './private-keys.ts';
import type { NewRefund } from './refund/refunds.ts';

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
  { path, desk }: { path: string; desk: ControlDesk },
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
    else throw new CashierError('NOT_FOUND', `there is no ${method} ${path}`);
  } catch (error) {
    const statuses = { INVALID: 400, NOT_FOUND: 404, CONFLICT: 409 };
    const known = error instanceof CashierError;
    const message = error instanceof Error ? error.message : String(error);
    sendJson(response, known ? statuses[error.code] : 500, {
      code: known ? error.code : 'INTERNAL',
      message,
    });
  }
}

/**
 * A page elsewhere on the web must not drive a cashier on this machine: not by a form (JSON only, same
 * origin), and not by a host name that it points here (DNS rebinding).
 */
function refuseStrangers({ headers, method }: IncomingMessage): void {
  const host = URL.parse(`http://${headers.host}`)?.hostname ?? '';
  if (!['127.0.0.1', 'localhost', '[::1]'].includes(host)) {
    throw new CashierError('INVALID', 'the cashier answers to 127.0.0.1 and localhost only');
  }
  if (headers.origin !== undefined && headers.origin !== `http://${headers.host}`) {
    throw new CashierError('INVALID', 'another site may not drive the cashier');
  }
  if (!isReading(method) && headers['content-type']?.split(';')[0] !== 'application/json') {
    throw new CashierError('INVALID', 'send JSON, with content-type application/json');
  }
}

function isReading(method: string | undefined): boolean {
  return method === 'GET' || method === 'HEAD';
}

async function sendPage(response: ServerResponse, path: string, desk: ControlDesk): Promise<void> {
  if (path === EVENTS) return sendEvents(response, desk);
  const file = await pageFile(path);
  if (!file) throw new CashierError('NOT_FOUND', `there is no ${path}`);
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
  throw new CashierError('INVALID', `${name} must be a text`);
}

function newRefund({ money, audit = true }: Body): NewRefund {
  if (typeof audit !== 'boolean') throw new CashierError('INVALID', 'audit must be true or false');
  if (money !== undefined && typeof money !== 'number') {
    throw new CashierError('INVALID', 'money must be a whole number of fen, 1 at least');
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
    throw new CashierError('INVALID', `${name} must be one of ${values.join(', ')}`);
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
    if (size > LARGEST_BODY) throw new CashierError('INVALID', 'more than 64 KB were sent');
  }
  const text = Buffer.concat(chunks).toString('utf8');
  if (holdsPrivateKey(text)) {
    const words = 'a private key was sent, which was thrown away: only its public half belongs here';
    throw new CashierError('INVALID', words);
  }
  try {
    const parsed: unknown = JSON.parse(text || '{}');
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return { ...parsed };
  } catch {
    // Said below, together with JSON that is no object.
  }
  throw new CashierError('INVALID', 'not a JSON object');
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(body));
}
