import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ServiceError } from '../../lib/baidu/errors.ts';
import { ERROR_CODES, isOfStrangers } from '../../lib/lambda/error-codes.ts';
import { METRIC_NAMESPACE, METRICS } from '../../lib/lambda/log.ts';
import { type Page, read, readPage, readPages, section } from './markdown.ts';

const alarms = read('resources/alarms.yml');
/** Each alarm of the template, with when its description says to act. */
const urgencies = new Map(
  [
    ...alarms.matchAll(
      /AlarmName: \$\{self:service\}-\$\{sls:stage\}-(.+)\n +AlarmDescription: >-\n +([A-Z ]+):/g,
    ),
  ].map(([, name = '', urgency = '']) => [name, urgency]),
);
const alarmNames = [...urgencies.keys()];
const metricNames = Object.keys(METRICS);

/** The parameters of `serverless.yml` with their defaults, as they are written there. */
const parameters = [
  ...(/^params:\n {2}default:\n([\s\S]*?)\n(?=\S)/m.exec(read('serverless.yml'))?.[1] ?? '').matchAll(
    /^ {4}(\w+): "?([^"\n]*)"?$/gm,
  ),
].map(([, name = '', standard = '']) => ({ name, standard }));

/** What the functions may say in `message`. */
const messages = (['handlers', 'lib'] as const).flatMap((folder) => [
  ...sources(folder).matchAll(/\blog\(\s*\w*'?(?:[A-Z]+'|level),\s*'([^']+)'/g),
]);

/** What a look-up may come to, each of which is a message. */
const outcomes = [
  ...(/^export type Confirmation = (.+);$/m.exec(read('lib/confirm.ts'))?.[1] ?? '').matchAll(/'([^']+)'/g),
].map(([, name = '']) => name);

/** How many functions there are. */
const FUNCTIONS = new Set(Object.values(ERROR_CODES).flatMap(({ by }): readonly string[] => by)).size;

/** The codes that one of them answers with. */
const codesOf = (name: string) =>
  Object.entries<{ by: readonly string[] }>(ERROR_CODES).flatMap(([code, { by }]) =>
    by.includes(name) ? [code] : [],
  );

/** The codes in the first cells of a section's table, sorted. */
const namedIn = (text: string) =>
  [...text.matchAll(/^\| (`[^|]+) \|/gm)].flatMap(([, cell = '']) => cell.match(/[A-Z_]+/g) ?? []).sort();

/** The operator's guide in each language, its pages by what they hold. */
const GUIDES = [
  {
    language: 'English',
    suffix: '.md',
    titles: { parameters: 'Parameters', metrics: 'Metrics', codes: 'Error codes', log: 'Log lines' },
    unset: 'unset',
    everyone: 'all',
  },
  {
    language: 'Chinese',
    suffix: '.zh-CN.md',
    titles: { parameters: '参数', metrics: '指标', codes: '错误码', log: '日志' },
    unset: '不设',
    everyone: '全部',
  },
].map(({ suffix, ...guide }) => ({
  ...guide,
  deploy: readPage(`docs/operations/deploy${suffix}`),
  runbook: readPage(`docs/operations/alarms${suffix}`),
  reference: readPage(`docs/operations/logs-and-metrics${suffix}`),
  pages: [...readPages().values()].filter(
    ({ file }) =>
      file.startsWith('docs/operations/') && file.endsWith('.zh-CN.md') === (suffix === '.zh-CN.md'),
  ),
}));

/** The first cells of the rows of a section's table, with the other cells. */
const table = (page: Page, title: string) =>
  new Map(
    [...section(page, title).matchAll(/^\| `([^`]+)` \| (.+) \|$/gm)].map(([, name = '', rest = '']) => [
      name,
      rest.split(' | '),
    ]),
  );

describe.each(GUIDES)("the operator's guide in $language", (guide) => {
  const { titles, unset, everyone, deploy, runbook, reference, pages } = guide;

  test('has a heading for each alarm, in their order, and for no other', () => {
    const headings = runbook.headings.filter(({ depth }) => depth === 3).map(({ text }) => text);
    expect(alarmNames).not.toEqual([]);
    expect(headings).toEqual(alarmNames);
  });

  test('says of each alarm when to act, what it means, what causes it, what a stranger can do, and what to run', () => {
    const rows = [...runbook.text.matchAll(/^\| (?:\*\*(.+?)\*\*|\[([\w-]+)\]\(#\2\)) \| (.*) \|$/gm)];
    let group = -1;
    const said = rows.flatMap(([, heading, name, rest = '']) => {
      if (heading !== undefined) group++;
      return name === undefined ? [] : [{ name, group, cells: rest.split(' | ') }];
    });
    const groups = [...new Set(urgencies.values())];
    expect(said.map(({ name, group: place }) => [name, groups[place]])).toEqual([...urgencies]);
    for (const { name, cells } of said) {
      expect(cells, name).toHaveLength(4);
      expect(
        cells.every((cell) => cell.trim() !== ''),
        name,
      ).toBe(true);
      expect(section(runbook, name)).toContain(cells[3]?.replaceAll('`', ''));
    }
  });

  test('has a command for each alarm', () => {
    for (const name of alarmNames) expect(section(runbook, name), name).toContain('```sh');
  });

  test('names each parameter with its default', () => {
    const documented = [...table(deploy, titles.parameters)].map(([name, [standard]]) => [name, standard]);
    expect(parameters).not.toEqual([]);
    expect(documented).toEqual(
      parameters.map(({ name, standard }) => [name, standard === 'null' ? unset : `\`${standard}\``]),
    );
  });

  test('names each metric, and no other', () => {
    expect([...table(reference, titles.metrics).keys()]).toEqual(metricNames);
  });

  test('names each error code with its status', () => {
    const documented = [...table(reference, titles.codes)].map(([code, [status]]) => [code, status]);
    expect(documented).toEqual(
      Object.entries(ERROR_CODES).map(([code, { status }]) => [code, String(status)]),
    );
  });

  test('says of each error code who answers with it', () => {
    for (const [code, [, by = '']] of table(reference, titles.codes)) {
      const { by: functions } = ERROR_CODES[code as keyof typeof ERROR_CODES];
      expect(by, code).toBe(functions.length === FUNCTIONS ? everyone : functions.join(', '));
    }
  });

  test('says of each reason for which a message is not confirmed what to do', () => {
    expect(namedIn(section(runbook, 'not-confirmed'))).toEqual(codesOf('confirm').sort());
  });

  test('says of each reason for which notify refuses what to do, apart where a stranger can cause it', () => {
    const [ofStrangers, others] = [true, false].map((strangers) =>
      codesOf('notify').filter((code) => isOfStrangers(new ServiceError(code, '')) === strangers),
    );
    expect(namedIn(section(runbook, 'notifications-refused'))).toEqual(ofStrangers?.sort());
    expect(namedIn(section(runbook, 'genuine-refused'))).toEqual(others?.sort());
  });

  test('names each message of the log', () => {
    const said = new Set([...messages.map(([, message = '']) => message), ...outcomes]);
    expect(outcomes.length).toBeGreaterThan(3);
    expect(said.size).toBeGreaterThan(outcomes.length + 3);
    expect(new Set(table(reference, titles.log).keys())).toEqual(said);
  });

  test('says at the log’s level which of its commands find nothing above INFO', () => {
    const below = [...table(reference, titles.log)].flatMap(([name, [level]]) =>
      level === '`INFO`' || level === '`DEBUG`' ? [name] : [],
    );
    const asked = pages.flatMap(({ text }) => [...text.matchAll(/\$\.message = "([^"]+)"/g)]);
    const lost = new Set(asked.map(([, name = '']) => name).filter((name) => below.includes(name)));
    expect(lost).toContain('refund undecided');
    const said = table(deploy, titles.parameters).get('logLevel')?.[1] ?? '';
    for (const name of lost) expect(said).toContain(`\`${name}\``);
  });

  test('names each output of the stack that it reads', () => {
    const outputs = new Set(
      [...read('resources/outputs.yml').matchAll(/^ {2}(\w+):$/gm)].map(([, name]) => name),
    );
    const asked = pages.flatMap(({ text }) => [...text.matchAll(/\boutput ([A-Z]\w+)/g)]);
    expect(asked.length).toBeGreaterThan(10);
    for (const [, name = ''] of asked) expect(outputs).toContain(name);
  });
});

describe('metrics', () => {
  test('that alarms watch are ours', () => {
    const watched = [...alarms.matchAll(/Namespace: (\S+)\s+MetricName: (\w+)/g)].filter(
      ([, namespace]) => namespace === METRIC_NAMESPACE,
    );
    expect(watched).not.toEqual([]);
    for (const [, , name] of watched) expect(metricNames).toContain(name);
  });

  test('that the dashboard names are ours', () => {
    const body = read('resources/dashboard.yml').split('DashboardBody: !Sub |')[1] ?? '';
    const { widgets }: { widgets: { properties: { metrics?: unknown[][] } }[] } = JSON.parse(
      body.replace(/\[\$\{file[^\]]+\]/, '[]'),
    );
    const shown = new Set<string>();
    for (const { properties } of widgets) {
      let namespace: unknown;
      for (const [first, name] of properties.metrics ?? []) {
        if (first !== '.' && first !== '...') namespace = first;
        // `...` and `.` stand for what the row above has.
        const named = first !== '...' && name !== '.';
        if (namespace === METRIC_NAMESPACE && named) shown.add(String(name));
        const searched = /MetricName="(\w+)"/.exec(JSON.stringify(first).replaceAll('\\', ''))?.[1];
        if (searched) shown.add(searched);
      }
    }
    expect(shown.size).toBeGreaterThan(9);
    for (const name of shown) expect(metricNames).toContain(name);
  });
});

function sources(folder: 'handlers' | 'lib'): string {
  const files = readdirSync(new URL(`../../${folder}`, import.meta.url), {
    recursive: true,
    encoding: 'utf8',
  });
  return files
    .filter((file) => file.endsWith('.ts'))
    .map((file) => read(`${folder}/${file}`))
    .join('\n');
}
