import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import {
  assignments,
  commandsOf,
  NOT_RUN,
  PAGES,
  pagesToRun,
  RUN_ELSEWHERE,
  unassigned,
} from './commands.ts';
import { read } from './markdown.ts';
import { aboutNothing, follow, type Words } from './reader.ts';

/** The pages without the AWS CLI; npm run test:aws follows the others. */
const FOLLOWED = pagesToRun({ withAws: false });

const WORDS: Words = {
  beside: {
    'npx osls invoke local -f query -p events/query-authorised.json': ['npm run invoke', /Ctrl-C ends/],
    'cd examples/baidu-cloud-function': ['npm start', /Ctrl-C ends everything/],
  },
  prints: {
    'npm run invoke -- -f query': [/\\"payment\\":\{\\"status\\":\\"PAID\\"/],
    'npx osls invoke local': [/\\"payment\\":\{\\"status\\":\\"PAID\\"/],
    'node -e': [/ok: true/, /paid: true/],
  },
  again: { 'node -e': /ok: true/ },
  filled: {
    '<API token>': /API token +(\S+)/g,
    'http://127.0.0.1:3000': /query +(http:\/\/127\.0\.0\.1:\d+)/g,
    'http://127.0.0.1:8620': /open this +(\S+)/g,
  },
};

/** A page's commands need this; elsewhere than in `.ci/run`, which brings it, npm test asks for nothing but npm. */
const TOOL = 'curl';
const missing = spawnSync(TOOL, ['--version']).error !== undefined;
if (missing) console.warn(`Not every page's commands are run, for want of ${TOOL}.`);

describe('what the pages print', () => {
  const printed = new Set(PAGES.flatMap(commandsOf));

  test('is run, or is listed with its reason; nothing is listed that no page prints', () => {
    expect(printed.size).toBeGreaterThan(80);
    const listed = Object.values(NOT_RUN).flat();
    expect(listed.filter((command) => !printed.has(command))).toEqual([]);
    expect(aboutNothing(WORDS, FOLLOWED.flatMap(commandsOf))).toEqual([]);
  });

  test('and is left to another test is named there', () => {
    for (const [page, test] of Object.entries(RUN_ELSEWHERE)) expect(read(test)).toContain(`'${page}'`);
  });

  test('and is left to .ci/run is there', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const ci = read('.ci/run').replaceAll(' --silent', '');
    const parts = (NOT_RUN['.ci/run runs it'] ?? [])
      .map((command) => (command === 'npm run check' ? (scripts['check'] ?? '') : command))
      .flatMap((command) => command.split(' && '));
    expect(parts).toContain('npm run package');
    for (const part of parts) expect(ci).toMatch(new RegExp(`^${part}\\b`, 'm'));
    const [, tools = ''] = /^for tool in (.+); do$/m.exec(ci) ?? [];
    expect(tools.split(' ')).toEqual(expect.arrayContaining(['curl', 'jq', 'openssl']));
  });

  test('uses no variable before it has a value', () => {
    for (const page of PAGES) expect(unassigned(page), page.file).toEqual([]);
  });

  test('gives one name to one thing', () => {
    const values = new Map<string, Set<string>>();
    for (const [name, value] of [...printed].flatMap(assignments)) {
      const known = values.get(name) ?? new Set();
      values.set(name, known.add(value.replace(LONG_OUTPUT, 'output $1')));
    }
    expect([...values].filter(([, different]) => different.size > 1)).toEqual([]);
    expect([...values.keys()]).toContain('SERVICE_URL');
  });
});

/** What `output` stands for, where a page does not define it. */
const LONG_OUTPUT =
  /aws cloudformation describe-stacks --stack-name "\$SERVICE" --output text \\\n +--query "Stacks\[0\]\.Outputs\[\?OutputKey=='(\w+)'\]\.OutputValue"/g;

// Side by side: each page waits for its programs most of the time.
describe.concurrent('the commands of', () => {
  const runnable = FOLLOWED.filter((page) => !missing || !commandsOf(page).join('\n').includes(`${TOOL} `));
  test.each(runnable)(
    '$file end well, one after another, and leave nothing to commit',
    (page) => follow(page, WORDS),
    300_000,
  );
});
