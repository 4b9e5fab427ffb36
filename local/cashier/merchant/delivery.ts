import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { CashierError } from '../error.ts';
import type { Text } from '../text.ts';
import type { MerchantAnswer } from './merchant-answer.ts';

/** Hands a form to the merchant and resolves with the HTTP answer; the signal ends it at the time limit. */
export type Deliver = (form: string, signal: AbortSignal) => Promise<{ status: number; body: string }>;

const LARGEST_ANSWER = 64 * 1024;
const TOO_LARGE = new CashierError('INVALID', {
  en: 'the answer is larger than 64 KB',
  zh: '应答超过 64 KB',
});
const CLOSED: Text = { en: 'the cashier closed', zh: '收银台已关闭' };

/** Makes a delivery that posts the form to a URL, as Baidu does; throws `INVALID` when it is no http(s) URL. */
export function deliverTo(notifyUrl: string): Deliver {
  const url = URL.parse(notifyUrl);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new CashierError('INVALID', {
      en: `the notify URL is not an http or https URL: ${notifyUrl}`,
      zh: `回调地址不是 http 或 https 地址：${notifyUrl}`,
    });
  }
  const request = url.protocol === 'https:' ? httpsRequest : httpRequest;
  return (form, signal) =>
    new Promise((resolve, reject) => {
      const headers = {
        'content-type': 'application/x-www-form-urlencoded',
        'content-length': Buffer.byteLength(form),
        'user-agent': 'baidu-cashier-sandbox',
      };
      // A connection of its own for each call: none is left open after close().
      const call = request(url, { method: 'POST', headers, agent: false, signal }, (answer) => {
        const chunks: Buffer[] = [];
        let size = 0;
        answer.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size > LARGEST_ANSWER) call.destroy(TOO_LARGE);
          else chunks.push(chunk);
        });
        answer.on('error', reject);
        answer.on('end', () =>
          resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') }),
        );
      });
      call.on('error', reject);
      call.end(form);
    });
}

/** Delivers a form and says what came of it, within the limit; never rejects. */
export async function attempt(options: {
  deliver: Deliver;
  form: string;
  limitMs: number;
  closing: AbortSignal;
}): Promise<MerchantAnswer> {
  const { deliver, form, limitMs, closing } = options;
  const started = performance.now();
  const elapsed = () => Math.round(performance.now() - started);
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), limitMs);
  const signal = AbortSignal.any([limit.signal, closing]);
  try {
    const answer = await Promise.race([deliver(form, signal), whenAborted(signal)]);
    const milliseconds = elapsed();
    // A delivery in this process may have kept the timer from running.
    return milliseconds > limitMs
      ? { type: 'late', milliseconds }
      : { type: 'answer', ...answer, milliseconds };
  } catch (error) {
    if (closing.aborted) return { type: 'unreachable', reason: CLOSED, milliseconds: elapsed() };
    if (limit.signal.aborted) return { type: 'late', milliseconds: elapsed() };
    return { type: 'unreachable', reason: reasonOf(error), milliseconds: elapsed() };
  } finally {
    clearTimeout(timer);
  }
}

function whenAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
  });
}

/** What the failures that a merchant's address can bring about are called. */
const FAILURES: Readonly<Record<string, string>> = {
  ECONNREFUSED: '连接被拒绝',
  ECONNRESET: '连接被断开',
  ENOTFOUND: '域名无法解析',
  ETIMEDOUT: '连接超时',
};

function reasonOf(error: unknown): Text {
  if (error instanceof CashierError) return error.text;
  // Node wraps the failures of several addresses in one error without a message.
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  const failure: NodeJS.ErrnoException = error instanceof Error ? error : new Error(String(error));
  const { code = '', message } = failure;
  const known = FAILURES[code];
  return { en: message, zh: `无法送达：${known ? `${known}（${message}）` : message}` };
}
