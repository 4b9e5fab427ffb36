import { styleText } from 'node:util';
import { columnsOf, padded } from '../command/columns.ts';
import { visible } from '../visible.ts';
import { type Finding, type Language, subjectIn, type Text } from './finding.ts';

/** A heading with what was found below it. */
export interface Section {
  readonly title: Text;
  readonly findings: readonly Finding[];
}

const MARK = { good: '✓', bad: '✗', warning: '!', note: '·' } as const;
const COLOUR = { good: 'green', bad: 'red', warning: 'yellow', note: 'yellow' } as const;

/**
 * Writes the findings for a person: a line each, details below, how many are to be mended at the end. All of it is
 * escaped here: names and signed texts are a stranger's.
 */
export function writeReport(sections: readonly Section[], language: Language): string {
  const words = (line: Text | string) => visible(typeof line === 'string' ? line : line[language]);
  const lines = sections.flatMap(({ title, findings }) => {
    const subjects = findings.map((finding) => visible(subjectIn(language, finding)));
    const width = Math.max(...subjects.map(columnsOf));
    const written = findings.flatMap(({ level, text, detail }, index) => [
      `  ${styleText(COLOUR[level], MARK[level])} ${padded(subjects[index] ?? '', width)}  ${words(text)}`,
      ...detail.map((line) => ' '.repeat(width + 6) + words(line)),
    ]);
    return [styleText('bold', words(title)), ...written, ''];
  });
  return [...lines, closing(sections)[language], ''].join('\n');
}

/** What the command ends with: 1 where something is to be mended or cannot be read. */
export function exitCodeOf(sections: readonly Section[]): 0 | 1 {
  return sections.some(({ findings }) => findings.some(({ level }) => level === 'bad')) ? 1 : 0;
}

function closing(sections: readonly Section[]): Text {
  const count = (wanted: Finding['level']) =>
    sections.flatMap(({ findings }) => findings).filter(({ level }) => level === wanted).length;
  const wrong = count('bad');
  const warnings = count('warning');
  if (wrong > 0) return { en: `${wrong} to mend.`, zh: `有 ${wrong} 处需要修正。` };
  if (warnings === 0) return { en: 'All is well.', zh: '一切正常。' };
  return {
    en: `Nothing to mend; ${warnings} warning${warnings === 1 ? '' : 's'}.`,
    zh: `没有需要修正之处；有 ${warnings} 条警告。`,
  };
}
