import { generateKeyPairSync } from 'node:crypto';
import { ScanCommand } from '@aws-sdk/client-dynamodb';
import { ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type LocalAws, startAws } from '../../local/stack/aws.ts';
import { snsEvent, sqsEvent } from '../../local/stack/events.ts';
import { type LocalSecretsManager, startSecretsManager } from '../../local/stack/secrets-manager.ts';
import {
  answerBody,
  type Behaviour,
  type ScriptedBaidu,
  says,
  startBaidu,
  takesSignaturesOf,
} from '../support/baidu.ts';
import { BUILD, captureLog, coldStart, contextOf } from '../support/cold-start.ts';
import { PAID, signed } from '../support/notification.ts';
import { type OutageProxy, startProxy } from '../support/outage-proxy.ts';
import { drain } from '../support/queue.ts';

const ORDER = { orderId: '1920891312', siteId: '3747777038' };
const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
const platform = generateKeyPairSync('rsa', { modulusLength: 1024 });
const secret = {
  appId: '10026',
  appKey: 'MMM4oc',
  privateKey: privateKey.export({ format: 'pem', type: 'pkcs8' }),
  platformPublicKey: platform.publicKey.export({ format: 'pem', type: 'spki' }),
};

let aws: LocalAws;
let baidu: ScriptedBaidu;
let secretsManager: LocalSecretsManager;
let proxies: { sns: OutageProxy; table: OutageProxy; sqs: OutageProxy };
let env: Record<string, string>;

beforeEach(async () => {
  [aws, baidu, secretsManager] = await Promise.all([startAws(), startBaidu(), startSecretsManager()]);
  secretsManager.put('secret', JSON.stringify(secret));
  const [sns, table, sqs] = await Promise.all(
    ['SNS', 'DYNAMODB', 'SQS'].map((name) => startProxy(aws.environment[`AWS_ENDPOINT_URL_${name}`] ?? '')),
  );
  if (!sns || !table || !sqs) throw new Error('no proxy');
  proxies = { sns, table, sqs };
  env = {
    ...aws.environment,
    AWS_ENDPOINT_URL_SNS: sns.url,
    AWS_ENDPOINT_URL_DYNAMODB: table.url,
    AWS_ENDPOINT_URL_SQS: sqs.url,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: secretsManager.url,
    BAIDU_SECRET_ID: 'secret',
    BAIDU_QUERY_URL: baidu.url,
    BAIDU_ATTEMPT_TIMEOUT_MS: '500',
    PAYMENT_TOPIC_ARN: aws.statusTopicArn,
    LEDGER_TABLE: aws.ledgerTable,
    LOG_LEVEL: 'SILENT',
  };
});

afterEach(async () => {
  vi.restoreAllMocks();
  await Promise.all([aws, baidu, secretsManager, ...Object.values(proxies)].map((part) => part.close()));
});

type Handler = Awaited<ReturnType<typeof coldStart>>;
const start = (more: Record<string, string> = {}) => coldStart('confirm', { ...env, ...more });
const published = () => drain(aws.sqs, aws.subscriberQueueUrl);
const lookup = (more: Record<string, unknown> = {}) => JSON.stringify({ ...ORDER, ...more });
/** What notify puts into the queue. */
const notified = (fields: Record<string, string> = {}, more: Record<string, unknown> = {}) => {
  const signedFields = { ...PAID, ...fields };
  return lookup({
    ...{ appId: '10026', orderId: signedFields['orderId'] },
    notification: signed(signedFields, platform.privateKey),
    ...more,
  });
};
const paidLookup = () => notified();
const sns = (message: string) => snsEvent(message).Records[0];
const envelope = (message: string) =>
  JSON.stringify({ Type: 'Notification', TopicArn: 'x', Message: message });

/** Hands message bodies to the handler as one batch and returns the numbers of those that failed. */
async function confirm(handler: Handler, bodies: readonly string[], remainingMs = 10_000): Promise<number[]> {
  const event = sqsEvent(bodies.map((body, index) => ({ messageId: String(index), body })));
  const result = (await handler(event, contextOf({ remainingMs }))) as {
    batchItemFailures: { itemIdentifier: string }[];
  };
  return result.batchItemFailures.map(({ itemIdentifier }) => Number(itemIdentifier));
}

/** What Baidu says from now on: the codes of payment, refund and verification. */
function say(payment: number, refund = -1, verification = -1): Behaviour {
  const status = (statusNum: number) => ({ statusNum, statusDesc: '' });
  const data = {
    payStatus: status(payment),
    refundStatus: status(refund),
    verification: status(verification),
  };
  return says(answerBody({ data: { data } }));
}

describe(`confirm (${BUILD}): what it publishes`, () => {
  test('is the order’s state with the notification that gave rise to it', async () => {
    expect(await confirm(await start(), [paidLookup()])).toEqual([]);
    expect(await published()).toEqual([
      {
        ...{ eventType: 'payment-status', appId: '10026', ...ORDER, tpOrderId: PAID['tpOrderId'] },
        sequence: expect.any(Number),
        changed: ['payment', 'refund', 'verification', 'tpOrderId', 'notification'],
        payment: { status: 'PAID', code: 1, description: '支付成功' },
        refund: { status: 'NONE', code: -1, description: '未退费' },
        verification: { status: 'NOT_VERIFIED', code: -1, description: '无核销数据' },
        notification: PAID,
        observedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      },
    ]);
  });

  test('carries its kind, its app and the three statuses as attributes, for filter policies', async () => {
    await confirm(await start(), [lookup()]);
    const { Messages: [message] = [] } = await aws.sqs.send(
      new ReceiveMessageCommand({ QueueUrl: aws.subscriberQueueUrl, MessageAttributeNames: ['All'] }),
    );
    const { MessageAttributes = {}, Body = '' } = message ?? {};
    expect(Object.fromEntries(Object.entries(MessageAttributes).map(([k, v]) => [k, v.StringValue]))).toEqual(
      {
        ...{ eventType: 'payment-status', appId: '10026' },
        ...{ payment: 'PAID', refund: 'NONE', verification: 'NOT_VERIFIED' },
      },
    );
    expect(JSON.parse(Body)).not.toHaveProperty('notification');
    expect(JSON.parse(Body)).not.toHaveProperty('tpOrderId');
    expect(JSON.parse(Body)).not.toHaveProperty('refunds');
  });

  test('keeps free text as it was, in plain ASCII', async () => {
    const text = '😀支付 {"a":"b&c=d"}\r\n\u0000\u007f\u2028';
    const free = { promoDetail: text, returnData: text };
    await confirm(await start(), [notified(free)]);
    const { Messages: [{ Body = '' } = {}] = [] } = await aws.sqs.send(
      new ReceiveMessageCommand({ QueueUrl: aws.subscriberQueueUrl }),
    );
    expect(JSON.parse(Body).notification).toEqual({ ...PAID, ...free });
    expect(Body).toMatch(/^[\x20-\x7e]*$/);
  });

  test('is the same from a queue, a topic, and a topic by way of a queue, in one batch', async () => {
    const at = (orderId: string) => lookup({ orderId });
    const event = {
      Records: [
        ...sqsEvent([
          { messageId: 'a', body: at('1') },
          { messageId: 'b', body: envelope(at('2')) },
        ]).Records,
        sns(at('3')),
      ],
    };
    expect(await (await start())(event, contextOf())).toEqual({ batchItemFailures: [] });
    expect((await published()).map(({ orderId }) => orderId).sort()).toEqual(['1', '2', '3']);
  });
});

test(`confirm (${BUILD}) reads what Lambda wrote of a failed invocation, moved back from the dead letters`, async () => {
  const failed = JSON.stringify({
    version: '1.0',
    requestContext: { condition: 'RetriesExhausted', approximateInvokeCount: 3 },
    requestPayload: snsEvent(paidLookup()),
    responsePayload: { errorType: 'INTERNAL_ERROR' },
  });
  expect(await confirm(await start(), [failed])).toEqual([]);
  expect(await published()).toHaveLength(1);
});

describe(`confirm (${BUILD}): each change once, in order`, () => {
  test('for 200 repetitions', async () => {
    const handler = await start();
    for (let batch = 0; batch < 20; batch++) {
      expect(await confirm(handler, Array(10).fill(paidLookup()))).toEqual([]);
    }
    expect(await published()).toHaveLength(1);
    expect(baidu.requests).toHaveLength(20);
  });

  test('for 50 at once in five sandboxes', async () => {
    const handlers = await Promise.all(Array.from({ length: 5 }, () => start()));
    const failures = await Promise.all(
      handlers.map((handler) => confirm(handler, Array(10).fill(paidLookup()))),
    );
    expect(failures.flat()).toEqual([]);
    expect(await published()).toHaveLength(1);
  });

  test('for each new state, also one that the order had before', async () => {
    const handler = await start();
    const states: Behaviour[] = [
      say(1),
      say(1, 1),
      say(1, 2),
      say(1, 2, 1),
      say(1, 7),
      say(1),
      say(-1),
      say(1),
    ];
    const told: Record<string, unknown>[] = [];
    for (const state of states) {
      baidu.always(state);
      expect(await confirm(handler, [lookup(), lookup()])).toEqual([]);
      expect(await confirm(handler, [lookup()])).toEqual([]);
      const messages = await published();
      expect(messages).toHaveLength(1);
      told.push(...messages);
    }
    const numbers = told.map(({ sequence }) => Number(sequence));
    expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
    expect(told.map(({ changed }) => changed)).toEqual([
      ['payment', 'refund', 'verification'],
      ...[['refund'], ['refund'], ['verification']],
      ...[['refund', 'verification'], ['refund']],
      ...[['payment'], ['payment']],
    ]);
  });

  test('for a notification after a look-up, which knew no id of the merchant’s', async () => {
    const handler = await start();
    await confirm(handler, [lookup()]);
    expect(await published()).toMatchObject([{ changed: ['payment', 'refund', 'verification'] }]);
    await confirm(handler, [paidLookup()]);
    expect(await published()).toMatchObject([
      { changed: ['tpOrderId', 'notification'], tpOrderId: PAID['tpOrderId'], notification: PAID },
    ]);
    baidu.always(say(1, 2));
    await confirm(handler, [lookup()]);
    expect(await published()).toMatchObject([
      { changed: ['refund'], tpOrderId: PAID['tpOrderId'], notification: PAID },
    ]);
  });

  test('for each order, whatever its state', async () => {
    expect(await confirm(await start(), [lookup({ orderId: '1' }), lookup({ orderId: '2' })])).toEqual([]);
    expect(await published()).toHaveLength(2);
  });

  test('by the merchant’s own id, once a notification has named it', async () => {
    const handler = await start();
    const own = JSON.stringify({ tpOrderId: PAID['tpOrderId'] });
    expect(await confirm(handler, [own])).toEqual([]);
    expect(await published()).toEqual([]);
    expect(baidu.requests).toEqual([]);
    await confirm(handler, [paidLookup()]);
    await published();
    baidu.always(say(1, 1));
    expect(await confirm(handler, [own, own])).toEqual([]);
    expect(await published()).toMatchObject([
      { ...ORDER, tpOrderId: PAID['tpOrderId'], changed: ['refund'] },
    ]);
  });

  test.each([
    ['', 400],
    ['2', 2],
  ])('keeps its record for LEDGER_DAYS=%s, without the signature', async (LEDGER_DAYS, days) => {
    await confirm(await start({ LEDGER_DAYS }), [paidLookup()]);
    const { Items = [] } = await aws.dynamodb.send(new ScanCommand({ TableName: aws.ledgerTable }));
    expect(Items).toHaveLength(1);
    expect(Items[0]?.['id']?.S).toBe(`10026#${ORDER.orderId}`);
    expect(Items[0]?.['merchantOrder']?.S).toBe(`10026#${PAID['tpOrderId']}`);
    expect(Items[0]).not.toHaveProperty('claimUntil');
    const keptDays = (Number(Items[0]?.['expiration']?.N) - Date.now() / 1000) / 86_400;
    expect(keptDays).toBeGreaterThan(days - 0.1);
    expect(keptDays).toBeLessThan(days + 0.1);
    expect(JSON.stringify(Items)).not.toContain('rsaSign');
  });
});

describe(`confirm (${BUILD}): what fails`, () => {
  test.each([
    ['not JSON', 'hello'],
    ['nothing', ''],
    ['no object', '[]'],
    ['no order', JSON.stringify({ siteId: '1' })],
    ['no user', JSON.stringify({ orderId: '1' })],
    ['a number for an id', JSON.stringify({ orderId: 1, siteId: '1' })],
    ['an id out of range', JSON.stringify({ orderId: '9223372036854775808', siteId: '1' })],
    ['a notification that is none', lookup({ notification: 'x' })],
    ['a notification with numbers', lookup({ notification: { status: 2 } })],
    ['no own id that there can be', JSON.stringify({ tpOrderId: 'a&b' })],
    ['an app that is no text', lookup({ appId: 10026 })],
    ['a notification of another order', notified({ orderId: '2' }, { orderId: ORDER.orderId })],
    ['a notification of another user', notified({ userId: '2' })],
    ['a notification without its signature', lookup({ notification: PAID })],
    ['a notification that another has signed', lookup({ notification: signed(PAID, privateKey) })],
    [
      'a notification that was altered',
      lookup({ notification: { ...signed(PAID, platform.privateKey), tpOrderId: 'forged' } }),
    ],
    ['an empty envelope', JSON.stringify({ Type: 'Notification' })],
    ['an envelope around nonsense', envelope('nonsense')],
  ])('%s: alone', async (_name, body) => {
    expect(await confirm(await start(), [lookup({ orderId: '1' }), body, lookup({ orderId: '3' })])).toEqual([
      1,
    ]);
    expect(await published()).toHaveLength(2);
    expect(baidu.requests).toHaveLength(2);
  });

  test.each([
    ['unpaid', say(-1)],
    ['something not known', say(3)],
  ])('notified as paid, and %s at Baidu: stays in the queue, unpublished', async (_name, state) => {
    const handler = await start();
    baidu.always(state);
    expect(await confirm(handler, [paidLookup()])).toEqual([0]);
    expect(await published()).toEqual([]);
    baidu.always(say(1));
    expect(await confirm(handler, [paidLookup()])).toEqual([]);
    expect(await published()).toHaveLength(1);
  });

  test('not: an order that nobody said was paid', async () => {
    baidu.always(say(-1));
    const cancelled = notified({ orderId: '2', status: '-1' });
    expect(await confirm(await start(), [lookup(), cancelled])).toEqual([]);
    expect((await published()).map(({ payment }) => payment)).toEqual([
      expect.objectContaining({ status: 'UNPAID' }),
      expect.objectContaining({ status: 'UNPAID' }),
    ]);
  });

  test('a look-up from the topic fails the invocation, which Lambda repeats', async () => {
    const handler = await start();
    await expect(handler(snsEvent('nonsense'), contextOf())).rejects.toMatchObject({
      name: 'INTERNAL_ERROR',
    });
    baidu.always(say(-1));
    await expect(handler(snsEvent(paidLookup()), contextOf())).rejects.toThrow(
      'A look-up from the topic failed.',
    );
    baidu.always(say(1));
    expect(await handler(snsEvent(paidLookup()), contextOf())).toEqual({ batchItemFailures: [] });
    expect(await published()).toHaveLength(1);
  });

  test.each([null, {}, { Records: 'x' }, []])('the event %j, which holds no records', async (event) => {
    const handler = await start();
    await expect(handler(event, contextOf())).rejects.toMatchObject({ name: 'INVALID_REQUEST' });
  });

  test('a record that is none, in an event that Lambda never sends', async () => {
    const handler = await start();
    await expect(handler({ Records: [null, 1, {}] }, contextOf())).rejects.toMatchObject({
      name: 'INTERNAL_ERROR',
    });
  });
});

test(`confirm (${BUILD}) tests itself when invoked directly`, async () => {
  const tested = await (await start())({ selfTest: true }, contextOf());
  expect(tested).toMatchObject({ ok: true, keyBits: 1024, appId: '10026', appKey: 'MMM4oc' });
  expect(baidu.requests).toEqual([]);
});

test(`confirm (${BUILD}) asks for ten side by side`, async () => {
  const waiting: (() => void)[] = [];
  baidu.always((request, response) => {
    waiting.push(() => say(1)(request, response));
    if (waiting.length === 10) for (const answer of waiting) answer();
  });
  const bodies = Array.from({ length: 10 }, (_, index) => lookup({ orderId: String(index + 1) }));
  const handler = await start({ BAIDU_ATTEMPT_TIMEOUT_MS: '5000' });
  expect(await confirm(handler, bodies, 20_000)).toEqual([]);
  expect(await published()).toHaveLength(10);
});

describe(`confirm (${BUILD}): outages`, () => {
  const ORDERS = Array.from({ length: 6 }, (_, index) => lookup({ orderId: String(index + 1) }));

  /** Everything fails while the outage lasts, and everything is published once when it is over. */
  async function expectNothingLost(handler: Handler, begin: () => void, end: () => void): Promise<void> {
    begin();
    expect(await confirm(handler, ORDERS, 4000)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(await published()).toEqual([]);
    end();
    // What an attempt left under way ends with the time that its invocation had.
    await vi.waitFor(async () => expect(await confirm(handler, ORDERS, 10_000)).toEqual([]), 20_000);
    expect(await published()).toHaveLength(ORDERS.length);
  }

  test.each(['refusing', 'silent'] as const)('the topic is %s', async (weather) => {
    await expectNothingLost(
      await start(),
      () => proxies.sns.weather(weather),
      () => proxies.sns.weather('fair'),
    );
  });

  test.each(['refusing', 'silent'] as const)('the table is %s', async (weather) => {
    await expectNothingLost(
      await start(),
      () => proxies.table.weather(weather),
      () => proxies.table.weather('fair'),
    );
  });

  test('the secret is away', async () => {
    secretsManager.fail({ error: 'AccessDeniedException' });
    await expectNothingLost(
      await start(),
      () => undefined,
      () => secretsManager.fail(undefined),
    );
  });

  test('Baidu answers badly every third time', async () => {
    let count = 0;
    const bad = [
      says('', 500),
      says('<html>'),
      says(answerBody({ errno: 10003 })),
      says(answerBody({ data: [] })),
    ];
    baidu.always((request, response) => {
      const behaviour = count++ % 3 === 0 ? bad[count % bad.length] : say(1);
      behaviour?.(request, response);
    });
    const handler = await start();
    const bodies = Array.from({ length: 10 }, (_, index) => lookup({ orderId: String(index + 1) }));
    let left = bodies;
    for (let round = 0; round < 5 && left.length > 0; round++) {
      const failed = await confirm(handler, left);
      left = failed.flatMap((index) => left[index] ?? []);
    }
    expect(left).toEqual([]);
    expect(await published()).toHaveLength(10);
  });

  test('a variable is not set', async () => {
    const handler = await start({ PAYMENT_TOPIC_ARN: '' });
    const thrown = handler(sqsEvent([{ messageId: '1', body: lookup() }]), contextOf());
    await expect(thrown).rejects.toMatchObject({ name: 'CONFIGURATION_UNAVAILABLE' });
  });
});

describe(`confirm (${BUILD}): Baidu has no time (5010003)`, () => {
  const overQps = says(answerBody({ errno: 5010003, errmsg: 'QPS', data: [] }));

  test('waits within the invocation', async () => {
    baidu.play(...Array(5).fill(overQps));
    expect(await confirm(await start(), [lookup()], 15_000)).toEqual([]);
    expect(await published()).toHaveLength(1);
    expect(baidu.requests).toHaveLength(6);
  });

  test('sends the look-up back as a new message, held back, when its time is up', async () => {
    baidu.always(overQps);
    const handler = await start({
      PAYMENT_QUEUE_URL: proxies.sqs.url + new URL(aws.paymentQueueUrl).pathname,
    });
    expect(await confirm(handler, [paidLookup()], 3500)).toEqual([]);
    const { Messages } = await aws.sqs.send(new ReceiveMessageCommand({ QueueUrl: aws.paymentQueueUrl }));
    expect(Messages ?? []).toEqual([]);
    expect(await delayedMessages()).toBe(1);
    expect(await published()).toEqual([]);
  });

  test('leaves the look-up where it is when it cannot be sent back', async () => {
    baidu.always(overQps);
    const handler = await start({
      PAYMENT_QUEUE_URL: proxies.sqs.url + new URL(aws.paymentQueueUrl).pathname,
    });
    proxies.sqs.weather('refusing');
    expect(await confirm(handler, [paidLookup()], 3500)).toEqual([0]);
    const withoutQueue = await start();
    expect(await confirm(withoutQueue, [paidLookup()], 3500)).toEqual([0]);
  });
});

test(`confirm (${BUILD}) fails no look-up while the merchant’s key is exchanged`, async () => {
  const next = generateKeyPairSync('rsa', { modulusLength: 1024 });
  const stored = next.privateKey.export({ format: 'pem', type: 'pkcs8' });
  secretsManager.put('secret', JSON.stringify({ ...secret, privateKey: stored }));
  baidu.always(takesSignaturesOf(publicKey));
  const bodies = Array.from({ length: 10 }, (_, index) => lookup({ orderId: String(index + 1) }));
  expect(await confirm(await start(), bodies)).toEqual([]);
  expect(await published()).toHaveLength(10);
  expect(secretsManager.requests()).toBe(2);
});

test(`confirm (${BUILD}) logs an outcome a line, and no user`, async () => {
  const lines = captureLog();
  const handler = await start({ LOG_LEVEL: 'INFO' });
  await confirm(handler, [paidLookup(), 'nonsense']);
  baidu.always(say(-1));
  await confirm(handler, [paidLookup()]);
  vi.restoreAllMocks();
  const said = lines.filter(({ message }) => message !== undefined);
  expect(said).toEqual([
    expect.objectContaining({ message: 'published', orderId: ORDER.orderId, tpOrderId: PAID['tpOrderId'] }),
    expect.objectContaining({ level: 'ERROR', message: 'not confirmed', code: 'INVALID_REQUEST' }),
    expect.objectContaining({ message: 'answered', records: 2, failures: 1 }),
    expect.objectContaining({ message: 'not confirmed', code: 'PAYMENT_MISMATCH', RecordsFailed: 1 }),
    expect.objectContaining({ message: 'answered', records: 1, failures: 1 }),
  ]);
  expect(JSON.stringify(lines)).not.toContain(ORDER.siteId);
});

async function delayedMessages(): Promise<number> {
  const { GetQueueAttributesCommand } = await import('@aws-sdk/client-sqs');
  const { Attributes = {} } = await aws.sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: aws.paymentQueueUrl, AttributeNames: ['All'] }),
  );
  return Number(Attributes['ApproximateNumberOfMessagesDelayed']);
}
