import { existsSync } from 'node:fs';
import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { faultsOf, namesGiven, type Packaging } from '../../local/deploy/parameters.ts';
import { RULES } from '../../local/deploy/rules.ts';
import { copyService, osls, placeholder, root, startOsls } from './package.ts';

let folder: string;
const again = startOsls();
beforeAll(async () => {
  folder = await copyService();
});
afterEach(() => cp(join(root, 'serverless.yml'), join(folder, 'serverless.yml')));
afterAll(async () => {
  await again.end();
  await rm(folder, { recursive: true, force: true });
});

/** What osls says of parameters that it refuses, without its heading. */
async function refusal(
  args: readonly string[],
  environment?: Record<string, string>,
  run = again.osls,
): Promise<string[]> {
  const said = await run(folder, args, environment).then(
    () => 'nothing was refused',
    ({ stdout }) => String(stdout),
  );
  expect(existsSync(join(folder, '.serverless'))).toBe(false);
  expect(existsSync(join(folder, '.esbuild'))).toBe(false);
  return said.trimEnd().split('\n').slice(1);
}

/** Adds to the blocks under `params:`. */
async function addBlock(text: string): Promise<void> {
  const file = join(folder, 'serverless.yml');
  await writeFile(file, (await readFile(file, 'utf8')).replace(/^params:$/m, `params:\n${text}`));
}

const param = (...assignments: string[]) => assignments.flatMap((text) => ['--param', text]);

describe('osls refuses, before it builds anything,', () => {
  test('names that are no parameter, and values that are none', async () => {
    const given = param('secretID=x', 'alarmTopicArn=', 'ordersTable', 'logLevel=nonsense');
    expect(await refusal(['package', ...given], {}, osls)).toEqual([
      '--param ordersTable has to be given as name=value.',
      '--param secretID is no parameter of this service (did you mean secretId?).',
      '--param alarmTopicArn is empty; leave it out for its default.',
    ]);
  });

  test('in Chinese where the environment is', async () => {
    const given = param('reserveConcurrency=maybe', 'logLevel=SILENT');
    expect(await refusal(['package', ...given], { LC_ALL: 'zh_CN.UTF-8' })).toEqual([
      '--param reserveConcurrency 只能是 yes 或 no。',
      '--param logLevel 只能是 DEBUG、INFO、WARN 或 ERROR（SILENT 会使告警失明）。',
    ]);
  });

  test('values that do not fit, at a deployment too', async () => {
    const given = param('confirmConcurrency=1', 'logRetentionDays=45', 'reserveConcurrency=maybe');
    expect(await refusal(['deploy', ...given])).toEqual([
      '--param confirmConcurrency must be a whole number from 2 to 1000.',
      '--param reserveConcurrency must be yes or no.',
      expect.stringMatching(/^--param logRetentionDays must be one of 1, 3, 5, .*, 3653\.$/),
    ]);
  });

  test('what the block of the stage holds', async () => {
    await addBlock('  prod:\n    baiduMaxAtempts: 2\n    logLevel: SILENT\n');
    expect(await refusal(['package', '--stage', 'prod'])).toEqual([
      'params.prod.baiduMaxAtempts is no parameter of this service (did you mean baiduMaxAttempts?).',
    ]);
  });

  test('values that variables bring, those that osls resolves last among them, and nothing of another stage', async () => {
    const [early, late] = [placeholder('env:TOPIC'), placeholder('param:logLevel')];
    await addBlock(`  prod:\n    alarmTopicArn: ${early}\n  test:\n    topicKeyArn: ${late}\n`);
    expect(await refusal(['package', '--stage', 'prod'], { TOPIC: 'operators' })).toEqual([
      'params.prod.alarmTopicArn must be the ARN of an SNS topic in cn-north-1, one that is not FIFO.',
    ]);
    expect(await refusal(['package', '--stage', 'test'])).toEqual([
      'params.test.topicKeyArn must be the ARN of a KMS key in cn-north-1.',
    ]);
  });
});

test('names the parameters that are not the defaults', () => {
  const blocks = {
    default: { logLevel: 'INFO' },
    prod: { ordersTable: 'orders', alarmTopicArn: null },
    prd: { logLevel: 'WARN' },
  };
  expect(namesGiven({ blocks, stage: 'prod', given: ['queryRateLimit=1'] })).toEqual([
    'ordersTable',
    'queryRateLimit',
  ]);
  expect(namesGiven({ blocks, stage: 'dev', given: [] })).toEqual([]);
});

describe('osls', () => {
  test('explains its options, whatever the parameters are', async () => {
    const { stdout } = await again.osls(folder, ['package', '--help', ...param('secretID=x')]);
    expect(stdout).toContain('--param');
  });

  test('prints, whatever the parameters are; they have a rule each, and their defaults fit', async () => {
    const { stdout } = await again.osls(folder, ['print', '--format', 'json', ...param('logLevel=x')]);
    const { provider, params } = JSON.parse(stdout);
    expect(provider.stage).toBe('dev');
    expect(Object.keys(RULES).sort()).toEqual(Object.keys(params.default).sort());
    expect(faults([], { default: params.default })).toEqual([]);
  });
});

describe('osls deploy', () => {
  // Where there are none, a machine's own role is asked for over the network.
  const nowhere = { AWS_EC2_METADATA_DISABLED: 'true' };
  test.each([
    ['C', '.md', 'There are no AWS credentials.', 'the profile nosuch has none on this machine.'],
    [
      'zh_CN.UTF-8',
      '.zh-CN.md',
      '没有 AWS 凭证。',
      '本机没有名为 nosuch 的配置（profile），或其中没有凭证。',
    ],
  ])(
    'says before it builds anything that it finds no credentials, in the words of the pages: %s',
    async (LC_ALL, ending, none, misspelt) => {
      const environment = { ...nowhere, LC_ALL };
      const said = await refusal(['deploy'], environment);
      expect(said.join()).toContain(none);
      const named = await refusal(['deploy', '--stage', 'prod'], { ...environment, AWS_PROFILE: 'nosuch' });
      expect(named.join()).toContain(misspelt);
      for (const page of ['README', 'docs/operations/deploy']) {
        const text = await readFile(join(root, page + ending), 'utf8');
        expect(text).toContain(none.slice(0, -1));
        expect(text).toContain('`AWS_PROFILE`');
      }
    },
  );

  test('without a stage ends in the words that the pages explain', async () => {
    const words = 'Missing value for CLI parameter "--stage"';
    expect(await refusal(['deploy', '--stage', ''])).toContain(words);
    for (const page of ['README', 'docs/operations/deploy']) {
      for (const ending of ['.md', '.zh-CN.md']) {
        expect(await readFile(join(root, page + ending), 'utf8')).toContain(`\`${words}\``);
      }
    }
  });
});

const DEFAULTS = {
  ...Object.fromEntries(Object.keys(RULES).map((name) => [name, null])),
  ...{ confirmConcurrency: 5, confirmReservedConcurrency: 10, reserveConcurrency: 'yes' },
};

const bothFaults = (given: readonly string[], own: Packaging['blocks'] = { default: DEFAULTS }) =>
  faultsOf({ blocks: own, given, stage: 'prod', region: 'cn-north-1', retentionDays: [30, 90] });
const faults = (...args: Parameters<typeof bothFaults>) => bothFaults(...args).map(({ en }) => en);
const inChinese = (...args: Parameters<typeof bothFaults>) => bothFaults(...args).map(({ zh }) => zh);

const arn = (rest: string, region = 'cn-north-1') => `arn:aws-cn:${rest.replace(':', `:${region}:`)}`;
const account = '123456789012';

describe('a parameter', () => {
  test.each([
    'secretId=merchant/baidu',
    `secretId=${arn(`secretsmanager:${account}:secret:merchant/baidu-AbCdEf`)}`,
    `secretKeyArn=${arn(`kms:${account}:key/mrk-0`)}`,
    ...['secretTtlSeconds=0', 'secretTtlSeconds=86400'],
    ...['baiduQueryUrl=https://proxy.example/query', 'baiduQueryUrl=https://proxy.example:8443/'],
    ...['baiduOpenapiUrl=https://proxy.example:8443', 'baiduOpenapiUrl=https://proxy.example/'],
    ...['baiduStatusApi=queryorderdetail', 'baiduStatusApi=findByTpOrderId'],
    ...[
      'baiduAttemptTimeoutMs=10',
      'baiduAttemptTimeoutMs=7000',
      'baiduMaxAttempts=1',
      'baiduMaxAttempts=10',
    ],
    'ordersTable=merchant.orders_1-a',
    ...['confirmConcurrency=2', 'confirmConcurrency=9', 'confirmReservedConcurrency=6'],
    ...['notifyReservedConcurrency=1', 'reserveConcurrency=yes', 'reserveConcurrency=no'],
    ...['queryRateLimit=1', 'queryBurstLimit=1', 'webhookRateLimit=10000', 'webhookBurstLimit=5000'],
    `topicKeyArn=${arn(`kms:${account}:key/00000000-0000-0000-0000-00000000000b`)}`,
    `alarmTopicArn=${arn(`sns:${account}:operators`)}`,
    ...['silenceAlarmHours=1', 'silenceAlarmHours=24'],
    ...['logRetentionDays=30', 'logLevel=DEBUG', 'logLevel=error'],
  ])('is taken: %s', (given) => {
    expect(faults([given])).toEqual([]);
  });

  const secret = 'must be the name of a secret, or its whole ARN in cn-north-1';
  const origin = 'must be an https origin: no path, user, query or fragment';
  const url = 'must be an https URL without user, query or fragment';
  const table = 'must be the name of a DynamoDB table, not its ARN';
  const topic = 'must be the ARN of an SNS topic in cn-north-1, one that is not FIFO';
  const key = 'must be the ARN of a KMS key in cn-north-1';
  const level = 'must be DEBUG, INFO, WARN or ERROR (SILENT would blind the alarms)';
  const oneUp = 'must be a whole number from 1 up';

  test.each([
    ['secretId=a b', secret],
    ['secretId=secret\nsecond line', secret],
    [`secretId=${arn(`secretsmanager:${account}:secret:merchant/baidu-AbCdEf`, 'ap-east-1')}`, secret],
    [`secretId=${arn(`sns:${account}:secret-AbCdEf`)}`, secret],
    ['secretKeyArn=alias/merchant', key],
    [`secretKeyArn=${arn(`kms:${account}:alias/merchant`)}`, key],
    ['secretTtlSeconds=86401', 'must be a whole number from 0 to 86400'],
    ['baiduQueryUrl=http://proxy.example/query', url],
    ['baiduQueryUrl=http://127.0.0.1:8620/query', url],
    ['baiduQueryUrl=https://proxy.example/query?', url],
    ['baiduQueryUrl=https://user:word@proxy.example/', url],
    ['baiduQueryUrl=proxy.example', url],
    ['baiduOpenapiUrl=http://127.0.0.1:8620', origin],
    ['baiduOpenapiUrl=https://proxy.example/path', origin],
    ['baiduStatusApi=second', 'must be one of queryorderdetail, findByTpOrderId'],
    ['baiduAttemptTimeoutMs=9', 'must be a whole number from 10 to 7000'],
    ['baiduAttemptTimeoutMs=1.5', 'must be a whole number from 10 to 7000'],
    ['baiduMaxAttempts=11', 'must be a whole number from 1 to 10'],
    [`ordersTable=${arn(`dynamodb:${account}:table/orders`)}`, table],
    ['ordersTable=ab', table],
    ['confirmConcurrency=1', 'must be a whole number from 2 to 1000'],
    ['confirmConcurrency=1001', 'must be a whole number from 2 to 1000'],
    ['confirmReservedConcurrency=0', oneUp],
    ['notifyReservedConcurrency=-1', oneUp],
    ['reserveConcurrency=YES', 'must be yes or no'],
    ['reserveConcurrency=false', 'must be yes or no'],
    ['queryRateLimit=0', oneUp],
    ['queryBurstLimit=many', oneUp],
    ['webhookRateLimit=0.5', oneUp],
    ['webhookBurstLimit=1e3', oneUp],
    [`topicKeyArn=${arn(`kms:${account}:key/0`, 'cn-northwest-1')}`, key],
    ['alarmTopicArn=operators', topic],
    [`alarmTopicArn=${arn(`sns:${account}:operators.fifo`)}`, topic],
    [`alarmTopicArn=${arn(`sns:${account}:operators`, 'ap-east-1')}`, topic],
    [`alarmTopicArn=${arn(`sns:${account}:operators:0-1-2`)}`, topic],
    [`alarmTopicArn=arn:aws:sns:cn-north-1:${account}:operators`, topic],
    ['silenceAlarmHours=0', 'must be a whole number from 1 to 24'],
    ['silenceAlarmHours=25', 'must be a whole number from 1 to 24'],
    ['logRetentionDays=45', 'must be one of 30, 90'],
    ['logLevel=SILENT', level],
    ['logLevel=silent', level],
    ['logLevel=verbose', level],
  ])('is refused: %s', (given, must) => {
    expect(faults([given])).toEqual([`--param ${given.split('=')[0]} ${must}.`]);
    expect(inChinese([given])).toEqual([
      expect.stringMatching(/^--param \w+ (必须是|只能是)(?!.*\b(must|from|one of)\b).*。$/),
    ]);
  });

  test('is not shown where it is refused', () => {
    expect(faults(['secretId=MII secret', 'MII secret', 'MIIsecret']).join()).not.toContain('MII');
  });

  test('counts where it is given last: on the command line, for the stage, by default', () => {
    const own = {
      default: { ...DEFAULTS, logLevel: 'INFO' },
      prod: { logLevel: 'none' },
      dev: { logLevel: 'no' },
    };
    expect(faults([], own)).toEqual([`params.prod.logLevel ${level}.`]);
    expect(faults(['logLevel=WARN'], own)).toEqual([]);
    expect(faults([], { ...own, prod: null })).toEqual([]);
    expect(faults([], { default: { ...DEFAULTS, logLevel: 'none' } })).toEqual([
      `params.default.logLevel ${level}.`,
    ]);
    expect(faults([], { ...own, prod: { logLevel: '' } })).toEqual([
      'params.prod.logLevel is empty; leave it out for its default.',
    ]);
  });

  test('that is none is told the nearest name, or all of them', () => {
    expect(faults(['reservedConcurrency=no'])[0]).toContain('(did you mean reserveConcurrency?)');
    expect(faults(['stage=60'])[0]).toContain(`(there are ${Object.keys(RULES).join(', ')})`);
    expect(inChinese(['reservedConcurrency=no'])).toEqual([
      '本服务没有参数 --param reservedConcurrency（是不是 reserveConcurrency？）。',
    ]);
  });

  test('has to wait for its rule until its variable is resolved', () => {
    const prod = { alarmTopicArn: placeholder('ssm:/operators'), logLevel: 'none' };
    expect(faults([], { default: DEFAULTS, prod })).toEqual([`params.prod.logLevel ${level}.`]);
  });
});

describe('confirmReservedConcurrency', () => {
  test.each([
    ['confirmConcurrency=10'],
    ['confirmReservedConcurrency=5'],
    ['confirmConcurrency=200', 'confirmReservedConcurrency=150'],
  ])('is refused where it is not above confirmConcurrency: %s %s', (...given) => {
    const cap = /\d+/.exec(given.find((text) => text.startsWith('confirmR')) ?? '10')?.[0];
    const batches = /\d+/.exec(given.find((text) => text.startsWith('confirmC')) ?? '5')?.[0];
    expect(faults(given)).toEqual([
      `confirmReservedConcurrency (${cap}) must be above confirmConcurrency (${batches}).`,
    ]);
    expect(inChinese(given)).toEqual([
      `confirmReservedConcurrency（${cap}）必须大于 confirmConcurrency（${batches}）。`,
    ]);
  });

  test('does not matter where nothing is reserved', () => {
    expect(faults(['confirmConcurrency=20', 'reserveConcurrency=no'])).toEqual([]);
  });
});
