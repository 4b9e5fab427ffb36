// First, and by itself: the rest is evaluated while the secret is on its way.
import '../lib/lambda/secrets-ahead-of-notify.ts';

import middy from '@middy/core';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { createOrderMatcher } from '../lib/aws/dynamodb.ts';
import { createQueue } from '../lib/aws/queue.ts';
import { loadSecrets } from '../lib/aws/secrets-manager.ts';
import { startBudget } from '../lib/baidu/http/deadline.ts';
import { readForm } from '../lib/baidu/webhook/form.ts';
import { readLedgerConfig, readLogConfig, readNotifyConfig } from '../lib/lambda/config.ts';
import { isOfStrangers } from '../lib/lambda/error-codes.ts';
import { atInit } from '../lib/lambda/init.ts';
import { createLog } from '../lib/lambda/log.ts';
import { outcomes } from '../lib/lambda/middleware.ts';
import { openAhead } from '../lib/lambda/open-ahead.ts';
import { jsonAnswer, refusalAnswer } from '../lib/lambda/problem.ts';
import { SECRET_MS, secretsAhead } from '../lib/lambda/secrets-ahead-of-notify.ts';
import { watchApps, watchSecret } from '../lib/lambda/watch.ts';
import { openLedgerLate } from '../lib/ledger-late.ts';
import { parseNotificationSecret } from '../lib/merchant/secret.ts';
import { isSelfTest, selfTestVerifying } from '../lib/self-test.ts';
import { type Call, type CallFields, takeCall } from '../lib/webhook.ts';

type NotifyEvent = APIGatewayProxyEventV2 | null;
type NotifyResult = APIGatewayProxyStructuredResultV2 | ReturnType<typeof selfTestVerifying>;

/** Baidu gives 2 s, the network included; all of our own work ends within this many milliseconds. */
const BUDGET_MS = 1400;

const log = createLog(readLogConfig());
const service = atInit(() => {
  const { queueUrl, ordersTable, auditPolicy } = readNotifyConfig();
  const { source, fetchSecret } = secretsAhead();
  return {
    loadSecret: loadSecrets(source, {
      parse: watchApps(log, parseNotificationSecret),
      timeoutMs: SECRET_MS,
      refreshTimeoutMs: 400,
      onFailure: watchSecret(log),
      fetchSecret,
    }),
    matchOrder: ordersTable ? createOrderMatcher(ordersTable) : async () => true,
    send: createQueue(queueUrl, { agent: agentAhead(queueUrl) }),
    openLedger: openLedgerLate(readLedgerConfig().ledgerTable),
    auditPolicy,
  };
});

/**
 * `POST /baidu/payment-notify`, `/baidu/refund-notify` and `/baidu/refund-audit`: what Baidu's platform has signed,
 * verified, stored, answered, in this order; and direct invocation with `{"selfTest":true}`.
 */
export const handler = middy<NotifyEvent, NotifyResult>({
  timeoutEarlyInMillis: 0,
})
  .use(
    outcomes<NotifyEvent, NotifyResult>({
      log,
      answerError: refusalAnswer,
      failureMetrics: (error, event) => [
        {
          name: callOf(event) === 'payment' ? 'NotificationsRefused' : 'RefundsRefused',
          ...{ value: 1, dimension: { name: 'Reason', value: error.code } },
        },
        ...(isOfStrangers(error) ? [] : [{ name: 'GenuineRefused', value: 1 } as const]),
      ],
    }),
  )
  .handler(async (event, { outcome }) => {
    const leftMs = startBudget(BUDGET_MS);
    if (isSelfTest(event)) return selfTestVerifying(await service().loadSecret(), event);
    const note = (fields: CallFields) => {
      Object.assign(outcome.fields, fields);
      if (fields['reading'] === 'encoded')
        outcome.metrics.push({ name: 'NotificationsReadEncoded', value: 1 });
    };
    const call = callOf(event);
    const { answer, isStored } = await takeCall(call, readForm(event), service(), leftMs, note);
    const accepted = call === 'payment' ? 'NotificationsAccepted' : 'RefundsAccepted';
    outcome.metrics.push({ name: isStored ? accepted : 'OrderMismatches', value: 1 });
    return jsonAnswer(200, answer);
  });

/** The way to SQS, which is called where the queue's URL is, whatever endpoint is set for the service. */
function agentAhead(queueUrl: string) {
  const url = URL.parse(queueUrl);
  return url ? openAhead(url).agent : undefined;
}

/** What Baidu calls for, by the address; without one it is a payment, as it always was. */
function callOf(event: NotifyEvent): Call {
  const path = typeof event?.rawPath === 'string' ? event.rawPath : '';
  if (path.endsWith('/refund-notify')) return 'refund';
  return path.endsWith('/refund-audit') ? 'audit' : 'payment';
}
