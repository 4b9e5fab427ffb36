import {
  readBaiduConfig,
  readConfirmConfig,
  readLogConfig,
  readNotifyConfig,
  readSecretConfig,
} from '../../lib/lambda/config.ts';
import type { Text } from '../command/language.ts';

/** What a rule may need to know beside the value. */
export interface Place {
  /** Where the stack is deployed: what it names by ARN has to be there too. */
  readonly region: string;
  /** The days for which CloudWatch can keep a log. */
  readonly retentionDays: readonly number[];
}

/** Says what a parameter must be, where the value is not that. */
export type Rule = (value: string, place: Place) => Text | undefined;

/**
 * The rule of each parameter of `serverless.yml`. What the functions read from their environment is asked of their own
 * readers; the others are limits of AWS.
 *
 * @see AWS's API references: Lambda (ScalingConfig, PutFunctionConcurrency), DynamoDB and Secrets Manager (names)
 */
export const RULES: Readonly<Record<string, Rule>> = {
  secretId: (value, place) =>
    /^[\w/+=.@-]{1,512}$/.test(value) || isArn(value, 'secretsmanager', 'secret:[\\w/+=.@-]+-\\w{6}', place)
      ? undefined
      : {
          en: `must be the name of a secret, or its whole ARN in ${place.region}`,
          zh: `必须是 secret 的名称，或它在 ${place.region} 的完整 ARN`,
        },
  secretKeyArn: kmsKey,
  secretTtlSeconds: (value) =>
    refusalOf(() => readSecretConfig({ BAIDU_SECRET_ID: 'any', SECRET_TTL_SECONDS: value })),

  baiduQueryUrl: (value) =>
    value.startsWith('https:') && !refusalOf(() => readBaiduConfig({ BAIDU_QUERY_URL: value }))
      ? undefined
      : {
          en: 'must be an https URL without user, query or fragment',
          zh: '必须是 https 地址，不带用户名、查询字符串和片段',
        },
  baiduOpenapiUrl: (value) =>
    value.startsWith('https:') && !refusalOf(() => readBaiduConfig({ BAIDU_OPENAPI_URL: value }))
      ? undefined
      : {
          en: 'must be an https origin: no path, user, query or fragment',
          zh: '必须是 https 的源（origin），不带路径、用户名、查询字符串和片段',
        },
  baiduStatusApi: (value) => refusalOf(() => readBaiduConfig({ BAIDU_STATUS_API: value })),
  baiduAttemptTimeoutMs: (value) => refusalOf(() => readBaiduConfig({ BAIDU_ATTEMPT_TIMEOUT_MS: value })),
  baiduMaxAttempts: (value) => refusalOf(() => readBaiduConfig({ BAIDU_MAX_ATTEMPTS: value })),

  ordersTable: (value) =>
    /^[\w.-]{3,255}$/.test(value)
      ? undefined
      : {
          en: 'must be the name of a DynamoDB table, not its ARN',
          zh: '必须是 DynamoDB 表的名称，而不是 ARN',
        },

  refundAudit: (value) =>
    refusalOf(() => readNotifyConfig({ PAYMENT_QUEUE_URL: 'any', REFUND_AUDIT: value })),

  confirmConcurrency: whole(2, 1000),
  confirmReservedConcurrency: whole(1),
  notifyReservedConcurrency: whole(1),
  reserveConcurrency: (value) =>
    /^(yes|no)$/.test(value) ? undefined : { en: 'must be yes or no', zh: '只能是 yes 或 no' },

  ledgerDays: (value) =>
    refusalOf(() => readConfirmConfig({ PAYMENT_TOPIC_ARN: 'any', LEDGER_TABLE: 'any', LEDGER_DAYS: value })),

  queryRateLimit: whole(1),
  queryBurstLimit: whole(1),
  webhookRateLimit: whole(1),
  webhookBurstLimit: whole(1),

  topicKeyArn: kmsKey,
  alarmTopicArn: (value, place) =>
    isArn(value, 'sns', '[\\w-]{1,256}', place)
      ? undefined
      : {
          en: `must be the ARN of an SNS topic in ${place.region}, one that is not FIFO`,
          zh: `必须是 ${place.region} 的 SNS 主题的 ARN，且不是 FIFO 主题`,
        },
  silenceAlarmHours: whole(1, 24),
  logRetentionDays: (value, { retentionDays }) =>
    retentionDays.some((days) => String(days) === value)
      ? undefined
      : { en: `must be one of ${retentionDays.join(', ')}`, zh: `只能是 ${retentionDays.join('、')}` },
  logLevel: (value) =>
    readLogConfig({ LOG_LEVEL: value }).level === value.toUpperCase() && value.toUpperCase() !== 'SILENT'
      ? undefined
      : {
          en: 'must be DEBUG, INFO, WARN or ERROR (SILENT would blind the alarms)',
          zh: '只能是 DEBUG、INFO、WARN 或 ERROR（SILENT 会使告警失明）',
        },
};

function kmsKey(value: string, place: Place): Text | undefined {
  return isArn(value, 'kms', 'key/[\\w-]+', place)
    ? undefined
    : {
        en: `must be the ARN of a KMS key in ${place.region}`,
        zh: `必须是 ${place.region} 的 KMS 密钥的 ARN`,
      };
}

/** Whether a text is an ARN in the region of the stack, and of its partition: the one in China is `aws-cn`. */
function isArn(text: string, service: string, resource: string, { region }: Place): boolean {
  const partition = region.startsWith('cn-') ? 'aws-cn' : 'aws(?!-cn)[a-z-]*';
  return new RegExp(`^arn:${partition}:${service}:${region}:\\d{12}:${resource}$`).test(text);
}

function whole(least: number, most?: number): Rule {
  const must =
    most === undefined
      ? { en: `must be a whole number from ${least} up`, zh: `必须是不小于 ${least} 的整数` }
      : { en: `must be a whole number from ${least} to ${most}`, zh: `必须是 ${least} 到 ${most} 的整数` };
  return (value) =>
    /^\d{1,9}$/.test(value) && Number(value) >= least && Number(value) <= (most ?? Number.POSITIVE_INFINITY)
      ? undefined
      : must;
}

/** What a reader of the environment refuses, without the name of the variable. */
function refusalOf(read: () => unknown): Text | undefined {
  try {
    read();
    return undefined;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const en = error.message.replace(/^The environment variable \w+ (.*)\.$/, '$1');
    return { en, zh: TRANSLATIONS.reduce((text, [pattern, zh]) => text.replace(pattern, zh), en) };
  }
}

/** What those readers say, and the same in Chinese; `$1` is what the pattern caught. */
const TRANSLATIONS: readonly (readonly [RegExp, string])[] = [
  [/^must be a whole number from (\d+) to (\d+)$/, '必须是 $1 到 $2 的整数'],
  [/^must be one of (.*)$/, '只能是其中之一：$1'],
];
