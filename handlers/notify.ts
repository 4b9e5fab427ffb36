import middy from '@middy/core';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { createOrderMatcher } from '../lib/aws/merchant-orders.ts';
import { createQueue } from '../lib/aws/queue.ts';
import { loadSecrets } from '../lib/aws/secrets-manager.ts';
import { paymentAnswer } from '../lib/baidu/answers.ts';
import { startBudget } from '../lib/baidu/deadline.ts';
import { readForm } from '../lib/baidu/form.ts';
import { checkNotification, parseNotification } from '../lib/baidu/notification.ts';
import { readLogConfig, readNotifyConfig, readSecretConfig } from '../lib/lambda/config.ts';
import { atInit } from '../lib/lambda/init.ts';
import { createLog } from '../lib/lambda/log.ts';
import { outcomes } from '../lib/lambda/middleware.ts';
import { jsonAnswer, refusalAnswer } from '../lib/lambda/problem.ts';
import { watchSecret } from '../lib/lambda/watch.ts';
import { parseNotificationSecret } from '../lib/merchant/secret.ts';
import { isSelfTest, selfTestVerifying, type VerifyingSelfTest } from '../lib/self-test.ts';

type NotifyEvent = APIGatewayProxyEventV2 | null;
type NotifyResult = APIGatewayProxyStructuredResultV2 | VerifyingSelfTest;

/** Baidu gives 2 s, the network included; all of our own work ends within this many milliseconds. */
const BUDGET_MS = 1400;
/** Of these, what is kept for the queue while the secret is read, and while the order is looked up. */
const RESERVE_MS = { secret: 700, order: 400 };

const log = createLog(readLogConfig());
const service = atInit(() => {
  const { queueUrl, ordersTable } = readNotifyConfig();
  return {
    loadSecret: loadSecrets(readSecretConfig(), {
      parse: parseNotificationSecret,
      timeoutMs: BUDGET_MS - RESERVE_MS.secret,
      refreshTimeoutMs: 300,
      onFailure: watchSecret(log),
    }),
    matchOrder: ordersTable ? createOrderMatcher(ordersTable) : async () => true,
    send: createQueue(queueUrl),
  };
});

/**
 * `POST /baidu/payment-notify`: Baidu's payment notification, verified, stored, answered, in this order; and direct
 * invocation with `{"selfTest":true}`.
 */
export const handler = middy<NotifyEvent, NotifyResult>({
  timeoutEarlyInMillis: 0,
})
  .use(
    outcomes<NotifyEvent, NotifyResult>({
      log,
      answerError: refusalAnswer,
      failureMetrics: ({ code }) => [
        { name: 'NotificationsRefused', value: 1, dimension: { name: 'Reason', value: code } },
      ],
    }),
  )
  .handler(async (event, { outcome }) => {
    const leftMs = startBudget(BUDGET_MS);
    if (isSelfTest(event)) return selfTestVerifying(await service().loadSecret());
    const unverified = checkNotification(readForm(event));
    const { loadSecret, matchOrder, send } = service();
    const secret = await loadSecret(leftMs() - RESERVE_MS.secret);
    const notification = parseNotification(unverified, secret);
    const { orderId, siteId, tpOrderId, status, reading } = notification;
    Object.assign(outcome.fields, { orderId, tpOrderId, status, reading });
    if (reading === 'encoded') outcome.metrics.push({ name: 'NotificationsReadEncoded', value: 1 });
    if (status === 'PAID' && !(await matchOrder(notification, leftMs() - RESERVE_MS.order))) {
      outcome.metrics.push({ name: 'OrderMismatches', value: 1 });
      return jsonAnswer(200, paymentAnswer('refund'));
    }
    const stored = { ...unverified.fields, rsaSign: unverified.signature };
    await send({ appId: secret.appId, orderId, siteId, notification: stored }, { budgetMs: leftMs() });
    outcome.metrics.push({ name: 'NotificationsAccepted', value: 1 });
    return jsonAnswer(200, paymentAnswer(status === 'PAID' ? 'consumed' : 'noted'));
  });
