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
