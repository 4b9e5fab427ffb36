import { createTransport } from '../baidu/http/https.ts';
import { readBaiduConfig } from './config.ts';
import { atInit } from './init.ts';
import { openAhead } from './open-ahead.ts';

/**
 * How Baidu is asked, over a connection that is opened as soon as this module is evaluated: whoever imports it first has
 * Baidu's address looked up while the rest is evaluated, and the handshake under way while the secret is read.
 */
export const baiduAhead = atInit(() => {
  const config = readBaiduConfig();
  const origin = config.statusApi === 'queryorderdetail' ? config.queryUrl : config.openapiUrl;
  return { config, transport: createTransport(origin, openAhead(origin)) };
});
