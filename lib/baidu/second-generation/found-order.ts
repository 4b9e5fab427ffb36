import { BaiduError } from '../errors.ts';
import type { HttpAnswer } from '../http/https.ts';
import { digitsOf, isRecord } from '../json.ts';
import { isLong } from '../order.ts';
import { badResponse, integerOf, type OrderStatus, type Status } from '../order-status.ts';
import { readGatewayAnswer } from './gateway-answer.ts';

/** What 查询订单 tells of an order. */
export interface FoundOrder {
  readonly appId: string;
  /** Baidu's id of the order. */
  readonly orderId: string;
  /** Baidu's id of the user who ordered; `undefined` where the answer does not name it. */
  readonly siteId: string | undefined;
  /** The merchant's id of the order. */
  readonly tpOrderId: string;
  readonly dealId: string | undefined;
  readonly payment: Status<'UNPAID' | 'PAID' | 'CANCELLED'>;
  /** In fen; `undefined` where the answer does not say. */
  readonly totalMoney: number | undefined;
  /** In fen; `undefined` where the answer does not say. */
  readonly payMoney: number | undefined;
}

/** The refunds of an order as one status. */
export type RefundStatus = OrderStatus['refund'];

/** What is asked of an order: whose app it is, and by which ids. */
export interface FoundOrderRequest {
  readonly appId: string;
  readonly tpOrderId: string;
  /** The payment appKey, and the mini-program's: Baidu's pages do not say which of them the answer repeats. */
  readonly appKeys: readonly string[];
}

const PAYMENT = { '-1': 'CANCELLED', '1': 'UNPAID', '2': 'PAID' } as const;
const REFUND = { '1': 'PROCESSING', '2': 'REFUNDED', '3': 'FAILED' } as const;

/** The refund's statuses in the order in which they count where there are several, with the first generation's numbers. */
const REFUND_CODES = { PROCESSING: 1, REFUNDED: 2, FAILED: 9 } as const;

/** What Baidu says where it has no such order or no refund. */
const NO_DATA = 60021;

/**
 * Reads an answer of 查询订单 (`findByTpOrderId`). Ids are whole, whether they come as numbers or as strings.
 *
 * @returns the order and where it is from, or `undefined` where Baidu has none: no data, empty data, or errno 60021
 * @throws BaiduError for another errno, or an error_code of the gateway
 * @throws ServiceError `BAIDU_BAD_RESPONSE` for what is no answer, or one about another order or app
 */
export function readFoundOrder(
  answer: HttpAnswer,
  { appId, tpOrderId, appKeys }: FoundOrderRequest,
  confidential: readonly string[],
): { order: FoundOrder; source: OrderStatus['source'] } | undefined {
  const fields = readFields(answer, confidential);
  const data = fields?.['data'];
  if (fields === undefined || isEmpty(data)) return undefined;
  if (!isRecord(data)) throw badResponse('holds no order');
  refuseOther(data, 'appId', [appId]);
  refuseOther(data, 'appKey', appKeys);
  refuseOther(data, 'tpOrderId', [tpOrderId]);
  const orderId = digitsOf(data['orderId']);
  if (!isLong(orderId)) throw badResponse('holds no orderId');
  const code = integerOf(data['status']);
  if (code === undefined) throw badResponse('holds no status');
  const order: FoundOrder = {
    ...{ appId, orderId, tpOrderId },
    siteId: idOf(data['userId']),
    dealId: idOf(data['dealId']),
    payment: statusOf(code, PAYMENT),
    totalMoney: moneyOf(data['totalMoney']),
    payMoney: moneyOf(data['payMoney']),
  };
  return { order, source: sourceOf(fields) };
}

/**
 * Reads an answer of 查询退款 (`findOrderRefund`) as one status: that of a refund in progress, else of one that
 * succeeded, else of one that failed, each with the first generation's number.
 *
 * @param orderId counts only the refunds of this order of Baidu's, where the answer says whose they are
 * @throws as `readFoundOrder` does
 */
export function readRefunds(
  answer: HttpAnswer,
  orderId: string | undefined,
  confidential: readonly string[],
): RefundStatus {
  const data = readFields(answer, confidential)?.['data'];
  if (!isEmpty(data) && !Array.isArray(data)) throw badResponse('holds no list of refunds');
  const statuses = (Array.isArray(data) ? data : [])
    .filter((refund: unknown) => orderId === undefined || isOf(refund, orderId))
    .map((refund: unknown) => {
      const code = isRecord(refund) ? integerOf(refund['refundStatus']) : undefined;
      if (code === undefined) throw badResponse('holds no refundStatus');
      return statusOf(code, REFUND);
    });
  for (const [status, code] of Object.entries(REFUND_CODES)) {
    const found = statuses.find((each) => each.status === status);
    if (found) return { ...found, code };
  }
  return statuses[0] ?? { status: 'NONE', code: -1, description: '' };
}

/** The fields of an answer; `undefined` where Baidu says that it has no data. */
function readFields(answer: HttpAnswer, confidential: readonly string[]) {
  try {
    const fields = readGatewayAnswer(answer, confidential);
    if (integerOf(fields['errno']) === undefined) throw badResponse('holds no errno');
    return fields;
  } catch (error) {
    if (error instanceof BaiduError && error.errno === NO_DATA) return undefined;
    throw error;
  }
}

/** Whether there is nothing in `data`: it is not there, or null, an empty text, list or object. */
function isEmpty(data: unknown): boolean {
  if (data === undefined || data === null || data === '') return true;
  return typeof data === 'object' && Object.keys(data).length === 0;
}

function refuseOther(data: Record<string, unknown>, name: string, expected: readonly string[]): void {
  const value = digitsOf(data[name]);
  if (value === undefined || value === '' || expected.includes(value)) return;
  throw badResponse(`is of another ${name}`, { passing: false });
}

function isOf(refund: unknown, orderId: string): boolean {
  const id = isRecord(refund) ? idOf(refund['orderId']) : undefined;
  return id === undefined || id === orderId;
}

/** Baidu has no words for these numbers. */
function statusOf<Name extends string>(code: number, names: Readonly<Record<string, Name>>): Status<Name> {
  return { status: names[code] ?? 'UNKNOWN', code, description: '' };
}

function idOf(value: unknown): string | undefined {
  const digits = digitsOf(value);
  return isLong(digits) ? digits : undefined;
}

function moneyOf(value: unknown): number | undefined {
  const fen = integerOf(value);
  return fen !== undefined && fen >= 0 ? fen : undefined;
}

function sourceOf(fields: Record<string, unknown>): OrderStatus['source'] {
  return {
    api: 'findByTpOrderId',
    timestamp: integerOf(fields['timestamp']) ?? null,
    cached: integerOf(fields['cached']) === 1,
    serverLogId: digitsOf(fields['serverlogid']) ?? digitsOf(fields['request_id']) ?? null,
  };
}
