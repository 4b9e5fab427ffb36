import { decodeBase64 } from '../base64.ts';
import { ServiceError } from '../errors.ts';

const MAX_BYTES = 64 * 1024;
const MAX_FIELDS = 100;

/** Names that a form may have; strict, because a name is part of the signed text. */
const NAME = /^[A-Za-z][A-Za-z0-9_]{0,63}$/;

/** A request that should hold a form, both texts: in its body, or, where that is empty, in its query string. */
export interface FormRequest {
  readonly body?: unknown;
  readonly isBase64Encoded?: unknown;
  readonly rawQueryString?: unknown;
}

/**
 * Reads an `application/x-www-form-urlencoded` form, strictly: UTF-8 without a flaw, whole escapes, every field
 * with a name of letters and digits, no name twice.
 *
 * @returns the decoded values by name
 * @throws ServiceError `INVALID_NOTIFICATION` saying what is wrong, `NOTIFICATION_TOO_LARGE` over 64 KB or 100 fields
 * @see WHATWG URL, section 5.1
 */
export function readForm(request: FormRequest | null): Record<string, string> {
  const text = textOf(request ?? {});
  const pairs = text.split('&');
  requireFew(pairs);
  const fields = new Map<string, string>();
  for (const pair of pairs) {
    const cut = pair.indexOf('=');
    if (cut < 0) throw invalid('The request holds no form: a part of it has no “=”.');
    const name = decode(pair.slice(0, cut));
    requireName(name);
    if (fields.has(name)) throw invalid(`The form has the field ${name} twice.`);
    fields.set(name, decode(pair.slice(cut + 1)));
  }
  return Object.fromEntries(fields);
}

/**
 * Takes the fields that somebody else's parser made of a form, under the rules of `readForm`: a parser that is less
 * strict would leave room for a second reading of what was signed.
 *
 * @param given names and decoded values; a list, as parsers make it of a name that comes twice, is refused
 * @throws ServiceError as `readForm` does
 */
export function readFields(given: unknown): Record<string, string> {
  if (typeof given !== 'object' || given === null) {
    throw invalid('The request holds no form: nothing has read its body.');
  }
  const entries = Object.entries(given);
  requireFew(entries);
  let bytes = 0;
  const fields = entries.map(([name, value]: [string, unknown]) => {
    requireName(name);
    if (Array.isArray(value)) throw invalid(`The form has the field ${name} twice.`);
    if (typeof value !== 'string') throw invalid(`The field ${name} is not a string.`);
    if (!value.isWellFormed()) throw invalid('The form is not UTF-8.');
    bytes += name.length + Buffer.byteLength(value);
    return [name, value] as const;
  });
  if (bytes > MAX_BYTES) throw tooLarge();
  return Object.fromEntries(fields);
}

function requireFew(fields: readonly unknown[]): void {
  if (fields.length <= MAX_FIELDS) return;
  throw new ServiceError('NOTIFICATION_TOO_LARGE', `The form has more than ${MAX_FIELDS} fields.`);
}

function requireName(name: string): void {
  if (!NAME.test(name)) throw invalid('The form has a field whose name is not letters and digits.');
}

function textOf({ body, isBase64Encoded, rawQueryString }: FormRequest): string {
  const inBody = typeof body === 'string' && body !== '';
  const inQuery = typeof rawQueryString === 'string' ? rawQueryString : '';
  const raw = inBody ? body : inQuery;
  const encoded = inBody && isBase64Encoded === true;
  const bytes = encoded ? Math.floor((raw.length * 3) / 4) - 2 : Buffer.byteLength(raw);
  if (bytes > MAX_BYTES) throw tooLarge();
  const text = encoded ? utf8(raw) : raw;
  if (Buffer.byteLength(text) > MAX_BYTES) throw tooLarge();
  if (text === '') throw invalid('The request holds no form: body and query string are empty.');
  if (!text.isWellFormed()) throw invalid('The form is not UTF-8.');
  return text;
}

function utf8(base64: string): string {
  const bytes = decodeBase64(base64);
  if (!bytes) throw invalid('The body is not base64, though it is marked as such.');
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw invalid('The form is not UTF-8.');
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw invalid('The form has an escape that is broken or not UTF-8.');
  }
}

function invalid(message: string): ServiceError {
  return new ServiceError('INVALID_NOTIFICATION', message);
}

function tooLarge(): ServiceError {
  return new ServiceError('NOTIFICATION_TOO_LARGE', 'The form is larger than 64 KB.');
}
