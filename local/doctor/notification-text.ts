import type { FormRequest } from '../../lib/baidu/form.ts';
import { isRecord, parseJson } from '../../lib/baidu/json.ts';
import { fieldLike } from './fields.ts';
import { bad, type Finding, type Text } from './finding.ts';
import { scanJson } from './json-fault.ts';
import { describeJsonFault } from './json-words.ts';

/** The request that holds a notification, or what a text is that holds none. */
export type NotificationText = { readonly request: FormRequest } | { readonly finding: Finding };

/** What the doctor takes as a notification. */
export const EXPECTED: Text = {
  en: 'A notification is the form as Baidu posts it (count=1&dealId=…), a URL that ends in it, or the event of API Gateway that holds it.',
  zh: '通知应为百度 POST 的表单（count=1&dealId=…）、带有它的 URL，或含有它的 API Gateway 事件。',
};

/** Finds the form in a text: in a URL, in an event, in an object of fields, or the text itself. */
export function readNotificationText(text: string): NotificationText {
  const trimmed = text.replace(/^\ufeff/, '').trim();
  if (/^[{[]/.test(trimmed)) return inJson(trimmed);
  return {
    request: { body: /^https?:\/\//.test(trimmed) ? trimmed.slice(trimmed.indexOf('?') + 1) : trimmed },
  };
}

function inJson(text: string): NotificationText {
  const json = parseJson(text);
  if (json === undefined) {
    const { fault } = scanJson(text);
    const where = fault ? describeJsonFault(text, fault) : { en: 'somewhere', zh: '位置不明' };
    return refuse({ en: `It is not JSON, ${where.en}.`, zh: `不是合法的 JSON，${where.zh}。` });
  }
  if (!isRecord(json))
    return refuse({ en: 'It is JSON, but no event.', zh: '是 JSON，但不是事件。' }, EXPECTED);
  const { body, isBase64Encoded, rawQueryString } = json;
  if (typeof body === 'string' || typeof rawQueryString === 'string') {
    return {
      request: {
        body: typeof body === 'string' ? body : undefined,
        isBase64Encoded: isBase64Encoded === true,
        rawQueryString: typeof rawQueryString === 'string' ? rawQueryString : undefined,
      },
    };
  }
  if (typeof json['rsaSign'] === 'string') return { request: { body: formOf(json) } };
  return refuse(whatElse(json), EXPECTED);
}

/** The fields as a framework hands them over: decoded, in an object. */
function formOf(fields: Readonly<Record<string, unknown>>): string {
  const form = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) form.set(name, String(value));
  return form.toString();
}

function whatElse(json: Readonly<Record<string, unknown>>): Text {
  const names = Object.keys(json);
  if (names.some((name) => fieldLike(name) === 'privateKey')) {
    return {
      en: 'This is the secret, not a notification: name it before --notification.',
      zh: '这是 secret，而不是通知：请写在 --notification 之前。',
    };
  }
  if (names.includes('Records') || names.includes('notification')) {
    return {
      en: 'This is a message of the queue: its signature was checked and taken out by notify, so there is nothing to check.',
      zh: '这是队列中的消息：签名已由 notify 验证并去掉，没有可以验证的内容。',
    };
  }
  return {
    en: 'This is JSON that holds neither a body nor a query string with a notification.',
    zh: '这个 JSON 中没有含通知的 body 或查询字符串。',
  };
}

function refuse(text: Text, ...detail: Text[]): { finding: Finding } {
  return { finding: bad('form', text, ...detail) };
}
