import { isLong } from '../../lib/baidu/order.ts';
import { type Given, UsageError } from '../command/command.ts';
import type { Language } from '../command/language.ts';

/** Which order is asked for: by Baidu's ids, or by the merchant's own. */
export type Wanted = { readonly orderId: string; readonly siteId: string } | { readonly tpOrderId: string };

/** What the command line asks for. */
export interface Request {
  readonly language: Language;
  readonly json: boolean;
  readonly file: string;
  readonly appId: string | undefined;
  readonly url: URL | undefined;
  readonly wanted: Wanted;
}

/** What the command takes beside the name of a secret. */
export const REQUEST_OPTIONS = {
  order: { type: 'string' },
  user: { type: 'string' },
  'merchant-order': { type: 'string' },
  app: { type: 'string' },
  url: { type: 'string' },
  json: { type: 'boolean', default: false },
} as const;

/** Reads what is asked; throws `UsageError`. */
export function readRequest({ values, positionals, language }: Given<typeof REQUEST_OPTIONS>): Request {
  const { json, app: appId } = values;
  const [file, ...more] = positionals;
  if (file === undefined || more.length > 0) {
    throw new UsageError({
      en: 'Name one secret: a file, or - for standard input.',
      zh: '请给出一个 secret：文件，或 -（标准输入）。',
    });
  }
  if (appId !== undefined && !isLong(appId)) throw notAnId('--app');
  return { language, json, file, appId, url: readUrl(values.url), wanted: readWanted(values) };
}

function readWanted(values: {
  order?: string | undefined;
  user?: string | undefined;
  'merchant-order'?: string | undefined;
}): Wanted {
  const { order: orderId, user: siteId, 'merchant-order': tpOrderId } = values;
  const byBaidu = orderId !== undefined || siteId !== undefined;
  if (byBaidu === (tpOrderId !== undefined)) {
    throw new UsageError({
      en: 'Name the order: --order and --user, or --merchant-order.',
      zh: '请指明订单：--order 与 --user，或 --merchant-order。',
    });
  }
  if (tpOrderId !== undefined) {
    if (/^[!-~]{1,128}$/.test(tpOrderId) && !/[&=]/.test(tpOrderId)) return { tpOrderId };
    throw new UsageError({
      en: '--merchant-order is 1 to 128 visible ASCII characters, none of them & or =.',
      zh: '--merchant-order 应为 1 到 128 个可见的 ASCII 字符，不含 & 和 =。',
    });
  }
  if (!isLong(orderId)) throw notAnId('--order');
  if (siteId === undefined) {
    throw new UsageError({
      en: '--user is missing: Baidu’s id of the user, the userId of the payment notification. Without it: --merchant-order.',
      zh: '缺少 --user：百度用户 ID，即支付通知中的 userId。不知道时请用 --merchant-order。',
    });
  }
  if (!isLong(siteId)) throw notAnId('--user');
  return { orderId, siteId };
}

function notAnId(option: string): UsageError {
  return new UsageError({
    en: `${option} must be a whole number from 1 to 2^63 - 1, digits only.`,
    zh: `${option} 必须是 1 到 2^63 - 1 的整数，只含数字。`,
  });
}

/** What is asked holds signatures and secrets: it goes out in the clear to this very machine only. */
function readUrl(text: string | undefined): URL | undefined {
  if (text === undefined) return undefined;
  const url = URL.parse(text);
  const fits = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url));
  if (url && fits && url.search === '' && url.hash === '') return url;
  throw new UsageError({
    en: '--url must be an https address without ?; http is for 127.0.0.1 only.',
    zh: '--url 必须是不带 ? 的 https 地址；http 只能用于 127.0.0.1。',
  });
}

/** Whether an address is of this machine. */
export function isLoopback({ hostname }: URL): boolean {
  return ['127.0.0.1', 'localhost', '[::1]'].includes(hostname);
}
