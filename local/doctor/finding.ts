import type { Language, Text } from '../command/language.ts';

export { type Language, plain, type Text } from '../command/language.ts';

/** One thing that the doctor found. */
export interface Finding {
  /** In order; to be mended; works in part, or not as it seems; may be right, and is worth a look. */
  readonly level: 'good' | 'bad' | 'warning' | 'note';
  /** What it is about: a field of the secret, or a part of the notification. */
  readonly subject: string;
  readonly text: Text;
  /** More lines below it: words, or values to compare by eye (the same in each language). */
  readonly detail: readonly (Text | string)[];
}

const level =
  (level: Finding['level']) =>
  (subject: string, text: Text, ...detail: (Text | string)[]): Finding => ({ level, subject, text, detail });

/** What is in order, and the rest of the levels: each makes a finding. */
export const good = level('good');
export const bad = level('bad');
export const warning = level('warning');
export const note = level('note');

/** The subjects that are no names: those of fields are the same in each language. */
const SUBJECTS: Readonly<Record<string, string>> = {
  file: '文件',
  stdin: '标准输入',
  address: '地址',
  form: '表单',
  app: '应用',
  sandbox: '沙盒',
};

/** What a finding is about, in a language. */
export function subjectIn(language: Language, { subject }: Pick<Finding, 'subject'>): string {
  return language === 'en' ? subject : (SUBJECTS[subject] ?? subject);
}

/** How long a text is that is not shown. */
export function characters({ length }: string): Text {
  return { en: `${length} characters`, zh: `${length} 个字符` };
}

/** Whether something was found in order. */
export function isGood(findings: readonly Finding[], subject: string): boolean {
  return findings.some((each) => each.subject === subject && each.level === 'good');
}
