import { expect } from 'vitest';
import type { Finding } from '../../local/doctor/finding.ts';

/** The one finding about a subject. */
export function about(findings: readonly Finding[], subject: string): Finding {
  const found = findings.find((finding) => finding.subject === subject);
  if (!found) throw new Error(`Nothing was found about ${subject}.`);
  return found;
}

/** All that a finding says, in one language. */
export function wordsOf({ text, detail = [] }: Finding, language: 'en' | 'zh' = 'en'): string {
  return [text, ...detail].map((line) => (typeof line === 'string' ? line : line[language])).join('\n');
}

/** Expects Chinese words for everything that is more than a name or a value. */
export function expectTranslated(findings: readonly Finding[]): void {
  for (const { text, detail = [] } of findings) {
    for (const line of [text, ...detail]) {
      if (typeof line !== 'string') expect(line.zh).toMatch(/\p{Script=Han}|^[\w ,]+$/u);
    }
  }
}
