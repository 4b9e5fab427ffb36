import { html, type TemplateResult } from 'lit-html';
import type { Raw } from '../orders/order-book.ts';
import { changed, state } from './store.ts';
import { type TextName, t } from './texts.ts';

const NAMES: Record<string, TextName> = {
  form: 'rawForm',
  signedText: 'rawSignedText',
  expectedText: 'rawExpectedText',
  answer: 'rawAnswer',
  request: 'rawRequest',
  message: 'rawMessage',
  attributes: 'rawAttributes',
  log: 'rawLog',
};

const FORMS = ['form', 'signedText', 'expectedText', 'request'];

let copied: Raw | null = null;

/** A piece of raw content; what is copied is the text as it was, however it is laid out here. */
export function rawView(raw: Raw): TemplateResult {
  const name = NAMES[raw.name];
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(raw.text);
      copied = raw;
    } catch {
      state.problem = { en: 'The browser does not allow this page to copy.', zh: '浏览器不允许此页面复制。' };
    }
    changed();
  };
  const title = name ? t(name) : raw.name;
  const verb = copied === raw ? t('copied') : t('copy');
  return html`<figure class="raw">
    <figcaption>
      <span>${title}</span><button class="tiny" aria-label="${verb}: ${title}" @click=${copy}>${verb}</button>
    </figcaption>
    <pre tabindex="0" aria-label=${title}>${laidOut(raw)}</pre>
  </figure>`;
}

/** Shows each field of a form or of JSON on a line of its own. */
function laidOut({ name, text }: Raw): string | TemplateResult[] {
  if (FORMS.includes(name)) {
    return text.split(/(?=&\w+=)/).map((field) => html`<span class="field-line">${field}</span>`);
  }
  if (name === 'log') return text;
  // An answer is a status line, an empty one and a body.
  const [, head = '', body = ''] = /^(HTTP \d+\n\n)?(.*)$/s.exec(text) ?? [];
  return head + indented(body);
}

/** Indents JSON without touching anything of it but the space between: numbers and escapes stay as they were. */
function indented(text: string): string {
  try {
    JSON.parse(text);
  } catch {
    return text;
  }
  let depth = 0;
  const line = () => `\n${'  '.repeat(depth)}`;
  return text.replace(/"(?:[^"\\]|\\.)*"|[{[]\s*[}\]]|[{[]|[}\]]|,|:|\s+/g, (token) => {
    if (token === '{' || token === '[') {
      depth += 1;
      return token + line();
    }
    if (token === '}' || token === ']') {
      depth -= 1;
      return line() + token;
    }
    if (token === ',') return token + line();
    if (token === ':') return ': ';
    return /^\s/.test(token) ? '' : token;
  });
}
