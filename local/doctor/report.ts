import { styleText } from 'node:util';
import type { Finding, Language, Text } from './finding.ts';

/** A heading with what was found below it. */
export interface Section {
  readonly title: Text;
  readonly findings: readonly Finding[];
}

const MARK = { good: '✓', bad: '✗', note: '·' } as const;
const COLOUR = { good: 'green', bad: 'red', note: 'yellow' } as const;

/** Writes the findings for a person: a line each, details below, how many are to be mended at the end. */
export function writeReport(sections: readonly Section[], language: Language): string {
  const lines = sections.flatMap(({ title, findings }) => {
    const width = Math.max(...findings.map(({ subject }) => subject.length));
    return [
      styleText('bold', title[language]),
      ...findings.flatMap((found) => finding(found, width, language)),
      '',
    ];
  });
  const wrong = sections.flatMap(({ findings }) => findings).filter(({ level }) => level === 'bad').length;
  return [...lines, closing(wrong)[language], ''].join('\n');
}

function finding(
  { level, subject, text, detail = [] }: Finding,
  width: number,
  language: Language,
): string[] {
  const indent = ' '.repeat(width + 6);
  return [
    `  ${styleText(COLOUR[level], MARK[level])} ${subject.padEnd(width)}  ${text[language]}`,
    ...detail.map((line) => indent + (typeof line === 'string' ? line : line[language])),
  ];
}

function closing(wrong: number): Text {
  if (wrong === 0) return { en: 'All is well.', zh: '一切正常。' };
  return { en: `${wrong} to mend.`, zh: `有 ${wrong} 处需要修正。` };
}
