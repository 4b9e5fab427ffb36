import middy from '@middy/core';
import type { SNSEventRecord, SQSBatchResponse, SQSRecord } from 'aws-lambda';
import { createBaiduClient } from '../lib/baidu.ts';
import { readBaiduConfig, readConfirmConfig, readLogConfig, readSecretConfig } from '../lib/config.ts';
import { confirmOrder } from '../lib/confirm.ts';
import { startBudget } from '../lib/deadline.ts';
import { asServiceError, ServiceError } from '../lib/errors.ts';
import { atInit } from '../lib/init.ts';
import { createLog, errorFields } from '../lib/log.ts';
import { parseLookup, unwrap } from '../lib/lookup.ts';
import { outcomes } from '../lib/middleware.ts';
import { createOnce } from '../lib/once.ts';
import { withPreviousKey } from '../lib/previous-key.ts';
import { createQueue } from '../lib/queue.ts';
import { parseMerchantSecret } from '../lib/secret.ts';
import { loadSecrets, readPreviousSecrets } from '../lib/secrets-manager.ts';
import { isSelfTest, type SigningSelfTest, selfTestSigning } from '../lib/self-test.ts';
import { createTopic } from '../lib/topic.ts';
import { watchBaidu, watchSecret } from '../lib/watch.ts';

type ConfirmRecord = SQSRecord | SNSEventRecord;
type ConfirmEvent = { Records?: readonly ConfirmRecord[]; selfTest?: unknown } | null;
type ConfirmResult = SQSBatchResponse | SigningSelfTest;

/** What is kept of an invocation's time to answer in, and what there is where the runtime names no limit, in ms. */
const RESERVE_MS = 2000;
const DEFAULT_MS = 25_000;

const log = createLog(readLogConfig());
const service = atInit(() => {
  const { topicArn, idempotencyTable, queueUrl } = readConfirmConfig();
  const secretConfig = readSecretConfig();
  return {
    loadSecret: loadSecrets(secretConfig, { parse: parseMerchantSecret, onFailure: watchSecret(log) }),
    queryOrder: withPreviousKey(
      createBaiduClient({ ...readBaiduConfig(), onAttempt: watchBaidu(log) }),
      readPreviousSecrets(secretConfig, parseMerchantSecret),
    ),
    once: createOnce(idempotencyTable),
    publish: createTopic(topicArn),
    sendBack: queueUrl ? createQueue(queueUrl) : undefined,
  };
});

/**
 * Look-ups from SQS, from SNS, or from SNS by way of SQS: each is confirmed by Baidu and published once. And direct
 * invocation with `{"selfTest":true}`.
 */
export const handler = middy<ConfirmEvent, ConfirmResult>({ timeoutEarlyInMillis: 0 })
  .use(outcomes<ConfirmEvent, ConfirmResult>({ log, answerError: () => undefined }))
  .handler(async (event, context) => {
    if (isSelfTest(event)) return selfTestSigning(await service().loadSecret());
    const records = event?.Records;
    if (!Array.isArray(records)) throw new ServiceError('INVALID_REQUEST', 'The event holds no Records.');
    const leftMs = startBudget((context.getRemainingTimeInMillis?.() ?? DEFAULT_MS) - RESERVE_MS);
    service().once.begin(context);
    const failed = await Promise.all(records.map((record) => confirmRecord(record, leftMs)));
    const failures = records.filter((_record, index) => failed[index]);
    Object.assign(context.outcome.fields, { records: records.length, failures: failures.length });
    if (!failures.every(isSqs)) throw new ServiceError('INTERNAL_ERROR', 'A look-up from the topic failed.');
    return { batchItemFailures: failures.map(({ messageId }) => ({ itemIdentifier: messageId })) };
  });

/** Whether the record failed and has to come again. */
async function confirmRecord(record: ConfirmRecord, leftMs: () => number): Promise<boolean> {
  const fields: Record<string, string | undefined> = {};
  try {
    const lookup = parseLookup(isSqs(record) ? unwrap(record.body) : record.Sns.Message);
    Object.assign(fields, { orderId: lookup.order.orderId, tpOrderId: lookup.notification?.['tpOrderId'] });
    const outcome = await confirmOrder(lookup, service(), leftMs);
    const count = outcome === 'published' ? 1 : 0;
    log('INFO', outcome, fields, [{ name: 'StatusesPublished', value: count }]);
    return false;
  } catch (thrown) {
    const error = asServiceError(thrown);
    const mismatch = error.code === 'PAYMENT_MISMATCH';
    log(
      'ERROR',
      'not confirmed',
      { ...fields, ...errorFields(error) },
      mismatch ? [{ name: 'PaymentMismatches', value: 1 }] : [],
    );
    return true;
  }
}

function isSqs(record: ConfirmRecord): record is SQSRecord {
  return typeof record === 'object' && record !== null && 'body' in record;
}
