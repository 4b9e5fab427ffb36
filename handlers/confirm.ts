import middy from '@middy/core';
import type { SNSEventRecord, SQSBatchResponse, SQSRecord } from 'aws-lambda';
import { createOnce } from '../lib/aws/once.ts';
import { createQueue } from '../lib/aws/queue.ts';
import { loadSecrets, readPreviousSecrets } from '../lib/aws/secrets-manager.ts';
import { createTopic } from '../lib/aws/topic.ts';
import { createBaiduClient } from '../lib/baidu/client.ts';
import { startBudget } from '../lib/baidu/deadline.ts';
import { asServiceError, ServiceError } from '../lib/baidu/errors.ts';
import { confirmOrder } from '../lib/confirm.ts';
import { readBaiduConfig, readConfirmConfig, readLogConfig, readSecretConfig } from '../lib/lambda/config.ts';
import { atInit } from '../lib/lambda/init.ts';
import { createLog, errorFields } from '../lib/lambda/log.ts';
import { outcomes } from '../lib/lambda/middleware.ts';
import { watchBaidu, watchSecret } from '../lib/lambda/watch.ts';
import { parseLookup, unwrap } from '../lib/lookup.ts';
import { withPreviousKey } from '../lib/merchant/previous-key.ts';
import { parseMerchantSecret } from '../lib/merchant/secret.ts';
import { isSelfTest, type SigningSelfTest, selfTestSigning } from '../lib/self-test.ts';

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
