import type { MiddlewareObj } from '@middy/core';
import { asServiceError, type ServiceError, STATUS_OF } from './errors.ts';
import { errorFields, type Log, type LogFields, type Metric } from './log.ts';

/** The part of Lambda's context that is used here. */
interface InvocationContext {
  readonly awsRequestId?: string;
}

export interface OutcomeOptions<Event, Result> {
  log: Log;
  /** What a line says of an event, whatever the event is. */
  describe: (event: Event) => LogFields;
  /** Turns an error into an answer; `undefined` fails the invocation, as one that was invoked directly should. */
  answerError: (error: ServiceError, event: Event, requestId: string) => Result | undefined;
  /** What a failure adds to the metrics. */
  failureMetrics?: (error: ServiceError) => readonly Metric[];
}

let coldStart = true;

/**
 * Middleware that writes one line for each invocation and gives each error its answer. Faults of our own and of
 * those that we depend on are errors in the log; a caller's mistakes are warnings.
 */
export function outcomes<Event, Result>(
  options: OutcomeOptions<Event, Result>,
): MiddlewareObj<Event, Result, Error, InvocationContext> {
  const { log, describe, answerError, failureMetrics } = options;
  const startedAt = new WeakMap<object, number>();

  function fields(request: { event: Event; context: InvocationContext }): LogFields {
    const started = startedAt.get(request);
    return {
      requestId: request.context.awsRequestId,
      ...describe(request.event),
      durationMs: started === undefined ? undefined : Math.round(performance.now() - started),
    };
  }

  return {
    before: (request) => {
      startedAt.set(request, performance.now());
      if (coldStart) log('DEBUG', 'cold start', {}, [{ name: 'ColdStarts', value: 1 }]);
      coldStart = false;
    },
    after: (request) => {
      log('INFO', 'answered', fields(request));
    },
    onError: (request) => {
      const error = asServiceError(request.error);
      const level = STATUS_OF[error.code] < 500 ? 'WARN' : 'ERROR';
      log(level, 'failed', { ...fields(request), ...errorFields(error) }, failureMetrics?.(error));
      const answer = answerError(error, request.event, request.context.awsRequestId ?? '');
      if (answer === undefined) request.error = reportable(error);
      else request.response = answer;
    },
  };
}

/** What the caller of a direct invocation sees of an error: its code as `name`, its message, no stack, no cause. */
function reportable(error: ServiceError): Error {
  const report = new Error(error.message);
  report.name = error.code;
  report.stack = `${error.code}: ${error.message}`;
  return report;
}
