/** The languages that the doctor speaks. */
export type Language = 'en' | 'zh';

/** The same words in each language. */
export type Text = Readonly<Record<Language, string>>;

/** One thing that the doctor found: in order, wrong, or worth knowing. */
export interface Finding {
  readonly level: 'good' | 'bad' | 'warning' | 'note';
  /** What it is about: a field of the secret, or a part of the notification. */
  readonly subject: string;
  readonly text: Text;
  /** More lines below it: words, or values to compare by eye (the same in each language). */
  readonly detail?: readonly (Text | string)[];
}

/** A finding that all is well. */
export function good(subject: string, text: Text, ...detail: (Text | string)[]): Finding {
  return { level: 'good', subject, text, detail };
}

/** A finding that has to be mended. */
export function bad(subject: string, text: Text, ...detail: (Text | string)[]): Finding {
  return { level: 'bad', subject, text, detail };
}

/** A finding with which the service works in part, or not as it seems. */
export function warning(subject: string, text: Text, ...detail: (Text | string)[]): Finding {
  return { level: 'warning', subject, text, detail };
}

/** A finding that may be right, and is worth a look. */
export function note(subject: string, text: Text, ...detail: (Text | string)[]): Finding {
  return { level: 'note', subject, text, detail };
}

/** Words that are the same in each language: names and values. */
export function plain(text: string): Text {
  return { en: text, zh: text };
}
