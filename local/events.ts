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
    requestContext: {
      accountId: '000000000000',
      apiId: 'local',
      http: {
        method: 'GET',
        path: `/orders/${orderId}/payment-status`,
        protocol: 'HTTP/1.1',
        sourceIp: '127.0.0.1',
      },
      requestId: 'gateway-1',
      stage: '$default',
    },
    isBase64Encoded: false,
  };
}
