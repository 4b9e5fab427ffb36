import { spawnSync } from 'node:child_process';
import type { Page } from './markdown.ts';

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

function isWhole(text: string): boolean {
  return !text.endsWith('\\') && spawnSync('bash', ['-n'], { input: text }).status === 0;
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
