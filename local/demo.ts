import { once } from 'node:events';
import type { DeliveryResult, Hop } from './cashier/index.ts';
import { SAMPLE_ORDER } from './cashier/sample-order.ts';
import { type Stack, type StatusMessage, startStack } from './stack/stack.ts';

/** How long a published message is waited for, in milliseconds. */
const PATIENCE_MS = 10_000;
/** How long nothing must come for "published once" to be believed, in milliseconds. */
const SILENCE_MS = 1500;

const say = (text = '') => process.stdout.write(`${text}\n`);
const title = (text: string) => say(`\n── ${text} ${'─'.repeat(Math.max(0, 76 - text.length))}`);
const line = (name: string, value: string) => say(`   ${name.padEnd(15)} ${value}`);
const json = (value: unknown) => say(JSON.stringify(value, null, 2).replace(/^/gm, '   '));

/** What a subscriber of the status topic has got and nobody has looked at yet. */
class Inbox {
  readonly #messages: StatusMessage[] = [];
  readonly #arrival = new EventTarget();

  constructor(subscribe: Stack['onPublished']) {
    subscribe((message) => {
      this.#messages.push(message);
      this.#arrival.dispatchEvent(new Event('message'));
    });
  }

  /** The next message, or nothing within the time. */
  async next(ms: number): Promise<StatusMessage | undefined> {
    if (this.#messages.length === 0) {
      await once(this.#arrival, 'message', { signal: AbortSignal.timeout(ms) }).catch(() => undefined);
    }
    return this.#messages.shift();
  }
}

const { BAIDU_STATUS_API } = process.env;
const stack = await startStack({
  onError: (error) => say(`   ${error.message}`),
  environment: BAIDU_STATUS_API ? { BAIDU_STATUS_API } : {},
});
try {
  process.exitCode = (await demonstrate(stack)) ? 0 : 1;
} finally {
  await stack.close();
}

/** Takes one order from payment to publication; whether all went as it should. */
async function demonstrate({ cashier, secretsManager, aws, webhookUrl, ...rest }: Stack): Promise<boolean> {
  const inbox = new Inbox(rest.onPublished);
  title('On this machine: the built functions, and stand-ins for what is around them');
  line('cashier', `${cashier.url}  (checks signatures by Baidu’s rules, with code of its own)`);
  line('webhook', webhookUrl);
  line('secrets', `${secretsManager.url}  (speaks Secrets Manager’s protocol)`);
  line('queue, topic', aws.environment['AWS_ENDPOINT_URL_SQS'] ?? '');
  line('tables', aws.environment['AWS_ENDPOINT_URL_DYNAMODB'] ?? '');

  title('1. The customer pays; Baidu notifies; notify verifies, stores, answers');
  cashier.createOrder({ ...SAMPLE_ORDER, title: 'Sample order' });
  await rest.ordersWritten();
  showDelivery(await cashier.pay(SAMPLE_ORDER.orderId, { payType: '1117' }));

  title('2. confirm asks Baidu, then tells everyone: what a subscriber receives');
  const published = await inbox.next(PATIENCE_MS);
  json(published ?? 'nothing');

  title('3. Baidu notifies twice more; nothing is published again');
  for (let count = 0; count < 2; count++) showDelivery(await cashier.notifyAgain(SAMPLE_ORDER.orderId));
  const repeated = await inbox.next(SILENCE_MS);
  line('published', repeated ? 'AGAIN, which is wrong' : 'nothing more');

  title('4. query: has this order been paid?');
  const url = rest.queryUrl(SAMPLE_ORDER.orderId, SAMPLE_ORDER.userId);
  const answer = await fetch(url, { headers: { authorization: `Bearer ${rest.apiToken}` } });
  const body = (await answer.json()) as { payment?: { status?: string } };
  const hop = cashier.timeline(SAMPLE_ORDER.orderId).findLast(({ kind }) => kind === 'query');
  line('request', `GET ${url}`);
  // The second generation is asked with an access token, unsigned.
  if (hop?.raw.some(({ name }) => name === 'expectedText')) {
    line('signed text', rawOf(hop, 'expectedText'));
    line('signature', new URLSearchParams(rawOf(hop, 'request').split('?')[1]).get('sign') ?? '(none)');
  }
  line('the cashier', hop?.note?.en ?? '(was not asked)');
  line('answer', `HTTP ${answer.status}`);
  json(body);

  const status = body.payment?.status;
  title(`Order ${SAMPLE_ORDER.orderId} is ${status}`);
  return status === 'PAID' && published !== undefined && !repeated;
}

function showDelivery({ body, milliseconds, outcome }: DeliveryResult): void {
  line('notify answers', body ?? '(nothing)');
  line('Baidu', `${outcome}, after ${milliseconds} ms of 2000`);
}

function rawOf(hop: Hop | undefined, name: string): string {
  return hop?.raw.find((raw) => raw.name === name)?.text ?? '(none)';
}
