/** What a test may vary of a request to the query route. */
export interface QueryRequest {
  orderId?: string;
  siteId?: string;
  rawQueryString?: string;
  headers?: Record<string, string>;
}

/** A request as an HTTP API hands it to the function (payload 2.0). */
export function queryEvent({
  orderId = '1920891312',
  siteId = '3747777038',
  rawQueryString = `siteId=${encodeURIComponent(siteId)}`,
  headers = {},
}: QueryRequest = {}): Record<string, unknown> {
  const query = [...new URLSearchParams(rawQueryString)];
  return {
    version: '2.0',
    routeKey: 'GET /orders/{orderId}/payment-status',
    rawPath: `/orders/${encodeURIComponent(orderId)}/payment-status`,
    rawQueryString,
    headers: { accept: 'application/json', ...headers },
    queryStringParameters: Object.fromEntries(
      query.map(([name]) => [
        name,
        query
          .filter(([other]) => other === name)
          .map(([, value]) => value)
          .join(','),
      ]),
    ),
    pathParameters: { orderId },
    requestContext: requestContext('GET', `/orders/${orderId}/payment-status`),
    isBase64Encoded: false,
  };
}

/** A request by the merchant's own id, as an HTTP API hands it over. */
export function ownQueryEvent(
  tpOrderId: string,
  headers: Record<string, string> = {},
): Record<string, unknown> {
  const path = `/merchant-orders/${encodeURIComponent(tpOrderId)}/payment-status`;
  return {
    ...queryEvent({ headers, rawQueryString: '' }),
    routeKey: 'GET /merchant-orders/{tpOrderId}/payment-status',
    rawPath: path,
    pathParameters: { tpOrderId },
    requestContext: requestContext('GET', path),
  };
}

/** What Baidu's platform posts to one of its addresses, as an HTTP API hands it over: it encodes a form in base64. */
export function notifyEvent(
  form: string,
  { isBase64Encoded = true, path = '/baidu/payment-notify' } = {},
): Record<string, unknown> {
  return {
    version: '2.0',
    routeKey: `POST ${path}`,
    rawPath: path,
    rawQueryString: '',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    requestContext: requestContext('POST', path),
    body: isBase64Encoded ? Buffer.from(form).toString('base64') : form,
    isBase64Encoded,
  };
}

/** A message of a queue as Lambda's event source hands it over. */
export interface QueueMessage {
  messageId: string;
  body: string;
  receiptHandle?: string;
  /** Which of its deliveries this is, from 1. */
  delivery?: number;
}

/** A batch of messages of a queue. */
export function sqsEvent(messages: readonly QueueMessage[]): {
  Records: (QueueMessage & Record<string, unknown>)[];
} {
  return {
    Records: messages.map(({ messageId, body, receiptHandle = 'none', delivery = 1 }) => ({
      ...{ messageId, receiptHandle, body, messageAttributes: {} },
      attributes: { ApproximateReceiveCount: String(delivery) },
      eventSource: 'aws:sqs',
      eventSourceARN: 'arn:aws:sqs:cn-north-1:000000000000:payments',
      awsRegion: 'cn-north-1',
    })),
  };
}

/** A message of a topic as SNS hands it to a function. */
export function snsEvent(message: string): { Records: Record<string, unknown>[] } {
  return {
    Records: [
      { EventSource: 'aws:sns', EventVersion: '1.0', Sns: { Type: 'Notification', Message: message } },
    ],
  };
}

/** What a gateway says of a request beside the request itself. */
export function requestContext(method: string, path: string): Record<string, unknown> {
  return {
    accountId: '000000000000',
    apiId: 'local',
    http: { method, path, protocol: 'HTTP/1.1', sourceIp: '127.0.0.1' },
    requestId: 'gateway-1',
    stage: '$default',
  };
}
