import {
  readBaiduConfig,
  readConfirmConfig,
  readLogConfig,
  readNotifyConfig,
  readSecretConfig,
} from '../../lib/lambda/config.ts';

/** What a rule may need to know beside the value. */
export interface Place {
  /** Where the stack is deployed: what it names by ARN has to be there too. */
  readonly region: string;
  /** The days for which CloudWatch can keep a log. */
  readonly retentionDays: readonly number[];
}

/** Says what a parameter must be, where the value is not that. */
export type Rule = (value: string, place: Place) => string | undefined;

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
      : `must be the name of a secret, or its whole ARN in ${place.region}`,
  secretKeyArn: kmsKey,
  secretTtlSeconds: (value) =>
    refusalOf(() => readSecretConfig({ BAIDU_SECRET_ID: 'any', SECRET_TTL_SECONDS: value })),

  baiduQueryUrl: (value) =>
    value.startsWith('https:') && !refusalOf(() => readBaiduConfig({ BAIDU_QUERY_URL: value }))
      ? undefined
      : 'must be an https URL without user, query or fragment',
  baiduOpenapiUrl: (value) =>
    value.startsWith('https:') && !refusalOf(() => readBaiduConfig({ BAIDU_OPENAPI_URL: value }))
      ? undefined
      : 'must be an https origin: no path, user, query or fragment',
  baiduStatusApi: (value) => refusalOf(() => readBaiduConfig({ BAIDU_STATUS_API: value })),
  baiduAttemptTimeoutMs: (value) => refusalOf(() => readBaiduConfig({ BAIDU_ATTEMPT_TIMEOUT_MS: value })),
  baiduMaxAttempts: (value) => refusalOf(() => readBaiduConfig({ BAIDU_MAX_ATTEMPTS: value })),

  ordersTable: (value) =>
    /^[\w.-]{3,255}$/.test(value) ? undefined : 'must be the name of a DynamoDB table, not its ARN',

  refundAudit: (value) =>
    refusalOf(() => readNotifyConfig({ PAYMENT_QUEUE_URL: 'any', REFUND_AUDIT: value })),

  confirmConcurrency: whole(2, 1000),
  confirmReservedConcurrency: whole(1),
  notifyReservedConcurrency: whole(1),
  reserveConcurrency: (value) => (/^(yes|no)$/.test(value) ? undefined : 'must be yes or no'),

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
      : `must be the ARN of an SNS topic in ${place.region}, one that is not FIFO`,
  silenceAlarmHours: whole(1, 24),
  logRetentionDays: (value, { retentionDays }) =>
    retentionDays.some((days) => String(days) === value)
      ? undefined
      : `must be one of ${retentionDays.join(', ')}`,
  logLevel: (value) =>
    readLogConfig({ LOG_LEVEL: value }).level === value.toUpperCase() && value.toUpperCase() !== 'SILENT'
      ? undefined
      : 'must be DEBUG, INFO, WARN or ERROR (SILENT would blind the alarms)',
};

function kmsKey(value: string, place: Place): string | undefined {
  return isArn(value, 'kms', 'key/[\\w-]+', place)
    ? undefined
    : `must be the ARN of a KMS key in ${place.region}`;
}

/** Whether a text is an ARN in the region of the stack, and of its partition: the one in China is `aws-cn`. */
function isArn(text: string, service: string, resource: string, { region }: Place): boolean {
  const partition = region.startsWith('cn-') ? 'aws-cn' : 'aws(?!-cn)[a-z-]*';
  return new RegExp(`^arn:${partition}:${service}:${region}:\\d{12}:${resource}$`).test(text);
}

function whole(least: number, most?: number): Rule {
  const range = most === undefined ? `from ${least} up` : `from ${least} to ${most}`;
  return (value) =>
    /^\d{1,9}$/.test(value) && Number(value) >= least && Number(value) <= (most ?? Number.POSITIVE_INFINITY)
      ? undefined
      : `must be a whole number ${range}`;
}

/** What a reader of the environment refuses, without the name of the variable. */
function refusalOf(read: () => unknown): string | undefined {
  try {
    read();
    return undefined;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return error.message.replace(/^The environment variable \w+ (.*)\.$/, '$1');
  }
}
