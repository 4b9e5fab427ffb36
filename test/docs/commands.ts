import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { type Page, readPage, readPages } from './markdown.ts';

/** Pages whose commands another test runs. */
export const RUN_ELSEWHERE: Readonly<Record<string, string>> = {
  'docs/sandbox.md': 'test/local/cashier/sandbox.test.ts',
  'lib/baidu/README.md': 'test/package/package.test.ts',
  'examples/own-server/README.md': 'test/examples/own-server.test.ts',
};

/** The commands that are not run, by the reason. Every other one that a page prints is. */
export const NOT_RUN: Readonly<Record<string, readonly string[]>> = {
  '.ci/run runs it': ['npm ci', 'npm ci && npm run demo', 'npm test', 'npm run check'],
  'deploys to an AWS account; test/aws/deploy.test.ts has osls do it to moto': [
    'npx osls deploy --stage "$STAGE" --region "$AWS_DEFAULT_REGION"',
    `npx osls deploy --stage "$STAGE" --region "$AWS_DEFAULT_REGION" \\
  --param statusTopicArn="\${STATUS_TOPIC_ARN:?is empty: is $SERVICE in $AWS_DEFAULT_REGION?}" \\
  --param alarmTopicArn=arn:aws-cn:sns:cn-north-1:123456789012:operators`,
    'npx osls deploy list --stage "$STAGE" --region "$AWS_DEFAULT_REGION"',
    'npx osls rollback --stage "$STAGE" --region "$AWS_DEFAULT_REGION" --timestamp \'<timestamp>\'',
    'npx osls remove --stage "$STAGE" --region "$AWS_DEFAULT_REGION"',
  ],
  'asks Baidu itself; test/local/ask.test.ts asks the sandbox': [
    'npm run ask -- secret.json --order 1920891312 --user 3747777038',
  ],
  'installs packages': ['npm install'],
  'takes minutes': ['npm run bench', 'npm run bench -- cold', 'npm run bench -- burst'],
};

/** The first page of the operator's guide: the other pages say to run its lines before theirs. */
const FIRST = readPage('docs/operations/README.md');
const isOfGuide = ({ file }: Page) => path.posix.dirname(file) === path.posix.dirname(FIRST.file);

/**
 * The pages that print commands which no other test runs, with what they say to run first. A Chinese page has the
 * commands of its English one, as pages.test.ts says.
 */
export const PAGES: readonly Page[] = [...readPages().values()]
  .filter(({ file }) => !file.endsWith('.zh-CN.md') && !RUN_ELSEWHERE[file] && file !== FIRST.file)
  .filter(({ blocks }) => blocks.some(({ language }) => language === 'sh'))
  .map((page) => (isOfGuide(page) ? { ...page, blocks: [...FIRST.blocks, ...page.blocks] } : page));

/** Those with commands to be run, apart by whether they take the AWS CLI, which npm does not bring. */
export function pagesToRun({ withAws }: { withAws: boolean }): readonly Page[] {
  const needsAws = (page: Page) => commandsOf(page).some((command) => /\baws /.test(command));
  return PAGES.filter((page) => commandsToRun(page).length > 0 && needsAws(page) === withAws);
}

/** A page's commands but those that are not run. */
export function commandsToRun(page: Page): readonly string[] {
  const notRun = new Set(Object.values(NOT_RUN).flat());
  return commandsOf(page).filter((command) => !notRun.has(command));
}

/**
 * The commands that a page prints, in their order, as bash reads them: lines that belong together are one command. A
 * comment behind a command is left out, as readers of both languages have the same commands.
 */
export function commandsOf({ file, blocks }: Page): readonly string[] {
  const known = read.get(file);
  if (known) return known;
  const scripts = blocks.filter(({ language }) => language === 'sh');
  const commands = scripts.flatMap(({ text }) => commandsIn(text, file));
  read.set(file, commands);
  return commands;
}

/** What was read before, by the page's file: bash is asked about each line. */
const read = new Map<string, readonly string[]>();

function commandsIn(block: string, file: string): string[] {
  const commands: string[] = [];
  let open: string[] = [];
  for (const line of block.replace(/\s+# .*$/gm, '').split('\n')) {
    open.push(line);
    const command = open.join('\n');
    if (!isWhole(command)) continue;
    if (command.trim() !== '') commands.push(command);
    open = [];
  }
  if (open.length > 0) throw new Error(`${file} prints a command without an end: ${open.join('\n')}`);
  return commands;
}

/** Pages have lines in common. */
const whole = new Map<string, boolean>();

function isWhole(text: string): boolean {
  const known = whole.get(text);
  if (known !== undefined) return known;
  const isSo = !text.endsWith('\\') && spawnSync('bash', ['-n'], { input: text }).status === 0;
  whole.set(text, isSo);
  return isSo;
}

/** Each variable that a page's commands use before they give it a value, a shell's own ones left out. */
export function unassigned(page: Page): string[] {
  const assigned = new Set(['EDITOR', 'HOME', 'PATH']);
  return commandsOf(page).flatMap((command) => {
    for (const [name] of assignments(command)) assigned.add(name);
    const used = [...command.matchAll(/\$\{?([A-Za-z_]\w*)/g)].map(([, name = '']) => name);
    return used.filter((name) => !assigned.has(name) && !isOfAnotherLanguage(name, command));
  });
}

/** Each variable that a command gives a value, with the value. */
export function assignments(command: string): [name: string, value: string][] {
  const plain = [...command.matchAll(/^(?:export )?([A-Za-z_]\w*)=(.*)/gms)];
  const loops = [...command.matchAll(/\bfor (\w+) in (.*)/g)];
  return [...plain, ...loops].map(([, name = '', value = '']) => [name, value]);
}

/** `$name` of jq, in its program or among its `--arg`s. */
function isOfAnotherLanguage(name: string, command: string): boolean {
  return command.includes('jq ') && new RegExp(`--(?:arg|rawfile) ${name} `).test(command);
}
