import type { Text } from '../text.ts';

/** What came back from the merchant; `late` means nothing complete came in time. */
export type MerchantAnswer =
  | { readonly type: 'answer'; readonly status: number; readonly body: string; readonly milliseconds: number }
  | { readonly type: 'late'; readonly milliseconds: number }
  | { readonly type: 'unreachable'; readonly reason: Text; readonly milliseconds: number };

/**
 * What is in an answer that counts, with what is odd about it, or why it does not; `isRefusal` where the merchant itself has
 * spoken.
 */
export type OpenedAnswer =
  | { readonly data: Readonly<Record<string, unknown>>; readonly remarks: readonly Text[] }
  | { readonly why: Text; readonly isRefusal: boolean };

/** Reads an answer as Baidu's pages say: in time, JSON, `errno` 0, and a success of HTTP. */
export function openAnswer(answer: MerchantAnswer): OpenedAnswer {
  const failed = (en: string, zh: string) => ({ why: { en, zh }, isRefusal: false });
  const refused = (en: string, zh: string) => ({ why: { en, zh }, isRefusal: true });
  if (answer.type === 'late') return failed('no answer in time', '未在限定时间内应答');
  if (answer.type === 'unreachable') return { why: answer.reason, isRefusal: false };
  const parsed = parseObject(answer.body);
  if (!parsed) return refused('the answer is not JSON', '应答不是 JSON');
  const { errno, msg, data } = parsed;
  if (errno !== 0) {
    const shown = JSON.stringify(errno);
    const said = typeof msg === 'string' && msg !== '';
    const zh = shown === undefined ? '缺少 errno' : `errno 为 ${shown}，不是 0`;
    return refused(
      `errno is ${shown ?? 'missing'}, not 0${said ? ` (${msg})` : ''}`,
      // Another's words, and mostly English ones: a quotation.
      `${zh}${said ? `。您的服务答：“${msg}”` : ''}`,
    );
  }
  if (answer.status < 200 || answer.status > 299) {
    return failed(`HTTP status ${answer.status} is no success`, `HTTP 状态码 ${answer.status} 不代表成功`);
  }
  return { data: isObject(data) ? data : {}, remarks: remarksOn(parsed) };
}

/** What people get wrong, and no page of Baidu's says what comes of it. */
function remarksOn(answer: Readonly<Record<string, unknown>>): Text[] {
  const remarks: Text[] = [];
  const { data, msg, message } = answer;
  if (typeof data === 'string' && parseObject(data)) {
    remarks.push({
      en: 'data is a text with JSON in it, and must be the object itself',
      zh: 'data 是装着 JSON 的字符串，应为对象本身',
    });
  }
  if (msg === undefined) {
    remarks.push(
      message === undefined
        ? { en: 'msg is missing', zh: '缺少 msg' }
        : { en: 'message stands in the place of msg', zh: '写成了 message，应为 msg' },
    );
  }
  return remarks;
}

/** A verdict with remarks behind its reason. */
export function remarked<T extends { readonly why: Text }>(verdict: T, remarks: readonly Text[]): T {
  const parts = [verdict.why, ...remarks];
  const why = { en: parts.map(({ en }) => en).join('; '), zh: parts.map(({ zh }) => zh).join('；') };
  return { ...verdict, why };
}

function parseObject(
  body: string,
): { errno?: unknown; msg?: unknown; data?: unknown; [name: string]: unknown } | null {
  try {
    const parsed: unknown = JSON.parse(body);
    return isObject(parsed) ? parsed : null;
  } catch {
    return null;
  }
}

/** Whether a value is a JSON object. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
