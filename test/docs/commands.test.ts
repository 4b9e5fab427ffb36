import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { CHECKED_ONLY } from './aws/cli.ts';
import { assignments, commandsOf, unassigned } from './commands.ts';
import { type Desk, openDesk } from './desk.ts';
import { type Page, read, readPage, readPages } from './markdown.ts';
import { type Account, APP, ORDER, type Stage, startStage } from './stage.ts';

/** Pages whose commands another test runs. */
const RUN_ELSEWHERE: Readonly<Record<string, string>> = {
  'docs/sandbox.md': 'test/local/cashier/sandbox.test.ts',
  'lib/baidu/README.md': 'test/library/package.test.ts',
  'examples/own-server/README.md': 'test/examples/own-server.test.ts',
};

/** The first page of the operator's guide: the other pages say to run its lines before theirs. */
const FIRST = readPage('docs/operations/README.md');
const isOfGuide = ({ file }: Page) => path.posix.dirname(file) === path.posix.dirname(FIRST.file);

/**
 * The pages that print commands, with what they say to run first. A Chinese page has the commands of its English one, as
 * pages.test.ts says.
 */
const PAGES = [...readPages().values()]
  .filter(({ file }) => !file.endsWith('.zh-CN.md') && !RUN_ELSEWHERE[file] && file !== FIRST.file)
  .filter(({ blocks }) => blocks.some(({ language }) => language === 'sh'))
  .map((page) => (isOfGuide(page) ? { ...page, blocks: [...FIRST.blocks, ...page.blocks] } : page));

/** The commands that are not run here, by the reason. Every other one that a page prints is. */
const NOT_RUN: Readonly<Record<string, readonly string[]>> = {
  '.ci/run runs it': ['npm ci', 'npm ci && npm run demo', 'npm test', 'npm run check'],
  'deploys to an AWS account': [
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
const notRun = new Set(Object.values(NOT_RUN).flat());

/** Programs that run until Ctrl-C, with what they write when they are ready. */
const UNTIL_INTERRUPTED: Readonly<Record<string, RegExp>> = {
  'npm start': /Ctrl-C ends everything/,
  'npm run cashier -- --notify-url http://127.0.0.1:8000/notify --merchant-public-key sandbox-public.pem':
    /^Page +http/m,
  'node examples/queue-reader/index.js': /"message":"paid","tpOrderId":"3028903626"/,
};

/** What runs in a second terminal, by the first command that needs it: the pages say so in words. */
const BESIDE: Readonly<Record<string, [command: string, ready: RegExp]>> = {
  'npx osls invoke local -f query -p events/query-authorised.json': ['npm run invoke', /Ctrl-C ends/],
  'cd examples/baidu-cloud-function': ['npm start', /Ctrl-C ends everything/],
  "ENDPOINT='<queue, topic>'": ['npm start', /Ctrl-C ends everything/],
};

/** What the pages say that commands print, by how these begin. */
const PRINTS: Readonly<Record<string, readonly RegExp[]>> = {
  'npm run doctor': [/All is well\./],
  'npm run smoke': [/ok\s+query signs/, /ok\s+the query refuses/],
  'aws cloudformation describe-stacks': [/WebhookUrl/, /QueryUrl/],
  'aws lambda invoke --function-name "$SERVICE-query" --payload fileb://events/query-self-test.json': [
    /"ok":true,"keyBits":2048,"publicKey":"MI\S+","appId":"\d+","appKey":"\S+"/,
  ],
  'aws lambda invoke --function-name "$SERVICE-notify"': [
    /"ok":true,.*"platformKeys":\[\{"keyBits":1024,"publicKey":"MI\S+"\}\]/,
  ],
  'aws lambda invoke --function-name "$SERVICE-query" --payload fileb://order.json': [/"status":"PAID"/],
  'aws secretsmanager get-secret-value --secret-id "$SECRET" --query SecretString --output text | jq': [
    /^\S{32,}$/m,
  ],
  'curl -i -d hello=1': [
    /^HTTP\/1.1 400 /m,
    /\{"errno":400,"msg":"INVALID_NOTIFICATION: The field rsaSign is missing\."\}/,
  ],
  'curl -i "$(output QueryUrl': [/^HTTP\/1.1 401 /m, /"code":"UNAUTHORIZED"/],
  'curl -H "Authorization': [/"payment":\{"status":"PAID","code":1,"description":"支付成功"\}/],
  'curl --fail-with-body': [/"payment":\{"status":"PAID","code":1,"description":"支付成功"\}/],
  'jq . answer.json': [/"status": "PAID"|"ok": true/],
  "jq '.Messages[].Body'": [/1920891312/],
  'echo "$ORDERS_TABLE"': [/^orders$/m],
  'npm run package': [/Parameters of prod: none, so the defaults/, /Service packaged/],
  'npm run invoke -- -f query': [/\\"payment\\":\{\\"status\\":\\"PAID\\"/],
  'npx osls invoke local': [/\\"payment\\":\{\\"status\\":\\"PAID\\"/],
  'node -e': [/ok: true/, /paid: true/],
};

/** What a reader asks again until it says so, as the page tells them to. */
const AGAIN: Readonly<Record<string, RegExp>> = { 'node -e': /ok: true/ };

/** What a reader puts in the place of a sample. */
const FILLED: Readonly<Record<string, string>> = {
  '--arg appId 10026': `--arg appId ${APP.appId}`,
  '--arg appKey MMM4oc': `--arg appKey ${APP.appKey}`,
  '--arg dealId 470193086': `--arg dealId ${APP.dealId}`,
  '<orderId>': ORDER.orderId,
  '<siteId>': ORDER.userId,
  '<requestId>': '9170abc3-c096-46c1-9634-ba0896755528',
  '<the good version: the last one is AWSPREVIOUS>': '11111111-1111-1111-1111-111111111111',
  '<the version that is AWSCURRENT>': '22222222-2222-2222-2222-222222222222',
  '<url>': 'http://127.0.0.1/000000000000/left-over',
  '<name>': 'left-over',
};

/** What a reader puts in the place of a sample from the screen of a second terminal. */
const PRINTED_BESIDE: Readonly<Record<string, RegExp>> = {
  '<API token>': /API token +(\S+)/,
  '<queue, topic>': /queue, topic +(\S+)/,
  '<status topic>': /status topic +(\S+)/,
  'http://127.0.0.1:3000': /query +(http:\/\/127\.0\.0\.1:\d+)/,
  'http://127.0.0.1:8620': /open this +(\S+)/,
};

/**
 * The programs that the commands need. `.ci/run` brings them all; elsewhere the pages that need a missing one are left
 * out, so that `npm test` asks for nothing but npm.
 */
const TOOLS = ['curl', 'jq', 'openssl'];
const missing = TOOLS.filter((tool) => spawnSync(tool, ['version']).error);
if (missing.length > 0) console.warn(`Not every page's commands are run, for want of ${missing.join(', ')}.`);

const needsWhatIsMissing = (command: string) => missing.some((tool) => command.includes(`${tool} `));
const runnable = PAGES.filter(
  (page) =>
    commandsOf(page).some((command) => !notRun.has(command)) && !commandsOf(page).some(needsWhatIsMissing),
);

describe('what the pages print', () => {
  const printed = new Set(PAGES.flatMap(commandsOf));

  test('is run here, or is listed with its reason; nothing is listed that no page prints', () => {
    expect(printed.size).toBeGreaterThan(80);
    const listed = [...notRun, ...Object.keys(UNTIL_INTERRUPTED), ...Object.keys(BESIDE)];
    expect(listed.filter((command) => !printed.has(command))).toEqual([]);
    const begun = (start: string) => [...printed].some((command) => command.startsWith(start));
    expect(Object.keys(PRINTS).filter((start) => !begun(start))).toEqual([]);
    const text = [...printed].join('\n');
    expect(Object.keys(FILLED).filter((sample) => !text.includes(sample))).toEqual([]);
    expect(CHECKED_ONLY.filter((operation) => !text.includes(`aws ${operation} `))).toEqual([]);
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
    expect(tools.split(' ')).toEqual(expect.arrayContaining(TOOLS));
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

let stage: Stage;
beforeAll(async () => {
  stage = await startStage();
}, 120_000);
afterAll(() => stage.close());

// Side by side: each page has an account, a clone and a shell of its own, and waits for its programs most of the time.
describe.concurrent('the commands of', () => {
  test.each(runnable)(
    '$file end well, one after another, and leave nothing to commit',
    async (page) => {
      const account = await stage.openAccount();
      const desk = await openDesk(account.environment);
      try {
        await writeFile(path.join(desk.folder, 'platform-public-key.txt'), `${stage.platformPublicKey}\n`);
        await writeFile(path.join(desk.folder, 'notification.txt'), stage.notification);
        const makesSecret = commandsOf(page).some((command) => command.includes('create-secret'));
        if (!makesSecret) {
          account.storeSecret();
          await writeFile(path.join(desk.folder, 'secret.json'), account.secret);
        }
        const reader = new Reader(account, desk);
        for (const command of commandsOf(page).filter((each) => !notRun.has(each))) await reader.run(command);
        expect(await desk.changes()).toBe('');
      } finally {
        await desk.close();
        await account.close();
      }
    },
    300_000,
  );
});

/** Who follows a page, command by command. */
class Reader {
  readonly #account: Account;
  readonly #desk: Desk;
  /** What was printed by a program in a second terminal. */
  #beside = '';

  constructor(account: Account, desk: Desk) {
    this.#account = account;
    this.#desk = desk;
  }

  async run(command: string): Promise<void> {
    const ready = UNTIL_INTERRUPTED[command];
    if (ready) await this.#runUntilInterrupted(command, ready);
    else await this.#runToItsEnd(command);
  }

  async #runToItsEnd(command: string): Promise<void> {
    if (BESIDE[command]) await this.#startBeside(...BESIDE[command]);
    const { code, screen } = await this.#runAgain(command);
    expect(code, `${command}\n${screen}`).toBe(0);
    for (const [start, patterns] of Object.entries(PRINTS)) {
      if (command.startsWith(start)) for (const pattern of patterns) expect(screen, command).toMatch(pattern);
    }
    if (command.includes('create-secret')) await this.#takeSecret();
    if (this.#beside === '' && /sns subscribe .*--protocol sqs/s.test(command)) await this.#expectPayments();
  }

  #runAgain(command: string) {
    const [, until = /(?:)/] = Object.entries(AGAIN).find(([start]) => command.startsWith(start)) ?? [];
    const run = async () => {
      const outcome = await this.#desk.run(this.#filled(command));
      expect(outcome.screen).toMatch(until);
      return outcome;
    };
    return vi.waitFor(run, { timeout: 30_000 });
  }

  async #runUntilInterrupted(command: string, ready: RegExp): Promise<void> {
    const program = await this.#desk.startHere(command, ready);
    // What it prints for readers to paste.
    for (const [, line = ''] of program.screen.matchAll(/^ *(curl .*)$/gm)) {
      expect(await this.#desk.run(line), line).toMatchObject({
        code: 0,
        screen: expect.stringContaining('"payment":'),
      });
    }
    // npm takes Ctrl-C for its own end, too.
    expect([0, 130, 'SIGINT'], command).toContain(await program.interrupt());
  }

  async #startBeside(command: string, ready: RegExp): Promise<void> {
    this.#beside = (await this.#desk.start(command, ready)).screen;
    const { code } = await this.#desk.run((this.#beside.match(/^export .*$/gm) ?? []).join('\n') || 'true');
    expect(code).toBe(0);
  }

  #filled(command: string): string {
    const printed = Object.entries(PRINTED_BESIDE).map(([sample, pattern]) => [
      sample,
      pattern.exec(this.#beside)?.[1] ?? sample,
    ]);
    const samples = { ...FILLED, ...Object.fromEntries(printed) };
    return Object.entries<string>(samples).reduce(
      (text, [sample, value]) => text.replaceAll(sample, value),
      command,
    );
  }

  /** The secret that the page has made is right; the stage goes on with its own, as the cashier knows no other key. */
  async #takeSecret(): Promise<void> {
    expect(await this.#account.storedSecret()).toEqual({
      ...APP,
      privateKey: expect.stringMatching(/^-----BEGIN PRIVATE KEY-----\n/),
      platformPublicKey: `${stage.platformPublicKey}\n`,
      apiTokens: [expect.stringMatching(/^[0-9a-f]{64}$/)],
    });
    this.#account.storeSecret();
  }

  /** The queue that the page has subscribed at the stage gets what is paid. */
  async #expectPayments(): Promise<void> {
    const orderId = await stage.pay();
    expect(await stage.receive('paid-orders')).toMatchObject({ orderId, payment: { status: 'PAID' } });
  }
}
