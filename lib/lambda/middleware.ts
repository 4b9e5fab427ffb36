import type { MiddlewareObj } from '@middy/core';
import type { Context } from 'aws-lambda';
import { asServiceError, type ServiceError } from '../baidu/errors.ts';
import { statusOf } from './error-codes.ts';
import { errorFields, type Log, type LogFields, type Metric } from './log.ts';

/** What an invocation came to, for its one line in the log; the handler adds to it as it learns. */
export interface Outcome {
  readonly fields: Record<string, string | number | boolean | undefined>;
  readonly metrics: Metric[];
}

/** Lambda's context, with the outcome of the invocation under way. */
export type OutcomeContext = Context & { outcome: Outcome };

/** What a function says of its invocations, and to whom. */
export interface OutcomeOptions<Event, Result> {
  log: Log;
  /** Turns an error into an answer; `undefined` fails the invocation, as one that was invoked directly should. */
  answerError: (error: ServiceError, event: Event, requestId: string) => Result | undefined;
  /** What a failure adds to the metrics. */
  failureMetrics?: (error: ServiceError, event: Event) => readonly Metric[];
}

let cold = true;

/**
 * Middleware that writes one line for each invocation and gives each error its answer. What went wrong on our side
 * or behind us is an error in the log; a caller's mistake is a warning.
 */
export function outcomes<Event, Result>({
  log,
  answerError,
  failureMetrics = () => [],
}: OutcomeOptions<Event, Result>): MiddlewareObj<Event, Result, Error, OutcomeContext> {
  let startedAt = 0;

  function fieldsOf({ outcome }: OutcomeContext): LogFields {
    return { ...outcome.fields, durationMs: Math.round(performance.now() - startedAt) };
  }

  return {
    before: ({ context }) => {
      startedAt = performance.now();
      log.requestId = context.awsRequestId;
      context.outcome = { fields: { coldStart: cold || undefined }, metrics: [] };
      if (cold) context.outcome.metrics.push({ name: 'ColdStarts', value: 1 });
      cold = false;
    },
    after: ({ context }) => {
      log('INFO', 'answered', fieldsOf(context), context.outcome.metrics);
    },
    onError: (request) => {
      const { context, event } = request;
      const error = asServiceError(request.error);
      const level = statusOf(error) < 500 ? 'WARN' : 'ERROR';
      const metrics = [...context.outcome.metrics, ...failureMetrics(error, event)];
      log(level, 'failed', { ...fieldsOf(context), ...errorFields(error) }, metrics);
      const answer = answerError(error, event, context.awsRequestId ?? 'unknown');
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
