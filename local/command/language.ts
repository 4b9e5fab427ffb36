/** The languages that the commands speak. */
export type Language = 'en' | 'zh';

/** The same words in each language. */
export type Text = Readonly<Record<Language, string>>;

/** Words that are the same in each language: names and values. */
export function plain(text: string): Text {
  return { en: text, zh: text };
}

/** Whether a word names a language, as `--lang` does. */
export function isLanguage(word: unknown): word is Language {
  return word === 'en' || word === 'zh';
}

/** The language of an environment, by the order of POSIX: the first of the three that is set decides. */
export function languageOf(env: NodeJS.ProcessEnv): Language {
  const locale = env['LC_ALL'] || env['LC_MESSAGES'] || env['LANG'] || '';
  return locale.toLowerCase().startsWith('zh') ? 'zh' : 'en';
}
