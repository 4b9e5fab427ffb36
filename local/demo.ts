import { once } from 'node:events';
import type { DeliveryResult, Hop } from './cashier/index.ts';
import { OUTCOMES } from './cashier/merchant/courier.ts';
import { SAMPLE_ORDER } from './cashier/orders/sample-order.ts';
import { columnsOf } from './command/columns.ts';
import { runCommand } from './command/command.ts';
import type { Text } from './command/language.ts';
import { type Screen, screenIn } from './command/screen.ts';
import { type Stack, type StatusMessage, startStack } from './stack/stack.ts';

/** How long a published message is waited for, in milliseconds. */
const PATIENCE_MS = 10_000;
/** How long nothing must come for "published once" to be believed, in milliseconds. */
const SILENCE_MS = 1500;

const HELP = {
  en: `Takes one order on this machine from payment to publication, and says what happened: no AWS, nothing deployed.

  npm run demo

  npm run demo -- --lang en|zh   the language (by LANG otherwise)
  npm run demo -- --help
`,
  zh: `在本机把一笔订单从支付走到发布，并打印经过：不需要 AWS，也不需要部署。

  npm run demo

  npm run demo -- --lang en|zh   语言（默认按 LANG）
  npm run demo -- --help
`,
};

const NOTHING: Text = { en: '(nothing)', zh: '（无）' };

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

await runCommand(
  { typed: 'npm run demo --', help: HELP, options: {}, isContent: () => false },
  async ({ language }) => {
    const screen = screenIn(language, { indent: 3, columns: 15 });
    const { BAIDU_STATUS_API } = process.env;
    const stack = await startStack({
      onError: (error) => screen.write(`   ${error.message}`),
      environment: BAIDU_STATUS_API ? { BAIDU_STATUS_API } : {},
    });
    try {
      return (await demonstrate(stack, screen)) ? 0 : 1;
    } finally {
      await stack.close();
    }
  },
);

/** Takes one order from payment to publication; whether all went as it should. */
async function demonstrate(stack: Stack, screen: Screen): Promise<boolean> {
  const { cashier } = stack;
  const inbox = new Inbox(stack.onPublished);
  showParts(stack, screen);

  title(screen, {
    en: '1. The customer pays; Baidu notifies; notify verifies, stores, answers',
    zh: '1. 用户付款；百度发出支付回调；notify 验签、存储、应答',
  });
  cashier.createOrder({ ...SAMPLE_ORDER, title: 'Sample order' });
  await stack.ordersWritten();
  showDelivery(await cashier.pay(SAMPLE_ORDER.orderId, { payType: '1117' }), screen);

  title(screen, {
    en: '2. confirm asks Baidu, then tells everyone: what a subscriber receives',
    zh: '2. confirm 向百度查询，然后发布：订阅者收到的内容',
  });
  const published = await inbox.next(PATIENCE_MS);
  screen.write(indented(published ?? null));

  title(screen, {
    en: '3. Baidu notifies twice more; nothing is published again',
    zh: '3. 百度又通知两次；不再重复发布',
  });
  for (let count = 0; count < 2; count++) {
    showDelivery(await cashier.notifyAgain(SAMPLE_ORDER.orderId), screen);
  }
  const repeated = await inbox.next(SILENCE_MS);
  screen.line(
    { en: 'published', zh: '发布' },
    repeated
      ? { en: 'AGAIN, which is wrong', zh: '又发布了一次：不对' }
      : { en: 'nothing more', zh: '没有再发布' },
  );

  const status = await query(stack, screen);
  title(screen, {
    en: `Order ${SAMPLE_ORDER.orderId} is ${status}`,
    zh: `订单 ${SAMPLE_ORDER.orderId}：${status}${status === 'PAID' ? '（已支付）' : ''}`,
  });
  return status === 'PAID' && published !== undefined && !repeated;
}

function showParts({ cashier, secretsManager, aws, webhookUrl }: Stack, screen: Screen): void {
  title(screen, {
    en: 'On this machine: the built functions, and stand-ins for what is around them',
    zh: '在本机上：构建好的函数，以及周围各部分的替身',
  });
  screen.line(
    { en: 'cashier', zh: '收银台' },
    {
      en: `${cashier.url}  (checks signatures by Baidu’s rules, with code of its own)`,
      zh: `${cashier.url}  （用独立的代码按百度的规则验签）`,
    },
  );
  screen.line({ en: 'webhook', zh: '支付回调' }, webhookUrl);
  screen.line(
    { en: 'secrets', zh: 'secret' },
    {
      en: `${secretsManager.url}  (speaks Secrets Manager’s protocol)`,
      zh: `${secretsManager.url}  （使用 Secrets Manager 的协议）`,
    },
  );
  screen.line({ en: 'queue, topic', zh: '队列、主题' }, aws.environment['AWS_ENDPOINT_URL_SQS'] ?? '');
  screen.line({ en: 'tables', zh: '表' }, aws.environment['AWS_ENDPOINT_URL_DYNAMODB'] ?? '');
}

/** Asks the service for the order; the status of the payment that it answers. */
async function query({ cashier, ...stack }: Stack, screen: Screen): Promise<string | undefined> {
  title(screen, { en: '4. query: has this order been paid?', zh: '4. query：这笔订单支付了吗？' });
  const url = stack.queryUrl(SAMPLE_ORDER.orderId, SAMPLE_ORDER.userId);
  const answer = await fetch(url, { headers: { authorization: `Bearer ${stack.apiToken}` } });
  const body = (await answer.json()) as { payment?: { status?: string } };
  const hop = cashier.timeline(SAMPLE_ORDER.orderId).findLast(({ kind }) => kind === 'query');
  screen.line({ en: 'request', zh: '请求' }, `GET ${url}`);
  const signedText = rawOf(hop, 'expectedText');
  // The second generation is asked with an access token, unsigned.
  if (signedText !== undefined) {
    screen.line({ en: 'signed text', zh: '签名的文本' }, signedText);
    const [, search] = rawOf(hop, 'request')?.split('?') ?? [];
    screen.line({ en: 'signature', zh: '签名' }, new URLSearchParams(search).get('sign') ?? NOTHING);
  }
  screen.line(
    { en: 'the cashier', zh: '收银台' },
    hop?.note ?? { en: '(was not asked)', zh: '（未被查询）' },
  );
  screen.line({ en: 'answer', zh: '应答' }, `HTTP ${answer.status}`);
  screen.write(indented(body));
  return body.payment?.status;
}

function title({ language, write }: Screen, text: Text): void {
  write(`\n── ${text[language]} ${'─'.repeat(Math.max(0, 76 - columnsOf(text[language])))}`);
}

function indented(value: unknown): string {
  return JSON.stringify(value, null, 2).replace(/^/gm, '   ');
}

function showDelivery({ body, milliseconds, outcome }: DeliveryResult, { line }: Screen): void {
  line({ en: 'notify answers', zh: 'notify 应答' }, body ?? NOTHING);
  line(
    { en: 'Baidu', zh: '百度' },
    {
      en: `${outcome}, after ${milliseconds} ms of 2000`,
      zh: `${OUTCOMES[outcome].zh}（${outcome}），用时 ${milliseconds} ms（时限 2000）`,
    },
  );
}

function rawOf(hop: Hop | undefined, name: string): string | undefined {
  return hop?.raw.find((raw) => raw.name === name)?.text;
}
