// First, and by themselves: the rest is evaluated while the secret is on its way.
import '../lib/lambda/secrets-ahead.ts';
import '../lib/lambda/baidu-ahead.ts';

import middy from '@middy/core';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { askByIds, askByOwnId, type MerchantOrderStatus } from '../lib/ask-by-id.ts';
import { loadSecrets, readPreviousSecrets } from '../lib/aws/secrets-manager.ts';
import { ServiceError } from '../lib/baidu/errors.ts';
import { startBudget } from '../lib/baidu/http/deadline.ts';
import { type OrderRef, parseOrderRef, parseOwnId } from '../lib/baidu/order.ts';
import type { OrderStatus } from '../lib/baidu/order-status.ts';
import { baiduAhead } from '../lib/lambda/baidu-ahead.ts';
import { readLedgerConfig, readLogConfig } from '../lib/lambda/config.ts';
import { atInit } from '../lib/lambda/init.ts';
import { createLog } from '../lib/lambda/log.ts';
import { type Outcome, outcomes } from '../lib/lambda/middleware.ts';
import { jsonAnswer, problemAnswer } from '../lib/lambda/problem.ts';
import { secretsAhead } from '../lib/lambda/secrets-ahead.ts';
import { watchApps, watchBaidu, watchSecret } from '../lib/lambda/watch.ts';
import { openLedgerLate } from '../lib/ledger-late.ts';
import { appNamedIn } from '../lib/merchant/apps.ts';
import { type MerchantApp, parseMerchantSecret, parseQuerySecret } from '../lib/merchant/secret.ts';
import { appOfToken, bearerToken } from '../lib/merchant/token.ts';
import { isSelfTest, selfTestSigning } from '../lib/self-test.ts';
import { createStatusQuery } from '../lib/status-query.ts';

/** What a caller with AWS credentials sends: an order to look up, or `{"selfTest":true}`; of which app, where there are several. */
type DirectEvent = Partial<Record<'appId' | 'orderId' | 'siteId' | 'tpOrderId' | 'selfTest', unknown>> | null;
type QueryEvent = APIGatewayProxyEventV2 | DirectEvent;
type QueryResult =
  | APIGatewayProxyStructuredResultV2
  | OrderStatus
  | MerchantOrderStatus
  | ReturnType<typeof selfTestSigning>;

/** All of an invocation's work, the secret included, ends within this many milliseconds. */
const BUDGET_MS = 7500;

const log = createLog(readLogConfig());
const service = atInit(() => {
  const { source, fetchSecret } = secretsAhead();
  const { ledgerTable, rememberMs } = readLedgerConfig();
  return {
    ...createStatusQuery(baiduAhead().config, {
      transport: baiduAhead().transport,
      onAttempt: watchBaidu(log),
      readPrevious: readPreviousSecrets(source, parseMerchantSecret),
    }),
    loadSecret: loadSecrets(source, {
      parse: watchApps(log, parseQuerySecret),
      onFailure: watchSecret(log),
      fetchSecret,
    }),
    openLedger: openLedgerLate(ledgerTable),
    rememberMs,
  };
});

/**
 * `GET /orders/{orderId}/payment-status?siteId=…`, `GET /merchant-orders/{tpOrderId}/payment-status`, and direct
 * invocation with the same ids or a self-test.
 */
export const handler = middy<QueryEvent, QueryResult>({ timeoutEarlyInMillis: 0 })
  .use(
    outcomes<QueryEvent, QueryResult>({
      log,
      answerError: (error, event, requestId) => (isHttp(event) ? problemAnswer(error, requestId) : undefined),
    }),
  )
  .handler(async (event, { outcome }) => {
    const leftMs = startBudget(BUDGET_MS);
    const { loadSecret } = service();
    if (!isHttp(event)) {
      if (isSelfTest(event)) return selfTestSigning(await loadSecret(), event);
      const question = questionOf(event ?? {});
      return answerTo(question, appNamedIn(event, await loadSecret()), outcome, leftMs);
    }
    const token = bearerToken(event.headers);
    const { app, tokenNumber } = appOfToken(token, await loadSecret());
    outcome.fields['tokenNumber'] = tokenNumber;
    return jsonAnswer(200, await answerTo(questionIn(event), app, outcome, leftMs));
  });

/** An order, by Baidu's ids or by the merchant's own. */
type Question = OrderRef | { readonly tpOrderId: string };

async function answerTo(question: Question, app: MerchantApp, { fields }: Outcome, leftMs: () => number) {
  const { appId } = app;
  Object.assign(fields, { appId, ...('tpOrderId' in question ? question : { orderId: question.orderId }) });
  if ('orderId' in question) return askByIds(app, question, service(), leftMs);
  return askByOwnId(app, question.tpOrderId, service(), leftMs);
}

function questionOf({ orderId, siteId, tpOrderId }: NonNullable<DirectEvent>): Question {
  const byOwnId = tpOrderId !== undefined && orderId === undefined;
  return byOwnId ? { tpOrderId: parseOwnId(tpOrderId) } : parseOrderRef(orderId, siteId);
}

/** Whatever came through a gateway says so; without that it can only be a direct invocation, allowed by IAM. */
function isHttp(event: QueryEvent): event is APIGatewayProxyEventV2 {
  return typeof event === 'object' && event !== null && 'requestContext' in event;
}

function questionIn({
  pathParameters,
  rawQueryString,
  queryStringParameters,
}: APIGatewayProxyEventV2): Question {
  const tpOrderId = pathParameters?.['tpOrderId'];
  if (tpOrderId !== undefined) return { tpOrderId: parseOwnId(tpOrderId) };
  const siteIds = rawQueryString
    ? new URLSearchParams(rawQueryString).getAll('siteId')
    : [queryStringParameters?.['siteId']];
  if (siteIds.length > 1) throw new ServiceError('INVALID_REQUEST', 'siteId must be given once.');
  return parseOrderRef(pathParameters?.['orderId'], siteIds[0]);
}
