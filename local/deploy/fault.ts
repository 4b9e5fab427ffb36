import type { Text } from '../command/language.ts';

/** What is wrong with a deployed stage, in each language. */
export class Fault extends Error {
  readonly text: Text;

  constructor(text: Text) {
    super(text.en);
    this.text = text;
  }
}
