/** In a text without 16 digits in a row, a fraction or an exponent, every number is one that a double holds exactly. */
const LONG_NUMBER = /\d{16}|\d[.eE]/;

/**
 * Parses JSON and loses no digit: a number that is no safe integer arrives as the text that it was written
 * as. `undefined` where the text is not JSON; the parser's own error is dropped because it quotes its input.
 */
export function parseJson(text: string): unknown {
  try {
    if (!LONG_NUMBER.test(text)) return JSON.parse(text);
    return JSON.parse(text, (_name, value: unknown, context?: { source?: string }) =>
      typeof value === 'number' && !Number.isSafeInteger(value) ? context?.source : value,
    );
  } catch {
    return undefined;
  }
}

/** JSON in plain ASCII, everything else escaped: a queue replaces or refuses some characters. */
export function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Whether a parsed value is an object with named members. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The decimal text of a member that may be a number or a string; `undefined` for anything else. */
export function digitsOf(value: unknown): string | undefined {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' ? value : undefined;
}

/** The elements of a member that may be one or a list; none where there is no such member. */
export function listOf(value: unknown): unknown[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value];
}
