/** Where Baidu answers payment status queries: there is no other than production. */
export const BAIDU_QUERY_URL = 'https://dianshang.baidu.com/platform/entity/openapi/queryorderdetail';

/** Whether a host is this machine: only there may anything but https be spoken. */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
}
