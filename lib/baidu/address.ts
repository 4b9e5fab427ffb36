/** Where Baidu answers payment status queries: there is no other than production. */
export const BAIDU_QUERY_URL = 'https://dianshang.baidu.com/platform/entity/openapi/queryorderdetail';

/** Where the second generation answers: an origin. */
export const BAIDU_OPENAPI_URL = 'https://openapi.baidu.com';

/** Whether a host is this machine: only there may anything but https be spoken. */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
}
