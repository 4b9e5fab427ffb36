import { createTransport } from '../baidu/http/https.ts';
import { readBaiduConfig } from './config.ts';
import { atInit } from './init.ts';
import { openAhead } from './open-ahead.ts';
import { secretsAhead } from './secrets-ahead.ts';

/**
 * How Baidu is asked, over a connection that is opened as soon as this module is evaluated: whoever imports it first has
 * Baidu looked up and reached while the rest is evaluated, and the handshake made while the secret is on its way.
 */
export const baiduAhead = atInit(() => {
  const config = readBaiduConfig();
  const origin = config.statusApi === 'queryorderdetail' ? config.queryUrl : config.openapiUrl;
  return {
    config,
    transport: createTransport(origin, openAhead(origin, { after: secretsAhead()?.ahead.secured })),
  };
});
