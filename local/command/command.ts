import { type ParseArgsConfig, parseArgs } from 'node:util';
import { visible } from '../visible.ts';
import { isLanguage, type Language, languageOf, type Text } from './language.ts';

type Options = NonNullable<ParseArgsConfig['options']>;

const COMMON = { lang: { type: 'string' }, help: { type: 'boolean', short: 'h', default: false } } as const;

/** A command of package.json. */
export interface Command<O extends Options> {
  /** What is typed before its arguments: `npm run doctor --`. */
  readonly typed: string;
  readonly help: Text;
  /** Beside `--lang` and `--help`, which every command has. */
  readonly options: O;
  /** Whether it takes names of files that are no options, `-` for standard input among them. */
  readonly takesFiles?: boolean;
  /** Whether what it does not know goes on to another program. */
  readonly passesOn?: boolean;
  /** Whether an argument is the content of a file in the place of its name: it is refused and not shown. */
  readonly isContent: (arg: string) => boolean;
}

type Parsed<O extends Options> = ReturnType<
  typeof parseArgs<{ options: O & typeof COMMON; allowPositionals: true; tokens: true }>
>;

/** What was asked of a command, and in which language it answers. */
export type Given<O extends Options> = Pick<Parsed<O>, 'values' | 'positionals'> & {
  readonly language: Language;
  /** What was typed, without the language. */
  readonly args: readonly string[];
};

/** A command line that asks for nothing that can be done. */
export class UsageError extends Error {
  readonly text: Text;

  constructor(text: Text) {
    super(text.en);
    this.text = text;
  }
}

/**
 * Runs a command in the language of `--lang`, or of the environment: its help, what it does, or why it was not asked
 * rightly (exit code 2).
 *
 * @param run resolves with the exit code
 */
export async function runCommand<const O extends Options>(
  command: Command<O>,
  run: (given: Given<O>) => Promise<number>,
): Promise<void> {
  outliveReaders();
  const args = process.argv.slice(2);
  const { values } = parseArgs({ args, strict: false, options: COMMON });
  const language = isLanguage(values.lang) ? values.lang : languageOf(process.env);
  try {
    const given = readArguments(command, args, language);
    if (!values.help) process.exitCode = await run(given);
    else process.stdout.write(command.help[language]);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${visible(error.text[language])}\n\n${command.help[language]}`);
    process.exitCode = 2;
  }
}

/** Whoever reads what is printed may leave (`| head`): that ends no command, and none dies without tidying up. */
function outliveReaders(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      // The second is a socket's word for it, where something was left unread.
      if (error.code !== 'EPIPE' && error.code !== 'ECONNRESET') throw error;
    });
  }
}

function readArguments<O extends Options>(
  { typed, options, isContent, takesFiles = false, passesOn = false }: Command<O>,
  args: string[],
  language: Language,
): Given<O> {
  refuseLostOptions([...Object.keys(options), 'lang'], typed);
  // Before anything is said of it: names are shown, and stay in the shell's history; what belongs into a file is not.
  if (args.some(isContent)) throw new UsageError(contentRefusal(typed, takesFiles));
  const { values, positionals, tokens } = parse<O>(args, { ...options, ...COMMON }, { takesFiles, passesOn });
  const { lang } = values as { readonly lang?: string };
  if (lang !== undefined && !isLanguage(lang)) {
    throw new UsageError({ en: '--lang must be en or zh.', zh: '--lang 只能是 en 或 zh。' });
  }
  const isLang = tokens.flatMap((token) =>
    token.kind === 'option' && token.name === 'lang'
      ? [token.index, token.inlineValue ? -1 : token.index + 1]
      : [],
  );
  return { values, positionals, language, args: args.filter((_arg, index) => !isLang.includes(index)) };
}

function contentRefusal(typed: string, takesFiles: boolean): Text {
  const [en, zh] = ['Name a file, not what is in it.', '请给出文件名，而不是文件的内容。'];
  if (!takesFiles) return { en, zh };
  return {
    en: `${en} To hand it over without a file: … | ${typed} - …`,
    zh: `${zh}不用文件时可写作：… | ${typed} - …`,
  };
}

/** npm takes options that stand before `--` for its own, and only leaves a trace of them. */
function refuseLostOptions(names: readonly string[], typed: string): void {
  const lost = names.find((name) => process.env[`npm_config_${name.replaceAll('-', '_')}`] !== undefined);
  if (lost === undefined) return;
  throw new UsageError({
    en: `npm has taken --${lost} for an option of its own: write -- before it, ${typed} --${lost} …`,
    zh: `npm 把 --${lost} 当成了它自己的选项：请在前面加上 --，即 ${typed} --${lost} …`,
  });
}

function parse<O extends Options>(
  args: string[],
  options: O & typeof COMMON,
  { takesFiles, passesOn }: { takesFiles: boolean; passesOn: boolean },
) {
  try {
    const allowPositionals = takesFiles || passesOn;
    return parseArgs({ args, options, allowPositionals, strict: !passesOn, tokens: true }) as Parsed<O>;
  } catch (error) {
    throw new UsageError(faultOf(error as NodeJS.ErrnoException));
  }
}

/** What Node says of a command line, in both languages and without its advice on quoting. */
function faultOf({ code, message }: NodeJS.ErrnoException): Text {
  const [, word = ''] = /'(?:-\w, )?([^']*?)(?: <value>)?'/.exec(message) ?? [];
  if (code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION') {
    return { en: `There is no option ${word}.`, zh: `没有选项 ${word}。` };
  }
  if (code === 'ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL') {
    return {
      en: `${word} is no option; there is nothing else to give.`,
      zh: `${word} 不是选项：本命令只接受选项。`,
    };
  }
  if (message.includes('does not take')) return { en: `${word} takes no value.`, zh: `${word} 不带值。` };
  if (message.includes('ambiguous')) {
    return {
      en: `${word} lacks its value; one that begins with a dash is written ${word}=-….`,
      zh: `${word} 缺少值；以 - 开头的值请写作 ${word}=-…。`,
    };
  }
  return { en: `${word} lacks its value.`, zh: `${word} 缺少值。` };
}
