import { GetItemCommand, PutItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { type LocalAws, startAws } from '../../local/stack/aws.ts';
import { ownQueryEvent, queryEvent, sqsEvent } from '../../local/stack/events.ts';
import { type LocalSecretsManager, startSecretsManager } from '../../local/stack/secrets-manager.ts';
import {
  answerBody,
  type Behaviour,
  breaksOff,
  drips,
  hangs,
  resets,
  type ScriptedBaidu,
  says,
  startBaidu,
} from '../support/baidu.ts';
import { BUILD, captureLog, coldStart, contextOf } from '../support/cold-start.ts';
import { emptyLedger } from '../support/empty-ledger.ts';
import { inTime } from '../support/in-time.ts';
import { PAID, signed } from '../support/notification.ts';
import { orderBody, refundBody, type ScriptedOpenapi, startOpenapi, tokenBody } from '../support/openapi.ts';
import { drain } from '../support/queue.ts';
import { makeApp } from '../support/two-apps.ts';

const app = makeApp(26);
const PAIR = { smartAppKey: 'k'.repeat(32), smartAppSecret: 'canary-of-the-app-secret-0123456' };
/** As the scripted Baidu knows the order. */
const FOUND = { orderId: '9007199254740993', siteId: '9007199254740995' };
const OWN = 'T-1';
/** For a Baidu that hangs; a busy machine needs more where it answers. */
const SHORT = { BAIDU_ATTEMPT_TIMEOUT_MS: '300' };
const SECOND = { BAIDU_STATUS_API: 'findByTpOrderId' };

let aws: LocalAws;
let baidu: ScriptedBaidu;
let openapi: ScriptedOpenapi;
let secretsManager: LocalSecretsManager;
let env: Record<string, string>;

beforeAll(async () => {
  [aws, secretsManager] = await Promise.all([startAws(), startSecretsManager()]);
});
beforeEach(async () => {
  [baidu, openapi] = await Promise.all([startBaidu(), startOpenapi()]);
  store(PAIR);
  env = {
    ...aws.environment,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: secretsManager.url,
    BAIDU_SECRET_ID: 'secret',
    BAIDU_QUERY_URL: baidu.url,
    BAIDU_OPENAPI_URL: openapi.url.href,
    PAYMENT_QUEUE_URL: aws.paymentQueueUrl,
    PAYMENT_TOPIC_ARN: aws.statusTopicArn,
    LEDGER_TABLE: aws.ledgerTable,
    LOG_LEVEL: 'SILENT',
  };
  await emptyLedger(aws);
  openapi.always('order', says(orderBody({ appId: app.appId, appKey: `MM${app.appId}` })));
});
afterEach(async () => {
  vi.restoreAllMocks();
  await published();
  await Promise.all([baidu.close(), openapi.close()]);
});
afterAll(() => Promise.all([aws, secretsManager].map((part) => part.close())));

const store = (more: object) => secretsManager.put('secret', JSON.stringify(app.secret({ ...more })));
const published = () => drain(aws.sqs, aws.subscriberQueueUrl);
const headers = { authorization: `Bearer ${app.token}` };
const byOwnId = (tpOrderId = OWN) => ownQueryEvent(tpOrderId, headers);
const byIds = (ids: object = FOUND) => queryEvent({ ...ids, headers });
type Handler = Awaited<ReturnType<typeof coldStart>>;
const start = (name: 'query' | 'confirm', more: Record<string, string> = {}) =>
  coldStart(name, { ...env, ...more });

async function call(handler: Handler, event: unknown) {
  const { statusCode, body } = (await handler(event, contextOf())) as { statusCode: number; body: string };
  return { status: statusCode, body: JSON.parse(body) };
}
const ask = async (event: unknown, more: Record<string, string> = {}) =>
  call(await start('query', more), event);

async function confirm(bodies: readonly object[], more: Record<string, string> = {}): Promise<number[]> {
  const messages = bodies.map((body, index) => ({ messageId: String(index), body: JSON.stringify(body) }));
  const handler = await start('confirm', more);
  const { batchItemFailures } = (await handler(sqsEvent(messages), contextOf())) as {
    batchItemFailures: { itemIdentifier: string }[];
  };
  return batchItemFailures.map(({ itemIdentifier }) => Number(itemIdentifier));
}

const table = () => aws.ledgerTable;
const item = async (orderId = FOUND.orderId) => {
  const Key = { id: { S: `${app.appId}#${orderId}` } };
  return (await aws.dynamodb.send(new GetItemCommand({ TableName: table(), Key }))).Item;
};
const knows = ({ orderId, siteId }: typeof FOUND, tpOrderId: string | undefined = OWN) =>
  aws.dynamodb.send(
    new PutItemCommand({
      TableName: table(),
      Item: {
        ...{ id: { S: `${app.appId}#${orderId}` }, appId: { S: app.appId }, orderId: { S: orderId } },
        siteId: { S: siteId },
        ...(tpOrderId && { tpOrderId: { S: tpOrderId }, merchantOrder: { S: `${app.appId}#${tpOrderId}` } }),
      },
    }),
  );

const UNVERIFIED = { status: 'UNKNOWN', code: null, description: '' };

describe(`query by the merchant’s id of an order that the ledger does not know (${BUILD})`, () => {
  test('has Baidu find it, writes it down, and asks as usual', async () => {
    const handler = await start('query');
    const { status, body } = await call(handler, byOwnId());
    expect({ status, body }).toMatchObject({
      status: 200,
      body: {
        ...{ appId: app.appId, ...FOUND, tpOrderId: OWN, totalMoney: 9900, payMoney: 9800 },
        ...{ payment: { status: 'PAID', code: 1 }, verification: { status: 'NOT_VERIFIED' } },
        source: { api: 'queryorderdetail' },
      },
    });
    expect(openapi.asked.map(({ question }) => question)).toEqual(['token', 'order']);
    expect(baidu.requests).toHaveLength(1);
    expect(await item()).toMatchObject({
      ...{ siteId: { S: FOUND.siteId }, tpOrderId: { S: OWN } },
      merchantOrder: { S: `${app.appId}#${OWN}` },
      expiration: { N: expect.stringMatching(/^\d{10}$/) },
    });
    // The second time the ledger knows it.
    expect((await call(handler, byOwnId())).status).toBe(200);
    expect(openapi.asked).toHaveLength(2);
    expect(baidu.requests).toHaveLength(2);
  });

  test('the same for a direct invocation', async () => {
    const handler = await start('query');
    expect(await handler({ tpOrderId: OWN }, contextOf())).toMatchObject({ ...FOUND, tpOrderId: OWN });
  });

  test.each<[string, string, number]>([
    ['errno 60021', '{"errno":60021,"msg":"no data"}', 2],
    ['no data', '{"errno":0,"msg":"success","data":[]}', 2],
  ])('answers 404 where Baidu has no such order: %s', async (_name, said, asked) => {
    openapi.always('order', says(said));
    expect(await ask(byOwnId())).toMatchObject({ status: 404, body: { code: 'ORDER_UNKNOWN' } });
    expect(openapi.asked).toHaveLength(asked);
    expect(await item()).toBeUndefined();
  });

  test('answers 404 without asking where the app has no pair', async () => {
    store({});
    expect(await ask(byOwnId())).toMatchObject({ status: 404, body: { code: 'ORDER_UNKNOWN' } });
    expect(openapi.asked).toEqual([]);
  });

  test('is not asked where the ledger knows the order, nor by Baidu’s ids', async () => {
    await knows(FOUND);
    const handler = await start('query');
    expect((await call(handler, byOwnId())).status).toBe(200);
    expect((await call(handler, byIds())).status).toBe(200);
    expect(openapi.asked).toEqual([]);
  });

  test('cannot ask on where Baidu names no user', async () => {
    openapi.always('order', says(orderBody({ appId: app.appId, appKey: '', userId: '' })));
    expect(await ask(byOwnId())).toMatchObject({ status: 502, body: { code: 'BAIDU_BAD_RESPONSE' } });
  });

  test('answers 503 where the ledger does not learn it', async () => {
    expect(await ask(byOwnId(), { LEDGER_TABLE: 'no-such-table' })).toMatchObject({
      ...{ status: 503, body: { code: 'LEDGER_UNAVAILABLE' } },
    });
  });
});

describe(`query where the second generation is asked (${BUILD})`, () => {
  test('answers by the merchant’s id, and the ledger learns the order', async () => {
    openapi.always('refund', says(refundBody([2])));
    const { status, body } = await ask(byOwnId(), SECOND);
    expect({ status, body }).toEqual({
      status: 200,
      body: {
        ...{ appId: app.appId, ...FOUND, tpOrderId: OWN, totalMoney: 9900, payMoney: 9800 },
        payment: { status: 'PAID', code: 2, description: '' },
        refund: { status: 'REFUNDED', code: 2, description: '' },
        verification: UNVERIFIED,
        source: { api: 'findByTpOrderId', timestamp: 1600152400, cached: false, serverLogId: '77' },
      },
    });
    expect(openapi.asked.map(({ question }) => question)).toEqual(['token', 'order', 'refund']);
    expect(await item()).toMatchObject({ tpOrderId: { S: OWN }, siteId: { S: FOUND.siteId } });
    expect(baidu.requests).toEqual([]);
  });

  test('names the other orders that the ledger knows under the id', async () => {
    await Promise.all([knows(FOUND), knows({ orderId: '5', siteId: '6' })]);
    expect(await ask(byOwnId(), SECOND)).toMatchObject({ body: { ...FOUND, otherOrders: ['5'] } });
  });

  test('finds the merchant’s id of an order in the ledger', async () => {
    await knows(FOUND);
    const { status, body } = await ask(byIds(), SECOND);
    expect({ status, body }).toEqual({
      status: 200,
      body: {
        ...{ appId: app.appId, ...FOUND },
        payment: { status: 'PAID', code: 2, description: '' },
        refund: { status: 'NONE', code: -1, description: '' },
        verification: UNVERIFIED,
        source: { api: 'findByTpOrderId', timestamp: 1600152400, cached: false, serverLogId: '77' },
      },
    });
    expect(openapi.asked[1]?.params).toMatchObject({ tpOrderId: OWN, pmAppKey: `MM${app.appId}` });
    expect(baidu.requests).toEqual([]);
  });

  test.each<[string, () => Promise<unknown>, number]>([
    ['the ledger does not know it', async () => undefined, 0],
    [
      'the ledger does not know the merchant’s id',
      () =>
        aws.dynamodb.send(
          new PutItemCommand({ TableName: table(), Item: { id: { S: `${app.appId}#${FOUND.orderId}` } } }),
        ),
      0,
    ],
    ['the order is of another user', () => knows({ ...FOUND, siteId: '7' }), 2],
    [
      'Baidu has none',
      async () => {
        await knows(FOUND);
        openapi.always('order', says('{"errno":60021}'));
      },
      2,
    ],
  ])('answers 404 where %s', async (name, prepare, asked) => {
    await prepare();
    const ids = name.includes('another user') ? { ...FOUND, siteId: '7' } : FOUND;
    expect(await ask(byIds(ids), SECOND)).toMatchObject({ status: 404, body: { code: 'ORDER_UNKNOWN' } });
    expect(openapi.asked).toHaveLength(asked);
  });

  test('answers 503 where the app has no pair, and says which', async () => {
    store({});
    await knows(FOUND);
    for (const event of [byIds(), byOwnId()]) {
      expect(await ask(event, SECOND)).toMatchObject({
        status: 503,
        body: { detail: expect.stringMatching(/^The secret’s smartAppKey of app 10026 is missing/) },
      });
    }
  });

  test.each([
    [1, [], { status: 'UNPAID', code: 1 }, { status: 'NONE', code: -1 }],
    [2, [3, 2], { status: 'PAID', code: 2 }, { status: 'REFUNDED', code: 2 }],
    [2, [3, 1, 2], { status: 'PAID', code: 2 }, { status: 'PROCESSING', code: 1 }],
    [-1, [3], { status: 'CANCELLED', code: -1 }, { status: 'FAILED', code: 9 }],
    ['7', [], { status: 'UNKNOWN', code: 7 }, { status: 'NONE', code: -1 }],
  ])('names the status %j with the refunds %j', async (status, refunds, payment, refund) => {
    openapi.always('order', says(orderBody({ appId: app.appId, appKey: '', status })));
    openapi.always('refund', says(refundBody(refunds)));
    expect((await ask(byOwnId(), SECOND)).body).toMatchObject({ payment, refund });
  });
});

const FAULTS: [string, Behaviour, number, string][] = [
  ['status 500', says('', 500), 502, 'BAIDU_BAD_RESPONSE'],
  ['status 429', says('', 429), 502, 'BAIDU_BAD_RESPONSE'],
  ['a redirect', says('', 302, { location: 'https://example.com/' }), 502, 'BAIDU_BAD_RESPONSE'],
  ['a reset', resets, 502, 'BAIDU_UNREACHABLE'],
  ['an empty body', says(''), 502, 'BAIDU_BAD_RESPONSE'],
  ['HTML', says('<html>登录</html>'), 502, 'BAIDU_BAD_RESPONSE'],
  ['JSON cut short', says(orderBody().slice(0, -5)), 502, 'BAIDU_BAD_RESPONSE'],
  ['an answer that breaks off', breaksOff, 502, 'BAIDU_BAD_RESPONSE'],
  ['more than 256 KB', says(`"${'x'.repeat(300_000)}"`), 502, 'BAIDU_BAD_RESPONSE'],
  ['no errno', says('{"data":{}}'), 502, 'BAIDU_BAD_RESPONSE'],
  ['silence', hangs, 504, 'BAIDU_TIMEOUT'],
  ['an answer that drips', drips, 504, 'BAIDU_TIMEOUT'],
  ['an errno', says('{"errno":60008,"msg":"no payment service"}'), 502, 'BAIDU_ERROR'],
  ['an error_code', says('{"error_code":6,"error_msg":"No permission"}'), 502, 'BAIDU_ERROR'],
  ['an error_code with 4xx', says('{"error_code":6,"error_msg":"No permission"}', 403), 502, 'BAIDU_ERROR'],
];

describe.each(['token', 'order', 'refund'] as const)(
  `a Baidu that fails at the %s (${BUILD})`,
  (question) => {
    // A token has no errno, and its request no form that could be wrong in these two ways.
    const faults = question === 'token' ? FAULTS.filter(([name]) => name !== 'no errno') : FAULTS;

    test.each(faults)('with %s', async (_name, behaviour, status, code) => {
      openapi.always(question, behaviour);
      const answer = await inTime(8000, ask(byOwnId(), { ...SECOND, ...SHORT }));
      expect(answer).toMatchObject({ status, body: { code } });
      if (code === 'BAIDU_ERROR')
        expect(answer.body).toMatchObject({ errno: expect.any(Number), errmsg: expect.any(String) });
      if (question === 'refund') return;
      // And where the first generation is asked for the status, but the ledger does not know the order.
      expect(await inTime(8000, ask(byOwnId(), SHORT))).toMatchObject({ status, body: { code } });
      expect(baidu.requests).toEqual([]);
    });
  },
);

test(`what passes is tried again, a refused token is exchanged once (${BUILD})`, async () => {
  openapi.play('token', says('', 503));
  openapi.play('order', says('{"error_code":111,"error_msg":"Access token expired"}'), resets);
  openapi.play('refund', says('{"errno":50029,"msg":"too many calls"}'));
  expect(await ask(byOwnId(), SECOND)).toMatchObject({ status: 200 });
  expect(openapi.asked.map(({ question }) => question)).toEqual([
    ...['token', 'token', 'order', 'token', 'order', 'order', 'refund', 'refund'],
  ]);
});

describe(`confirm (${BUILD})`, () => {
  const notified = () => ({
    ...{ appId: app.appId, ...FOUND },
    notification: signed(
      { ...PAID, orderId: FOUND.orderId, userId: FOUND.siteId, tpOrderId: OWN },
      app.platform.privateKey,
    ),
  });

  test('has Baidu find an order by the merchant’s id that the ledger does not know', async () => {
    expect(await confirm([{ tpOrderId: OWN }])).toEqual([]);
    expect(await published()).toMatchObject([
      { ...FOUND, appId: app.appId, tpOrderId: OWN, payment: { status: 'PAID', code: 1 } },
    ]);
    expect(openapi.asked.map(({ question }) => question)).toEqual(['token', 'order']);
    expect(await item()).toMatchObject({ tpOrderId: { S: OWN } });
  });

  test.each([{}, SECOND])('is done with one that nobody knows, and publishes nothing: %j', async (more) => {
    openapi.always('order', says('{"errno":60021}'));
    const lines = captureLog();
    expect(await confirm([{ tpOrderId: OWN }], { ...more, LOG_LEVEL: 'INFO' })).toEqual([]);
    vi.restoreAllMocks();
    expect(lines).toContainEqual(expect.objectContaining({ message: 'unknown', tpOrderId: OWN }));
    expect(await published()).toEqual([]);
    expect((await aws.dynamodb.send(new ScanCommand({ TableName: table() }))).Items).toEqual([]);
  });

  test('asks the second generation alone, and what it does not know is no change', async () => {
    expect(await confirm([notified()], SECOND)).toEqual([]);
    expect(await confirm([notified()], SECOND)).toEqual([]);
    expect(await published()).toMatchObject([
      {
        ...{ ...FOUND, tpOrderId: OWN, changed: ['payment', 'refund', 'tpOrderId', 'notification'] },
        ...{ payment: { status: 'PAID', code: 2 }, refund: { status: 'NONE' }, verification: UNVERIFIED },
      },
    ]);
    openapi.always('refund', says(refundBody([1])));
    expect(await confirm([{ ...FOUND }], SECOND)).toEqual([]);
    expect(await published()).toMatchObject([
      { changed: ['refund'], refund: { status: 'PROCESSING', code: 1 } },
    ]);
    expect(baidu.requests).toEqual([]);
  });

  test('keeps a notification in the queue while the second generation says unpaid', async () => {
    openapi.always('order', says(orderBody({ appId: app.appId, appKey: '', status: 1 })));
    expect(await confirm([notified()], SECOND)).toEqual([0]);
    openapi.always('order', says(orderBody({ appId: app.appId, appKey: '', status: -1 })));
    openapi.always('refund', says(refundBody([2])));
    expect(await confirm([notified()], SECOND)).toEqual([]);
    expect(await published()).toMatchObject([
      { payment: { status: 'CANCELLED' }, refund: { status: 'REFUNDED' } },
    ]);
  });

  test('fails for an order whose own id nobody has told', async () => {
    expect(await confirm([{ ...FOUND }], SECOND)).toEqual([0]);
    expect(await published()).toEqual([]);
  });

  test('sends a look-up back that Baidu refuses for too many calls', async () => {
    await knows(FOUND);
    openapi.always('order', says('{"errno":50029,"msg":"too many calls"}'));
    expect(await confirm([{ ...FOUND }], { ...SECOND, BAIDU_MAX_ATTEMPTS: '1' })).toEqual([]);
    expect(await published()).toEqual([]);
  });

  test.each(FAULTS.filter(([name]) => !['a redirect', 'status 429'].includes(name)).slice(0, 6))(
    'fails alone while Baidu answers with %s',
    async (_name, behaviour) => {
      openapi.always('order', behaviour);
      expect(await confirm([notified()], SECOND)).toEqual([0]);
      expect(await published()).toEqual([]);
    },
  );
});

test(`no secret, token or user is in any line of the log, whatever Baidu echoes (${BUILD})`, async () => {
  const lines = captureLog();
  const TOKEN = 'canary-of-the-access-token';
  openapi.always('token', says(tokenBody(TOKEN)));
  /** Says again all that it was sent. */
  const echo: Behaviour = (request, response) => {
    const sent =
      request.method === 'POST' ? Object.values(PAIR).join(' ') : decodeURIComponent(request.url ?? '');
    says(JSON.stringify({ errno: 60000, msg: sent }))(request, response);
  };
  const answers: string[] = [];
  for (const more of [{}, SECOND]) {
    const handler = await start('query', { ...more, LOG_LEVEL: 'DEBUG' });
    for (const question of [undefined, 'order', 'refund', 'token'] as const) {
      await emptyLedger(aws);
      const asking = question === 'token' ? await start('query', { ...more, LOG_LEVEL: 'DEBUG' }) : handler;
      if (question) openapi.play(question, echo);
      answers.push(JSON.stringify((await call(asking, byOwnId())).body));
    }
    await confirm([{ ...FOUND }, { tpOrderId: OWN }], { ...more, LOG_LEVEL: 'DEBUG' });
  }
  vi.restoreAllMocks();
  expect(lines.length).toBeGreaterThan(10);
  expect(lines).toContainEqual(expect.objectContaining({ message: 'Baidu answered', tpOrderId: OWN }));
  const text = JSON.stringify([
    lines,
    answers.map((answer) => answer.replaceAll(`"siteId":"${FOUND.siteId}"`, '')),
  ]);
  for (const hidden of [
    TOKEN,
    PAIR.smartAppSecret,
    PAIR.smartAppKey,
    FOUND.siteId,
    app.token,
    `MM${app.appId}`,
  ]) {
    expect(text).not.toContain(hidden);
  }
});

test(`a route by Baidu’s ids loads nothing of the second generation (${BUILD})`, async () => {
  const lines = captureLog();
  baidu.always(says(answerBody()));
  expect(await ask(byIds(), { LEDGER_TABLE: '', BAIDU_OPENAPI_URL: '', LOG_LEVEL: 'INFO' })).toMatchObject({
    status: 200,
  });
  vi.restoreAllMocks();
  expect(lines.at(-1)).toMatchObject({ message: 'answered', orderId: FOUND.orderId });
  expect(openapi.asked).toEqual([]);
});
