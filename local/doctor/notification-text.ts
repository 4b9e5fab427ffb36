import { isRecord, parseJson } from '../../lib/baidu/json.ts';
import type { FormRequest } from '../../lib/baidu/webhook/form.ts';
import { bad, type Finding, type Text } from './finding.ts';
import { jsonFault } from './json.ts';
import { fieldLike } from './secret-text.ts';

/** The request that holds a notification, with its path where the text tells it, or what a text is that holds none. */
export type NotificationText =
  | { readonly request: FormRequest; readonly path?: string | undefined }
  | { readonly finding: Finding };

/** What the doctor takes as a notification. */
export const EXPECTED: Text = {
  en: 'A notification is the form as Baidu posts it (count=1&dealId=…), a URL that ends in it, its fields one on a line, or the event of API Gateway that holds it.',
  zh: '通知应为百度 POST 的表单（count=1&dealId=…）、带有它的 URL、每行一个字段，或含有它的 API Gateway 事件。',
};

/** Finds the form in a text: in a URL, in an event, in fields as an object or one on a line, or the text itself. */
export function readNotificationText(text: string): NotificationText {
  const trimmed = text.replace(/^\ufeff/, '').trim();
  if (/^[{[]/.test(trimmed)) return inJson(trimmed);
  if (/^https?:\/\//.test(trimmed)) {
    const [, path, form = trimmed] = /^([^?]*)\?(.*)$/s.exec(trimmed) ?? [];
    return { request: { body: form }, path };
  }
  return { request: { body: inLines(trimmed) ?? trimmed } };
}

/** A form that someone saved one field on a line, `name=value` or `name: value`, encoded as it came or decoded. */
function inLines(text: string): string | undefined {
  const lines = text.split(/\s*[\r\n]+\s*/).map((line) => /^(\w+)\s*[=:]\s*(.*?)&?$/.exec(line) ?? []);
  const pairs = lines.map(([, name = '', value = '']): [string, string] => [name, value]);
  const rsaSign = pairs.find(([name]) => name === 'rsaSign')?.[1];
  if (rsaSign === undefined || pairs.length < 2 || pairs.some(([name]) => name === '')) return undefined;
  // A signature has a = at its end, which is an escape where the form is still encoded.
  return rsaSign.includes('%') ? pairs.map((pair) => pair.join('=')).join('&') : formOf(pairs);
}

function inJson(text: string): NotificationText {
  const json = parseJson(text);
  if (json === undefined) {
    const { en, zh } = jsonFault(text);
    return refuse({ en: `It is not JSON, ${en}.`, zh: `不是合法的 JSON，${zh}。` });
  }
  const event = isRecord(json) ? json : {};
  const { body, rawQueryString, rawPath, rsaSign } = event;
  if (typeof body === 'string' || typeof rawQueryString === 'string') {
    return { request: event, path: typeof rawPath === 'string' ? rawPath : undefined };
  }
  // As a framework hands the fields over: decoded, in an object.
  if (typeof rsaSign === 'string') return { request: { body: formOf(Object.entries(event)) } };
  const isSecret = Object.keys(event).some((name) => fieldLike(name) === 'privateKey');
  return refuse(isSecret ? SECRET : NEITHER, EXPECTED);
}

/** Repeats a name that comes twice: the service refuses that. */
function formOf(pairs: readonly (readonly [string, unknown])[]): string {
  return new URLSearchParams(
    pairs.map(([name, value]): [string, string] => [name, String(value)]),
  ).toString();
}

const SECRET: Text = {
  en: 'This is the secret, not a notification: name it before --notification.',
  zh: '这是 secret，而不是通知：请写在 --notification 之前。',
};

/** A message of the queue, too: its signature was checked before it came there. */
const NEITHER: Text = {
  en: 'This is JSON that holds neither a body nor a query string with a notification.',
  zh: '这个 JSON 中没有含通知的 body 或查询字符串。',
};

function refuse(text: Text, ...detail: Text[]): { finding: Finding } {
  return { finding: bad('form', text, ...detail) };
}
