/** Names that are never part of the signed text. */
export const UNSIGNED_NAMES: ReadonlySet<string> = new Set(['sign', 'sign_type', 'rsaSign']);

const SURROGATE = /[\ud800-\udfff]/;

/**
 * The text over which Baidu signs: `name=value` of every parameter but the signature's own, joined with `&`,
 * ordered by the bytes of the names, values raw (never URL-encoded), empty values kept.
 *
 * @param params decoded names and values
 * @throws TypeError where a value is not a string, or has no UTF-8 form (a lone surrogate)
 * @see Baidu's cashier documentation, 签名与验签
 * @example
 * canonicalText({ appKey: 'MMM4oc', appId: '10026', promoDetail: '' }); // => 'appId=10026&appKey=MMM4oc&promoDetail='
 */
export function canonicalText(params: Record<string, string>): string {
  const names = Object.keys(params).filter((name) => !UNSIGNED_NAMES.has(name));
  // UTF-16 has the order of UTF-8 but for the characters beyond U+FFFF.
  names.sort(SURROGATE.test(names.join('')) ? byBytes : undefined);
  let text = '';
  for (const name of names) {
    const value = params[name];
    if (typeof value !== 'string') throw new TypeError(`The value of ${name} must be a string.`);
    text += `${text && '&'}${name}=${value}`;
  }
  if (!text.isWellFormed())
    throw new TypeError('A parameter holds a lone surrogate, which has no UTF-8 form.');
  return text;
}

function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a, 'utf8'), Buffer.from(b, 'utf8'));
}

/** The marks of which encoders disagree; letters, digits, `-`, `_` and `.` are left alone by all of them. */
const DISPUTED = /[!'()*~]/g;

/** URL-encodes as an encoder does that leaves the marks `kept` alone, in upper case, a blank as `%20`. */
function percentEncode(text: string, kept: string): string {
  return encodeURIComponent(text).replace(DISPUTED, (mark) =>
    kept.includes(mark) ? mark : `%${mark.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** The same as a form has it: a blank as `+`. */
function formEncode(text: string, kept: string): string {
  return percentEncode(text, kept).replaceAll('%20', '+');
}

/**
 * How a value may have been URL-encoded before it was signed, by who encodes so. Baidu's pages contradict each other on
 * whether it is (its demo server in Go says so, its tools in PHP and Java do not), and encoders differ in the rest.
 *
 * @internal
 */
export const ENCODERS: Readonly<Record<string, (value: string) => string>> = {
  'Go QueryEscape, Python quote_plus': (value) => formEncode(value, '~'),
  'Java URLEncoder, JavaScript URLSearchParams': (value) => formEncode(value, '*'),
  'PHP urlencode': (value) => formEncode(value, ''),
  // RFC 3986, section 2.3. Go's PathEscape is close to it.
  'PHP rawurlencode, .NET EscapeDataString': (value) => percentEncode(value, '~'),
  // It takes its text for a path.
  'Python quote': (value) => percentEncode(value, '~').replaceAll('%2F', '/'),
  'JavaScript encodeURIComponent': encodeURIComponent,
  '.NET WebUtility': (value) => formEncode(value, '!()*'),
  '.NET HttpUtility': (value) =>
    formEncode(value, '!()*').replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()),
  'only what is not ASCII': (value) => value.replace(/[\u0080-\u{10ffff}]+/gu, encodeURIComponent),
};

/**
 * The texts over which Baidu would have signed if it URL-encoded values, one for each way to encode that changes one of
 * the free texts and nothing else. Where it would change another value there is none: two readings of an id, an
 * amount or a status are one too many.
 *
 * @param params decoded names and values, well-formed
 * @param freeNames the parameters that are free text
 *
 * @internal
 */
export function* encodedTexts(
  params: Readonly<Record<string, string>>,
  freeNames: readonly string[],
): Generator<string> {
  const free = freeNames.filter((name) => params[name]);
  const others = Object.entries(params).filter(([name]) => !freeNames.includes(name));
  for (const encode of Object.values(ENCODERS)) {
    const encoded = free.map((name) => [name, encode(params[name] ?? '')] as const);
    if (encoded.every(([name, value]) => params[name] === value)) continue;
    if (others.some(([, value]) => encode(value) !== value)) continue;
    yield canonicalText({ ...params, ...Object.fromEntries(encoded) });
  }
}
