import type { LambdaClient } from '@aws-sdk/client-lambda';
import { type Invoked, invoke } from './invoke.ts';

/** Whose signature Baidu does not take: the key in the console is another. */
const SIGNATURE_REFUSED = /errno (930|10000)\./;

/**
 * Which of Baidu's interfaces answers: that of the deployed `BAIDU_STATUS_API`, asked for an order that there is not, once
 * for each app. Any word of Baidu's own is an answer; throws where there is none.
 *
 * @param name the deployed function `query`
 */
export async function baiduAnswers(lambda: LambdaClient, name: string): Promise<string> {
  const { result = {} } = await invoke(lambda, name, { selfTest: true });
  const apps: { appId?: string }[] = result['apps'] ?? [result];
  const answers = await Promise.all(
    apps.map(async ({ appId }) => {
      const app = apps.length > 1 ? `app ${appId}: ` : '';
      return app + (await answerOf((ids) => invoke(lambda, name, { ...ids, appId }), app));
    }),
  );
  return answers.join('; ');
}

async function answerOf(ask: (ids: object) => Promise<Invoked>, app: string): Promise<string> {
  const { error, message } = await ask({ orderId: '1', siteId: '1' });
  // The ledger knows no such order: only for the second generation does it matter.
  if (error === 'ORDER_UNKNOWN') return secondAnswer(ask, app);
  if (error !== undefined && error !== 'BAIDU_ERROR') throw new Error(`${app}${error}: ${message}`);
  if (!SIGNATURE_REFUSED.test(message)) return `queryorderdetail (${message || 'HTTP 200'})`;
  const question = 'Is this public key in the console?';
  throw new Error(`${app}queryorderdetail does not take the signature: ${message} ${question}`);
}

async function secondAnswer(ask: (ids: object) => Promise<Invoked>, app: string): Promise<string> {
  const { error, message } = await ask({ tpOrderId: 'no-such-order-smoke' });
  if (error === undefined || error === 'ORDER_UNKNOWN') return 'findByTpOrderId (no such order)';
  throw new Error(`${app}findByTpOrderId: ${error}: ${message}`);
}
