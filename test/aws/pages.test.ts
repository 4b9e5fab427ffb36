import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { commandsOf, pagesToRun } from '../docs/commands.ts';
import type { Page } from '../docs/markdown.ts';
import { aboutNothing, follow, type Surroundings, type Words } from '../docs/reader.ts';
import { startShell } from '../support/shell.ts';
import type { Account } from './account.ts';
import { APP, CHECKED_ONLY, ORDER, type Stage, startStage } from './stage.ts';

/** The pages with commands for the AWS CLI; npm test follows the others. */
const PAGES = pagesToRun({ withAws: true });

const PAID = /"payment":\{"status":"PAID","code":1,"description":"支付成功"\}/;

const WORDS: Words = {
  untilInterrupted: {
    'npm start': /Ctrl-C ends everything/,
    'npm run cashier -- --notify-url http://127.0.0.1:8000/notify --merchant-public-key sandbox-public.pem':
      /^Page +http/m,
    'node examples/queue-reader/index.js': /"message":"paid","tpOrderId":"3028903626"/,
  },
  beside: { "ENDPOINT='<queue, topic>'": ['npm start', /Ctrl-C ends everything/] },
  prints: {
    'npm run doctor': [/All is well\./],
    'npm run smoke': [/ok\s+query signs/, /ok\s+the query refuses/],
    'aws cloudformation describe-stacks': [/WebhookUrl/, /QueryUrl/],
    'aws cloudformation describe-stack-resources': [/"ResourceType": "AWS::DynamoDB::Table"/],
    'aws cloudwatch describe-alarms': [/^baidu-payment-status-prod-dead-letters\t\S+\t/m],
    'aws lambda invoke --function-name "$SERVICE-query" --payload fileb://events/query-self-test.json': [
      /"ok":true,"keyBits":2048,"publicKey":"MI\S+","appId":"\d+","appKey":"\S+"/,
    ],
    'aws lambda invoke --function-name "$SERVICE-notify"': [
      /"ok":true,.*"platformKeys":\[\{"keyBits":1024,"publicKey":"MI\S+"\}\]/,
    ],
    'aws lambda invoke --function-name "$SERVICE-query" --payload fileb://order.json': [/"status":"PAID"/],
    'aws lambda put-function-concurrency': [/"ReservedConcurrentExecutions": 200/],
    'aws lambda update-event-source-mapping --uuid "$MAPPING" --no-enabled': [/"State": "Disabled"/],
    'aws lambda update-event-source-mapping --uuid "$MAPPING" --enabled': [/"State": "Enabled"/],
    'aws secretsmanager get-secret-value --secret-id "$SECRET" --query SecretString --output text | jq': [
      /^\S{32,}$/m,
    ],
    'curl -i -d hello=1': [
      /^HTTP\/1.1 400 /m,
      /\{"errno":400,"msg":"INVALID_NOTIFICATION: The field rsaSign is missing\."\}/,
    ],
    'curl -i "$(output QueryUrl': [/^HTTP\/1.1 401 /m, /"code":"UNAUTHORIZED"/],
    'curl -H "Authorization': [PAID],
    'curl --fail-with-body': [PAID],
    'jq . answer.json': [/"status": "PAID"|"ok": true/],
    "jq '.Messages[].Body'": [/1920891312/],
    'echo "$ORDERS_TABLE"': [/^orders/m],
    "logs query '{ $.requestId": [/^first\nsecond$/m],
    "logs confirm '{ $.orderId": [/^first\nsecond$/m],
    'npm run package': [/Parameters of prod: none, so the defaults/, /Service packaged/],
  },
  filled: {
    '--arg appId 10026': `--arg appId ${APP.appId}`,
    '--arg appKey MMM4oc': `--arg appKey ${APP.appKey}`,
    '--arg dealId 470193086': `--arg dealId ${APP.dealId}`,
    '--arg smartAppKey y8bVDvs3HpQk0LxWm5TfRz2NcGj7UaE4': `--arg smartAppKey ${'k'.repeat(32)}`,
    '--arg smartAppSecret q4Zt9KeXw2SgM6YrBn1CdJh8PfLv3UoA': `--arg smartAppSecret ${'s'.repeat(32)}`,
    '<orderId>': ORDER.orderId,
    '<siteId>': ORDER.userId,
    '<requestId>': '9170abc3-c096-46c1-9634-ba0896755528',
    '<the good version: the last one is AWSPREVIOUS>': versionThatIs('AWSPREVIOUS'),
    '<the version that is AWSCURRENT>': versionThatIs('AWSCURRENT'),
    // The last queue and the ledger, as deploy.md prints them before.
    '<url>': /^(http:\/\/\S+\/000000000000\/\S+)$/gm,
    '<name>': /"PhysicalResourceId": "(\S+)"/g,
    '<queue, topic>': /queue, topic +(\S+)/g,
    '<status topic>': /status topic +(\S+)/g,
    'http://127.0.0.1:8620': /open this +(\S+)/g,
  },
};

function versionThatIs(label: string): RegExp {
  return new RegExp(`"VersionId": "(\\S+)",\\s+"VersionStages": \\[\\s+"${label}"`, 'g');
}

/** Two lines of now in the logs of two functions. */
const LOGGED = `for name in query confirm; do
  set -- --region cn-north-1 --log-group-name "/aws/lambda/baidu-payment-status-prod-$name" --log-stream-name one
  now=$(date +%s000)
  aws logs create-log-stream "$@" &&
    aws logs put-log-events "$@" --log-events timestamp=$now,message=first timestamp=$now,message=second || exit
done`;

let stage: Stage;
beforeAll(async () => {
  stage = await startStage(inject('tools').python);
}, 120_000);
afterAll(() => stage.close());

describe.concurrent('the commands of', () => {
  test.each(PAGES)(
    '$file end well with the AWS CLI, one after another, and leave nothing to commit',
    async (page) => {
      const account = await stage.openAccount();
      try {
        await follow(page, WORDS, around(page, account));
      } finally {
        await account.close();
      }
    },
    300_000,
  );
});

/** What a page's reader has done before, and sees beside the screen. */
function around(page: Page, account: Account): Surroundings {
  const makesSecret = commandsOf(page).some((command) => command.includes('create-secret'));
  return {
    environment: account.environment,
    before: async ({ folder, run }) => {
      await writeFile(path.join(folder, 'platform-public-key.txt'), `${stage.platformPublicKey}\n`);
      await writeFile(path.join(folder, 'notification.txt'), stage.notification);
      if (!makesSecret) {
        await account.storeSecret();
        await writeFile(path.join(folder, 'secret.json'), account.secret);
      }
      if (page.file !== 'docs/operations/logs-and-metrics.md') return;
      expect(await run(LOGGED)).toMatchObject({ code: 0 });
    },
    after: async (command) => {
      if (command.includes('create-secret')) {
        expect(await account.storedSecret()).toEqual(pageSecret());
        await account.storeSecret();
      }
      if (/sns subscribe --topic-arn .*--protocol sqs/s.test(command)) await expectPayments();
    },
  };
}

/** What a page puts into its secret; the stage goes on with its own, as the cashier knows no other key. */
const pageSecret = () => ({
  ...APP,
  privateKey: expect.stringMatching(/^-----BEGIN PRIVATE KEY-----\n/),
  platformPublicKey: `${stage.platformPublicKey}\n`,
  apiTokens: [expect.stringMatching(/^[0-9a-f]{64}$/)],
});

/** The queue that a page has subscribed at the stage gets what is paid. */
async function expectPayments(): Promise<void> {
  const orderId = await stage.pay();
  expect(await stage.receive('paid-orders')).toMatchObject({ orderId, payment: { status: 'PAID' } });
}

test('nothing is said of commands that no page prints', () => {
  const printed = PAGES.flatMap(commandsOf);
  expect(aboutNothing(WORDS, printed)).toEqual([]);
  const unused = Object.keys(CHECKED_ONLY).filter(
    (operation) => !printed.some((each) => each.includes(`aws ${operation} `)),
  );
  expect(unused).toEqual([]);
});

test('a command that is not sent is checked all the same', async () => {
  const { environment, close } = await stage.openAccount();
  const shell = startShell({
    folder: '/',
    environment: { ...environment, AWS_DEFAULT_REGION: 'cn-north-1' },
  });
  try {
    const started = await shell.run('aws sqs start-message-move-task --source-arn x');
    expect(started).toMatchObject({ code: 0, screen: expect.stringContaining('TaskHandle') });
    const { code, screen } = await shell.run('aws sqs start-message-move-task --to y');
    expect(screen).toContain('the following arguments are required: --source-arn');
    expect(code).not.toBe(0);
  } finally {
    await shell.close();
    await close();
  }
});
