import type { SecretSource } from '../aws/secrets-manager.ts';
import { BAIDU_OPENAPI_URL, BAIDU_QUERY_URL, isLoopback } from '../baidu/address.ts';
import { ServiceError } from '../baidu/errors.ts';
import { STANDARD_LIMITS } from '../baidu/http/deadline.ts';
import type { BaiduConfig, StatusApi } from '../status-query.ts';
import type { AuditPolicy } from '../webhook.ts';

/** The environment, or a stand-in for it. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** From the most talkative on; `SILENT` writes nothing, metrics neither. */
export type LogLevel = 'DEBUG' | 'INFO' | 'WARN' | 'ERROR' | 'SILENT';

/** What a log needs to know. */
export interface LogConfig {
  readonly level: LogLevel;
  /** The deployed function's name: the dimension of its metrics. */
  readonly functionName: string;
}

/** What a function reads of its environment by itself, whatever the rest of it is worth. */
export function readLogConfig(env: Environment = process.env): LogConfig {
  const level = env['LOG_LEVEL']?.toUpperCase();
  return {
    level: isLogLevel(level) ? level : 'INFO',
    functionName: env['AWS_LAMBDA_FUNCTION_NAME'] ?? 'local',
  };
}

/** `BAIDU_SECRET_ID` and `SECRET_TTL_SECONDS`. Throws `CONFIGURATION_UNAVAILABLE` naming the variable at fault. */
export function readSecretConfig(env: Environment = process.env): SecretSource {
  return {
    secretId: required(env, 'BAIDU_SECRET_ID'),
    secretTtlMs: wholeNumber(env, 'SECRET_TTL_SECONDS', { standard: 300, least: 0, most: 86_400 }) * 1000,
  };
}

/**
 * Where Secrets Manager will be asked. A guess for a connection to begin with: the SDK has its own way to know, and asks
 * over another one where it is wrong.
 */
export function secretsManagerUrl(env: Environment = process.env): URL | null {
  const region = env['AWS_REGION'] ?? '';
  const host = `secretsmanager.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`;
  return URL.parse(env['AWS_ENDPOINT_URL_SECRETS_MANAGER'] || (region && `https://${host}`));
}

/**
 * `BAIDU_STATUS_API`, `BAIDU_QUERY_URL`, `BAIDU_OPENAPI_URL`, `BAIDU_ATTEMPT_TIMEOUT_MS` and `BAIDU_MAX_ATTEMPTS`. Throws
 * as `readSecretConfig` does.
 */
export function readBaiduConfig(env: Environment = process.env): BaiduConfig {
  const statusApi = env['BAIDU_STATUS_API'] || 'queryorderdetail';
  if (!isStatusApi(statusApi))
    throw unfitVariable('BAIDU_STATUS_API', `must be one of ${STATUS_APIS.join(', ')}`);
  const { attemptTimeoutMs, maxAttempts } = STANDARD_LIMITS;
  const whole = (name: string, standard: number, least: number, most: number) =>
    wholeNumber(env, name, { standard, least, most });
  return {
    statusApi,
    queryUrl: readUrl('BAIDU_QUERY_URL', env['BAIDU_QUERY_URL'] || BAIDU_QUERY_URL),
    openapiUrl: readOrigin('BAIDU_OPENAPI_URL', env['BAIDU_OPENAPI_URL'] || BAIDU_OPENAPI_URL),
    attemptTimeoutMs: whole('BAIDU_ATTEMPT_TIMEOUT_MS', attemptTimeoutMs, 10, 7000),
    maxAttempts: whole('BAIDU_MAX_ATTEMPTS', maxAttempts, 1, 10),
  };
}

/** Where notifications are stored, and what they are compared with. */
export interface NotifyConfig {
  readonly queueUrl: string;
  /** `undefined`: no order check. */
  readonly ordersTable: string | undefined;
  readonly auditPolicy: AuditPolicy;
}

/** `PAYMENT_QUEUE_URL`, `ORDERS_TABLE` and `REFUND_AUDIT`. Throws as `readSecretConfig` does. */
export function readNotifyConfig(env: Environment = process.env): NotifyConfig {
  const auditPolicy = env['REFUND_AUDIT'] || 'undecided';
  if (!isAuditPolicy(auditPolicy))
    throw unfitVariable('REFUND_AUDIT', `must be one of ${AUDIT_POLICIES.join(', ')}`);
  return {
    queueUrl: required(env, 'PAYMENT_QUEUE_URL'),
    ordersTable: env['ORDERS_TABLE'] || undefined,
    auditPolicy,
  };
}

/** Where changes are published, what was told is written down, and look-ups are sent back to. */
export interface ConfirmConfig extends LedgerConfig {
  readonly topicArn: string;
  readonly ledgerTable: string;
  /** Where a look-up goes that Baidu refuses for its QPS limit; `undefined`: back to the queue it came from. */
  readonly queueUrl: string | undefined;
}

/** `PAYMENT_TOPIC_ARN`, `LEDGER_TABLE`, `LEDGER_DAYS` and, where it is set, `PAYMENT_QUEUE_URL`. Throws as `readSecretConfig` does. */
export function readConfirmConfig(env: Environment = process.env): ConfirmConfig {
  return {
    topicArn: required(env, 'PAYMENT_TOPIC_ARN'),
    ledgerTable: required(env, 'LEDGER_TABLE'),
    rememberMs: readLedgerConfig(env).rememberMs,
    queueUrl: env['PAYMENT_QUEUE_URL'] || undefined,
  };
}

/** The ledger, where there is one: whoever needs it otherwise answers that there is none. */
export interface LedgerConfig {
  readonly ledgerTable: string | undefined;
  /** How long the ledger remembers an order after its last change, in milliseconds. */
  readonly rememberMs: number;
}

/** `LEDGER_TABLE`, where it is set, and `LEDGER_DAYS`. Throws as `readSecretConfig` does. */
export function readLedgerConfig(env: Environment = process.env): LedgerConfig {
  return {
    ledgerTable: env['LEDGER_TABLE'] || undefined,
    rememberMs: wholeNumber(env, 'LEDGER_DAYS', { standard: 400, least: 1, most: 3650 }) * 86_400_000,
  };
}

/** The trace id of the invocation under way, where the runtime sets one. */
export function readTraceId(env: Environment = process.env): string | undefined {
  return /Root=([^;]+)/.exec(env['_X_AMZN_TRACE_ID'] ?? '')?.[1];
}

function readUrl(name: string, text: string): URL {
  const url = URL.parse(text);
  const secure = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url.hostname));
  if (!url || !secure || url.username || url.password || /[?#]/.test(text)) {
    throw unfitVariable(name, 'must be an https URL without query (http only on loopback)');
  }
  return url;
}

/** What is asked there has paths of its own. */
function readOrigin(name: string, text: string): URL {
  const url = readUrl(name, text);
  if (url.pathname === '/') return url;
  throw unfitVariable(name, 'must be an https origin, without a path (http only on loopback)');
}

function required(env: Environment, name: string): string {
  const value = env[name];
  if (!value) throw unfitVariable(name, 'is not set');
  return value;
}

function wholeNumber(
  env: Environment,
  name: string,
  { standard, least, most }: { standard: number; least: number; most: number },
): number {
  const text = env[name];
  if (!text) return standard;
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= least && value <= most))
    throw unfitVariable(name, `must be a whole number from ${least} to ${most}`);
  return value;
}

const STATUS_APIS = ['queryorderdetail', 'findByTpOrderId'] as const;

function isStatusApi(text: string): text is StatusApi {
  return STATUS_APIS.some((api) => api === text);
}

const AUDIT_POLICIES = ['undecided', 'refuse', 'approve'] as const;

function isAuditPolicy(text: string): text is AuditPolicy {
  return AUDIT_POLICIES.some((policy) => policy === text);
}

function isLogLevel(text: string | undefined): text is LogLevel {
  return text !== undefined && ['DEBUG', 'INFO', 'WARN', 'ERROR', 'SILENT'].includes(text);
}

function unfitVariable(name: string, what: string): ServiceError {
  return new ServiceError('CONFIGURATION_UNAVAILABLE', `The environment variable ${name} ${what}.`);
}
