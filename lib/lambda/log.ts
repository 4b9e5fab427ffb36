import { BaiduError, type ServiceError } from '../baidu/errors.ts';
import { type LogConfig, type LogLevel, readTraceId } from './config.ts';

/** The CloudWatch namespace of every metric. */
export const METRIC_NAMESPACE = 'BaiduPaymentStatus';

/** Every metric of the service with its unit. All carry the dimension `FunctionName`. */
export const METRICS = {
  NotificationsAccepted: 'Count',
  NotificationsRefused: 'Count',
  NotificationsReadEncoded: 'Count',
  OrderMismatches: 'Count',
  RefundsAccepted: 'Count',
  RefundsRefused: 'Count',
  GenuineRefused: 'Count',
  StatusesPublished: 'Count',
  RecordsFailed: 'Count',
  SecondsWaited: 'Seconds',
  SecondsUndecided: 'Seconds',
  BaiduRequests: 'Count',
  BaiduFailures: 'Count',
  BaiduLatency: 'Milliseconds',
  SecretFailures: 'Count',
  ColdStarts: 'Count',
} as const;

/** A measured value; with `dimension` it counts for that value of the dimension, too, or for that `alone`. */
export interface Metric {
  readonly name: keyof typeof METRICS;
  readonly value: number;
  readonly dimension?: {
    readonly name: 'Reason' | 'Errno';
    readonly value: string;
    readonly alone?: boolean;
  };
}

/** What a log line may hold beside its message. Never a key, signature, token, user id or body. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** Writes one line of JSON, metrics in CloudWatch's embedded metric format within it. */
export interface Log {
  (level: LogLevel, message: string, fields?: LogFields, metrics?: readonly Metric[]): void;
  /** The invocation under way, which each line names. */
  requestId?: string | undefined;
}

const RANK: Readonly<Record<LogLevel, number>> = { DEBUG: 0, INFO: 1, WARN: 2, ERROR: 3, SILENT: 4 };

/**
 * A log for one function. A line below the level is not written, but the metrics in it are (at `SILENT` neither).
 *
 * @param write takes the finished line; standard output by default
 * @see Amazon CloudWatch, specification of the embedded metric format
 */
export function createLog(
  { level: least, functionName }: LogConfig,
  write: (line: string) => void = (line) => process.stdout.write(line),
): Log {
  const log: Log = (level, message, fields = {}, metrics = []) => {
    const heard = RANK[level] >= RANK[least];
    if (least === 'SILENT' || (!heard && metrics.length === 0)) return;
    const line = {
      ...(heard && {
        level,
        message,
        timestamp: new Date().toISOString(),
        traceId: readTraceId(),
        requestId: log.requestId,
        ...fields,
      }),
      ...(metrics.length > 0 && embeddedMetrics(metrics, functionName)),
    };
    write(`${JSON.stringify(line)}\n`);
  };
  return log;
}

/** What a log may say of an error: codes and names, those of the innermost cause, and for a fault of our own where it arose. */
export function errorFields(error: ServiceError): LogFields {
  const cause = causeOf(error);
  return {
    code: error.code,
    reason: error.message,
    ...(error instanceof BaiduError && { errno: error.errno }),
    ...(cause && { cause: cause.name, causeCode: 'code' in cause ? String(cause.code) : undefined }),
    ...(error.code === 'INTERNAL_ERROR' && { stack: framesOf(cause ?? error) }),
  };
}

/** What was behind an error in the end. */
function causeOf({ cause }: Error): Error | undefined {
  return cause instanceof Error ? (causeOf(cause) ?? cause) : undefined;
}

/** The frames of a stack without its message: a message may quote what it was given. */
function framesOf(error: Error): string {
  return (error.stack ?? '')
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .join('\n');
}

function embeddedMetrics(metrics: readonly Metric[], functionName: string): Record<string, unknown> {
  const values: Record<string, unknown> = { FunctionName: functionName };
  const directives = metrics.map(({ name, value, dimension }) => {
    values[name] = value;
    if (dimension) values[dimension.name] = dimension.value;
    return {
      Namespace: METRIC_NAMESPACE,
      Dimensions: [
        ...(dimension?.alone ? [] : [['FunctionName']]),
        ...(dimension ? [['FunctionName', dimension.name]] : []),
      ],
      Metrics: [{ Name: name, Unit: METRICS[name] }],
    };
  });
  return { _aws: { Timestamp: Date.now(), CloudWatchMetrics: directives }, ...values };
}
