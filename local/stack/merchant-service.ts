import { PublishCommand } from '@aws-sdk/client-sns';
import type { AskedBy, MerchantService, Order } from '../cashier/index.ts';
import type { LocalParts } from './parts.ts';

/** What a call to the query route answered. */
interface Answered {
  readonly status: number;
  readonly body: string;
}

/** The merchant's side of the page: asks the service as a mini-program does, and as an order system does. */
export function merchantService(
  { cashier, aws, apiTokens }: LocalParts,
  urls: {
    queryUrl: (orderId: string, siteId: string) => string;
    ownQueryUrl: (tpOrderId: string) => string;
  },
): MerchantService {
  return {
    lookUp: async ({ appId, orderId, userId }) => {
      const message = JSON.stringify({ appId, orderId, siteId: userId });
      cashier.record(orderId, { kind: 'lookup', raw: [{ name: 'message', text: message }] });
      await aws.sns.send(new PublishCommand({ TopicArn: aws.lookupTopicArn, Message: message }));
    },
    askStatus: async ({ appId, orderId, userId, tpOrderId }: Order, by: AskedBy) => {
      const apiToken = apiTokens.get(appId);
      const url = by === 'tpOrderId' ? urls.ownQueryUrl(tpOrderId) : urls.queryUrl(orderId, userId);
      const started = performance.now();
      const response = await fetch(url, { headers: { authorization: `Bearer ${apiToken}` } });
      const answered = { status: response.status, body: await response.text() };
      const said = saidIn(answered);
      cashier.record(orderId, {
        kind: 'asked',
        tone: response.ok ? 'good' : 'bad',
        note: { en: said, zh: said },
        milliseconds: Math.round(performance.now() - started),
        raw: [
          { name: 'request', text: `GET ${url}\nAuthorization: Bearer ${apiToken}` },
          { name: 'answer', text: `HTTP ${answered.status}\n\n${answered.body}` },
        ],
      });
    },
  };
}

function saidIn({ status, body }: Answered): string {
  const answer = JSON.parse(body);
  if (status !== 200) return `HTTP ${status} · ${answer.code}`;
  return `HTTP ${status} · ${statusNames(answer)}`;
}

/** The names of an order's three statuses, as answers and messages carry them. */
export function statusNames(status: Readonly<Record<string, unknown>>): string {
  const nameOf = (name: string) => (status[name] as { status?: string } | undefined)?.status ?? '?';
  return ['payment', 'refund', 'verification'].map(nameOf).join(' · ');
}
