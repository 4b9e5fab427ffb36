// First, and by themselves: the rest is evaluated while the secret is on its way.
import '../lib/lambda/secrets-ahead.ts';
import '../lib/lambda/baidu-ahead.ts';

import middy from '@middy/core';
import type { SNSEventRecord, SQSBatchResponse, SQSRecord } from 'aws-lambda';
import { openLedger } from '../lib/aws/dynamodb.ts';
import { createQueue } from '../lib/aws/queue.ts';
import { loadSecrets, readPreviousSecrets } from '../lib/aws/secrets-manager.ts';
import { createTopic } from '../lib/aws/topic.ts';
import { ServiceError } from '../lib/baidu/errors.ts';
import { startBudget } from '../lib/baidu/http/deadline.ts';
import { confirmAll, type Outcome } from '../lib/confirm.ts';
import { baiduAhead } from '../lib/lambda/baidu-ahead.ts';
import { readConfirmConfig, readLogConfig } from '../lib/lambda/config.ts';
import { atInit } from '../lib/lambda/init.ts';
import { createLog, errorFields } from '../lib/lambda/log.ts';
import { outcomes } from '../lib/lambda/middleware.ts';
import { secretsAhead } from '../lib/lambda/secrets-ahead.ts';
import { waitMetrics, watchApps, watchAudits, watchBaidu, watchSecret } from '../lib/lambda/watch.ts';
import { tryLookup, unwrap } from '../lib/lookup-message.ts';
import { parseConfirmSecret } from '../lib/merchant/secret.ts';
import { createTeller } from '../lib/order-event.ts';
import { isSelfTest, selfTestSigning } from '../lib/self-test.ts';
import { createStatusQuery } from '../lib/status-query.ts';

type ConfirmRecord = SQSRecord | SNSEventRecord;
type ConfirmEvent = { Records?: readonly ConfirmRecord[]; selfTest?: unknown } | null;
type ConfirmResult = SQSBatchResponse | ReturnType<typeof selfTestSigning>;

/** What is kept of an invocation's time to answer in, and what there is where the runtime names no limit, in ms. */
const RESERVE_MS = 2000;
const DEFAULT_MS = 25_000;

const log = createLog(readLogConfig());
const service = atInit(() => {
  const { topicArn, ledgerTable, rememberMs, queueUrl } = readConfirmConfig();
  const { source, fetchSecret } = secretsAhead();
  return {
    loadSecret: loadSecrets(source, {
      parse: watchApps(log, parseConfirmSecret),
      onFailure: watchSecret(log),
      fetchSecret,
    }),
    ...createStatusQuery(baiduAhead().config, {
      transport: baiduAhead().transport,
      onAttempt: watchBaidu(log),
      readPrevious: readPreviousSecrets(source, parseConfirmSecret),
    }),
    ledger: openLedger(ledgerTable),
    ...createTeller(createTopic(topicArn)),
    sendBack: queueUrl ? createQueue(queueUrl) : undefined,
    rememberMs,
    onUndecided: watchAudits(log),
  };
});

/**
 * Look-ups from SQS, from SNS, or from SNS by way of SQS: Baidu is asked, and each change of an order told once, in
 * order. And direct invocation with `{"selfTest":true}`.
 */
export const handler = middy<ConfirmEvent, ConfirmResult>({ timeoutEarlyInMillis: 0 })
  .use(outcomes<ConfirmEvent, ConfirmResult>({ log, answerError: () => undefined }))
  .handler(async (event, context) => {
    if (isSelfTest(event)) return selfTestSigning(await service().loadSecret(), event);
    const records = event?.Records;
    if (!Array.isArray(records)) throw new ServiceError('INVALID_REQUEST', 'The event holds no Records.');
    const leftMs = startBudget((context.getRemainingTimeInMillis?.() ?? DEFAULT_MS) - RESERVE_MS);
    const messages = records.map((record) => tryLookup(textOf(record)));
    const results = await confirmAll(messages, service(), leftMs);
    const failed = results.map((outcome, index) => logOutcome(outcome, triesOf(records[index])));
    const failures = records.filter((_record, index) => failed[index]);
    Object.assign(context.outcome.fields, { records: records.length, failures: failures.length });
    context.outcome.metrics.push(...waitMetrics(messages, records.map(storedAtOf)));
    if (!failures.every(isSqs)) throw new ServiceError('INTERNAL_ERROR', 'A look-up from the topic failed.');
    return { batchItemFailures: failures.map(({ messageId }) => ({ itemIdentifier: messageId })) };
  });

/** Whether the message failed and has to come again. */
function logOutcome({ result, ...fields }: Outcome, tries: number | undefined): boolean {
  if (!(result instanceof ServiceError)) {
    log('INFO', result, fields, [{ name: 'StatusesPublished', value: result === 'published' ? 1 : 0 }]);
    return false;
  }
  const reason = { name: 'Reason', value: result.code } as const;
  log('ERROR', 'not confirmed', { ...fields, tries, ...errorFields(result) }, [
    { name: 'RecordsFailed', value: 1, dimension: reason },
  ]);
  return true;
}

/** How often a message of the queue has been handed out; after five times it is a dead letter. */
function triesOf(record: ConfirmRecord | undefined): number | undefined {
  return record && isSqs(record)
    ? Number(record.attributes?.ApproximateReceiveCount) || undefined
    : undefined;
}

/** When a message of the queue was stored, in milliseconds since 1970; 0 for a look-up from the topic. */
function storedAtOf(record: ConfirmRecord): number {
  return isSqs(record) ? Number(record.attributes?.SentTimestamp) : 0;
}

function textOf(record: ConfirmRecord): unknown {
  return isSqs(record) ? unwrap(record.body) : record?.Sns?.Message;
}

function isSqs(record: ConfirmRecord): record is SQSRecord {
  return typeof record === 'object' && record !== null && 'body' in record;
}
