/** What the service says of one of Baidu's orders, as far as an order system needs it. */
export interface Message {
  /** Baidu's ids of the order and of the user. */
  readonly orderId: string;
  readonly siteId: string;
  /** The merchant's own id; missing until Baidu's notification has come. */
  readonly tpOrderId: string | undefined;
  /** The highest one of an order is the truth. */
  readonly sequence: number;
  readonly payment: string;
  readonly refund: string;
  readonly verification: string;
  /** The price in fen (分), and when it was paid, in seconds since 1970, as Baidu has notified it. */
  readonly totalMoney: number | undefined;
  readonly payTime: number | undefined;
}

/**
 * Reads a message of the status topic.
 *
 * @param text the message's JSON
 * @returns the message; `ignored` for an event of another type, such as a refund audit; `BAD_MESSAGE` for anything else
 */
export function readMessage(text: string): Message | 'ignored' | 'BAD_MESSAGE' {
  const message = parse(text);
  const eventType = message['eventType'];
  if (typeof eventType !== 'string') return 'BAD_MESSAGE';
  if (eventType !== 'payment-status') return 'ignored';
  const [payment, refund, verification] = ['payment', 'refund', 'verification'].map(
    (name) => recordIn(message, name)['status'],
  );
  const { orderId, siteId, tpOrderId, sequence, refunds } = message;
  if (!isDigits(orderId) || !isDigits(siteId)) return 'BAD_MESSAGE';
  if (!isText(payment) || !isText(refund) || !isText(verification)) return 'BAD_MESSAGE';
  if (tpOrderId !== undefined && !isText(tpOrderId)) return 'BAD_MESSAGE';
  if (typeof sequence !== 'number' || !Number.isSafeInteger(sequence) || sequence < 1) return 'BAD_MESSAGE';
  const notification = recordIn(message, 'notification');
  const totalMoney = wholeIn(notification, 'totalMoney');
  const payTime = wholeIn(notification, 'payTime');
  // The notification of a refund may be ahead of Baidu's answer.
  const isRefunded = refund === 'NONE' && hasSucceeded(refunds);
  return {
    ...{ orderId, siteId, tpOrderId, sequence, payment, verification, totalMoney, payTime },
    refund: isRefunded ? 'REFUNDED' : refund,
  };
}

type Fields = Readonly<Record<string, unknown>>;

function hasSucceeded(refunds: unknown): boolean {
  return Array.isArray(refunds) && refunds.some((refund) => fieldsOf(refund)['status'] === 'SUCCEEDED');
}

function parse(text: string): Fields {
  try {
    return fieldsOf(JSON.parse(text));
  } catch {
    return {};
  }
}

const recordIn = (fields: Fields, name: string): Fields => fieldsOf(fields[name]);

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
}

function wholeIn(fields: Fields, name: string): number | undefined {
  const value = fields[name];
  return isDigits(value) ? Number(value) : undefined;
}

function isDigits(value: unknown): value is string {
  return typeof value === 'string' && /^\d{1,19}$/.test(value);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
