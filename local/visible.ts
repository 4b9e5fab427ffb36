/** Control and format characters, and others that take no room. */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/**
 * Shows what came from outside in a terminal: control and format characters, and others that take no room, are escaped.
 * Printed as they are they move the cursor, clear the screen, turn the line round, or hide what stands there.
 *
 * @param text one line; a line break in it is escaped, too
 * @returns the text with `\u{1b}` in the place of such a character
 */
export function visible(text: string): string {
  return text.replace(HIDDEN, (char) => `\\u{${char.codePointAt(0)?.toString(16)}}`);
}

/** The same for JSON, which stays JSON: a program reads what it would have read. */
export function visibleJson(value: unknown): string {
  return JSON.stringify(value, null, 2).replace(HIDDEN, (char) =>
    char === '\n' ? char : Array.from({ length: char.length }, (_, at) => escaped(char, at)).join(''),
  );
}

function escaped(char: string, at: number): string {
  return `\\u${char.charCodeAt(at).toString(16).padStart(4, '0')}`;
}
