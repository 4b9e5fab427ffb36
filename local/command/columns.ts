const WIDE = /[\p{Script=Han}\u3000-\u303f\uff00-\uff60]/gu;

/** How many columns of a terminal a text takes: a Chinese character two, any other one. */
export function columnsOf(text: string): number {
  return text.length + (text.match(WIDE)?.length ?? 0);
}

/** Fills a text up with blanks to a number of columns. */
export function padded(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - columnsOf(text)));
}
