import { padded } from './columns.ts';
import type { Language, Text } from './language.ts';

/** What a command prints on, in one language; a string is the same in each. */
export interface Screen {
  readonly language: Language;
  /** Prints words, or an empty line. */
  write(words?: Text | string): void;
  /** Prints a name, and what it has in a column of its own. */
  line(name: Text, value: Text | string): void;
}

/** Makes a screen on standard output, whose names are indented, and take so many columns. */
export function screenIn(
  language: Language,
  { indent = 0, columns }: { indent?: number; columns: number },
): Screen {
  const wordsOf = (text: Text | string) => (typeof text === 'string' ? text : text[language]);
  const write = (words: Text | string = '') => void process.stdout.write(`${wordsOf(words)}\n`);
  return {
    language,
    write,
    line: (name, value) => write(`${' '.repeat(indent)}${padded(name[language], columns)} ${wordsOf(value)}`),
  };
}
