import type { LambdaClient } from '@aws-sdk/client-lambda';
import { isSignatureRefused } from '../../lib/baidu/errnos.ts';
import { plain, type Text } from '../command/language.ts';
import { Fault } from './fault.ts';
import { type Invoked, invoke } from './invoke.ts';

/**
 * Which of Baidu's interfaces answers: that of the deployment's `baiduStatusApi`, asked for an order that there is not, once
 * for each app. Any word of Baidu's own is an answer; throws a `Fault` where there is none.
 *
 * @param name the deployed function `query`
 */
export async function baiduAnswers(lambda: LambdaClient, name: string): Promise<Text> {
  const { result = {} } = await invoke(lambda, name, { selfTest: true });
  const apps: { appId?: string }[] = result['apps'] ?? [result];
  const asked = await Promise.allSettled(
    apps.map(async ({ appId }) => {
      const app = apps.length > 1 ? { en: `app ${appId}: `, zh: `应用 ${appId}：` } : plain('');
      const { en, zh } = await answerOf((ids) => invoke(lambda, name, { ...ids, appId }), app);
      return { en: app.en + en, zh: app.zh + zh };
    }),
  );
  const answers = asked.map((outcome) => {
    // Of several that fail it is the first in the secret that speaks, whoever was faster.
    if (outcome.status === 'rejected') throw outcome.reason;
    return outcome.value;
  });
  return {
    en: answers.map(({ en }) => en).join('; '),
    zh: answers.map(({ zh }) => zh).join('；'),
  };
}

async function answerOf(ask: (ids: object) => Promise<Invoked>, app: Text): Promise<Text> {
  const { error, message } = await ask({ orderId: '1', siteId: '1' });
  // The ledger knows no such order: only for the second generation does it matter.
  if (error === 'ORDER_UNKNOWN') return secondAnswer(ask, app);
  if (error !== undefined && error !== 'BAIDU_ERROR') throw fault(app, plain(`${error}: ${message}`));
  const [, errno] = /errno (\d+)\./.exec(message) ?? [];
  if (!isSignatureRefused(Number(errno))) return plain(`queryorderdetail (${message || 'HTTP 200'})`);
  throw fault(app, {
    en: `queryorderdetail does not take the signature: ${message} Is this public key in the console?`,
    zh: `queryorderdetail 不接受签名：${message} 后台的开发者公钥是这一个吗？`,
  });
}

async function secondAnswer(ask: (ids: object) => Promise<Invoked>, app: Text): Promise<Text> {
  const { error, message } = await ask({ tpOrderId: 'no-such-order-smoke' });
  if (error === undefined || error === 'ORDER_UNKNOWN') {
    return { en: 'findByTpOrderId (no such order)', zh: 'findByTpOrderId（没有这笔订单）' };
  }
  throw fault(app, plain(`findByTpOrderId: ${error}: ${message}`));
}

function fault(app: Text, { en, zh }: Text): Fault {
  return new Fault({ en: app.en + en, zh: app.zh + zh });
}
