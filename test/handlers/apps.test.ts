import type { KeyObject } from 'node:crypto';
import { PutItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { type LocalAws, startAws } from '../../local/stack/aws.ts';
import { notifyEvent, ownQueryEvent, queryEvent, sqsEvent } from '../../local/stack/events.ts';
import { type LocalSecretsManager, startSecretsManager } from '../../local/stack/secrets-manager.ts';
import { type ScriptedBaidu, says, startBaidu } from '../support/baidu.ts';
import { BUILD, captureLog, coldStart, contextOf } from '../support/cold-start.ts';
import { emptyLedger } from '../support/empty-ledger.ts';
import { PAID, signed, signedForm } from '../support/notification.ts';
import { orderBody, type ScriptedOpenapi, startOpenapi } from '../support/openapi.ts';
import { drain } from '../support/queue.ts';
import { baiduOf, makeApp, pair, pem, type TestApp } from '../support/two-apps.ts';

const [A, B] = [makeApp(1), makeApp(2)] as const;
const EACH: [string, TestApp, TestApp][] = [
  ['the first app', A, B],
  ['the second app', B, A],
];

let aws: LocalAws;
let baidu: ScriptedBaidu;
let secretsManager: LocalSecretsManager;
let env: Record<string, string>;

beforeAll(async () => {
  [aws, baidu, secretsManager] = await Promise.all([startAws(), startBaidu(), startSecretsManager()]);
  env = {
    ...aws.environment,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: secretsManager.url,
    BAIDU_SECRET_ID: 'secret',
    BAIDU_QUERY_URL: baidu.url,
    PAYMENT_QUEUE_URL: aws.paymentQueueUrl,
    PAYMENT_TOPIC_ARN: aws.statusTopicArn,
    LEDGER_TABLE: aws.ledgerTable,
    SECRET_TTL_SECONDS: '0',
    LOG_LEVEL: 'SILENT',
  };
});
beforeEach(() => {
  store(A.secret(), B.secret());
  baidu.always(baiduOf([A, B]));
  baidu.requests.length = 0;
});
afterEach(async () => {
  vi.restoreAllMocks();
  await Promise.all([queued(), published()]);
});
afterAll(() => Promise.all([aws, baidu, secretsManager].map((part) => part.close())));

const store = (...apps: object[]) => secretsManager.put('secret', JSON.stringify({ apps }));
const queued = () => drain(aws.sqs, aws.paymentQueueUrl);
/** The apps in the queue; a busy machine may store a message twice, as SQS does. */
const queuedFor = async () => new Set((await queued()).map(({ appId }) => appId));
const published = () => drain(aws.sqs, aws.subscriberQueueUrl);
const start = (name: Parameters<typeof coldStart>[0], more: Record<string, string> = {}) =>
  coldStart(name, { ...env, ...more });
type Handler = Awaited<ReturnType<typeof coldStart>>;

const bearer = ({ token }: TestApp) => ({ authorization: `Bearer ${token}` });
const asks = (app: TestApp, { order }: TestApp = app) => queryEvent({ ...order, headers: bearer(app) });

async function call(handler: Handler, event: unknown) {
  const { statusCode, body } = (await handler(event, contextOf())) as { statusCode: number; body: string };
  return { status: statusCode, body: JSON.parse(body) };
}

/** The apps that Baidu was asked by, as the requests say. */
const askedBy = () => baidu.requests.map((url) => new URLSearchParams(url.split('?')[1]).get('appId'));

const paid = ({ order, platform }: TestApp, more: Record<string, string> = {}) => ({
  fields: { ...PAID, orderId: order.orderId, userId: order.siteId, tpOrderId: 'own-1', ...more },
  key: platform.privateKey,
});
const refund = ({ order, platform }: TestApp) => ({
  fields: { orderId: order.orderId, userId: order.siteId, refundBatchId: 'r1', refundStatus: '1' },
  key: platform.privateKey,
});
const audit = ({ order, platform }: TestApp) => ({
  fields: { orderId: order.orderId, userId: order.siteId, refundBatchId: 'r1', applyRefundMoney: '100' },
  key: platform.privateKey,
});
const CALLS = [
  ['/baidu/payment-notify', 'notification', paid],
  ['/baidu/refund-notify', 'refundNotification', refund],
  ['/baidu/refund-audit', 'refundAudit', audit],
] as const;

const post = (path: string, { fields, key }: { fields: Record<string, string>; key: KeyObject }) =>
  notifyEvent(signedForm(fields, key), { path });

/** Hands messages to confirm; the numbers of those that failed. */
async function confirm(handler: Handler, ...bodies: object[]): Promise<number[]> {
  const messages = bodies.map((body, index) => ({ messageId: String(index), body: JSON.stringify(body) }));
  const { batchItemFailures } = (await handler(sqsEvent(messages), contextOf())) as {
    batchItemFailures: { itemIdentifier: string }[];
  };
  return batchItemFailures.map(({ itemIdentifier }) => Number(itemIdentifier));
}

const forget = () => emptyLedger(aws);

const knows = ({ appId, order }: TestApp, tpOrderId: string) =>
  aws.dynamodb.send(
    new PutItemCommand({
      TableName: aws.ledgerTable,
      Item: {
        ...{ id: { S: `${appId}#${order.orderId}` }, appId: { S: appId }, orderId: { S: order.orderId } },
        ...{ siteId: { S: order.siteId }, tpOrderId: { S: tpOrderId } },
        merchantOrder: { S: `${appId}#${tpOrderId}` },
      },
    }),
  );

describe(`query of two apps (${BUILD})`, () => {
  test.each(EACH)('asks for %s by its token, and by nothing of the other’s', async (_name, app, other) => {
    const handler = await start('query');
    expect(await call(handler, asks(app))).toMatchObject({
      status: 200,
      body: { appId: app.appId, ...app.order, payment: { status: 'PAID' } },
    });
    // An order of the other app is none of this one's: Baidu itself says so.
    expect(await call(handler, asks(app, other))).toMatchObject({
      status: 502,
      body: { code: 'BAIDU_ERROR', errno: 10002 },
    });
    expect(askedBy()).toEqual([app.appId, app.appId]);
  });

  test.each(EACH)(
    'finds an order of %s by the merchant’s id, and none of the other’s',
    async (_name, app, other) => {
      await forget();
      await Promise.all([knows(A, 'shared'), knows(B, 'shared')]);
      await knows(other, `of-${other.appId}`);
      const handler = await start('query');
      await knows(other, 'shared');
      const own = await call(handler, ownQueryEvent('shared', bearer(app)));
      expect(own).toMatchObject({
        status: 200,
        body: { appId: app.appId, ...app.order, tpOrderId: 'shared' },
      });
      expect(own.body).not.toHaveProperty('otherOrders');
      await knows(other, `of-${other.appId}`);
      expect(await call(handler, ownQueryEvent(`of-${other.appId}`, bearer(app)))).toMatchObject({
        status: 404,
        body: { code: 'ORDER_UNKNOWN' },
      });
      expect(askedBy()).toEqual([app.appId]);
    },
  );

  test.each(EACH)('asks for %s where a direct invocation names it', async (_name, app) => {
    const handler = await start('query');
    for (const appId of [app.appId, Number(app.appId)]) {
      expect(await handler({ ...app.order, appId }, contextOf())).toMatchObject({ appId: app.appId });
    }
    await forget();
    await knows(app, 'own-1');
    expect(await handler({ tpOrderId: 'own-1', appId: app.appId }, contextOf())).toMatchObject(app.order);
    expect(new Set(askedBy())).toEqual(new Set([app.appId]));
    expect(await handler({ selfTest: true, appId: app.appId }, contextOf())).toMatchObject({
      ...{ ok: true, appId: app.appId, appKey: `MM${app.appId}` },
    });
  });

  test.each([{ ...A.order }, { ...A.order, appId: '7' }, { tpOrderId: 'own-1' }])(
    'refuses the direct invocation %j, which names no app of ours',
    async (event) => {
      const handler = await start('query');
      await expect(handler(event, contextOf())).rejects.toMatchObject({ name: 'INVALID_REQUEST' });
      expect(baidu.requests).toEqual([]);
    },
  );

  test('tests itself for both, and says in the log who asked', async () => {
    const lines = captureLog();
    const handler = await start('query', { LOG_LEVEL: 'INFO' });
    expect(await handler({ selfTest: true }, contextOf())).toMatchObject({
      ...{ ok: true, apps: [{ appId: A.appId }, { appId: B.appId }] },
    });
    await call(handler, asks(B));
    vi.restoreAllMocks();
    expect(lines.at(-1)).toMatchObject({ message: 'answered', appId: B.appId, tokenNumber: 1 });
  });
});

describe(`notify of two apps (${BUILD})`, () => {
  describe.each(CALLS)('%s', (path, member, message) => {
    test.each(EACH)('is of %s by the platform’s key', async (_name, app) => {
      expect(await call(await start('notify'), post(path, message(app)))).toMatchObject({ status: 200 });
      expect(await queued()).toEqual([
        expect.objectContaining({
          appId: app.appId,
          orderId: app.order.orderId,
          [member]: expect.anything(),
        }),
      ]);
    });

    test('is of nobody by another key', async () => {
      const forged = { ...message(A), key: pair().privateKey };
      expect(await call(await start('notify'), post(path, forged))).toMatchObject({ status: 403 });
      expect(await queued()).toEqual([]);
    });
  });

  const shared = (app: TestApp, dealId: string) =>
    app.secret({ platformPublicKey: A.secret()['platformPublicKey'], dealId });

  test('is of the app whose deal it is, where both have one platform key', async () => {
    store(shared(A, '1'), shared(B, '2'));
    const handler = await start('notify');
    for (const [dealId, app] of [
      ['1', A],
      ['2', B],
    ] as const) {
      const form = { ...paid(app, { dealId }), key: A.platform.privateKey };
      expect(await call(handler, post('/baidu/payment-notify', form))).toMatchObject({ status: 200 });
      expect(await queued()).toMatchObject([{ appId: app.appId }]);
    }
    const others = { ...paid(A, { dealId: '3' }), key: A.platform.privateKey };
    expect(await call(handler, post('/baidu/payment-notify', others))).toMatchObject({
      ...{ status: 403, body: { msg: 'UNKNOWN_DEAL: The dealId is not ours.' } },
    });
  });

  test.each(CALLS.slice(1))(
    'knows by the ledger whose a refund is, where both have one key: %s',
    async (path, _member, message) => {
      await forget();
      store(shared(A, '1'), shared(B, '2'));
      const handler = await start('notify');
      const form = { ...message(B), key: A.platform.privateKey };
      expect(await call(handler, post(path, form))).toMatchObject({
        ...{ status: 503, body: { msg: expect.stringContaining('LEDGER_UNAVAILABLE: ') } },
      });
      expect(await queued()).toEqual([]);
      await knows(B, 'own-1');
      expect(await call(handler, post(path, form))).toMatchObject({ status: 200 });
      expect(await queued()).toMatchObject([{ appId: B.appId }]);
    },
  );
});

describe(`confirm of two apps (${BUILD})`, () => {
  const stored = (app: TestApp, [, member, message]: (typeof CALLS)[number]) => {
    const { fields, key } = message(app);
    const answer = member === 'refundAudit' ? { answer: { auditStatus: 3, refundPayMoney: 0 } } : {};
    return { appId: app.appId, ...app.order, [member]: signed(fields, key), ...answer };
  };

  beforeEach(forget);

  test.each(EACH)('tells of %s, whatever the message is', async (_name, app) => {
    const handler = await start('confirm');
    const messages = [{ appId: app.appId, ...app.order }, ...CALLS.map((each) => stored(app, each))];
    for (const message of messages) expect(await confirm(handler, message)).toEqual([]);
    expect(await confirm(handler, { appId: app.appId, tpOrderId: 'own-1' })).toEqual([]);
    const told = await published();
    expect(told.length).toBeGreaterThanOrEqual(3);
    for (const message of told) expect(message).toMatchObject({ appId: app.appId, ...app.order });
    expect(new Set(askedBy())).toEqual(new Set([app.appId]));
    const { Items = [] } = await aws.dynamodb.send(new ScanCommand({ TableName: aws.ledgerTable }));
    for (const { id } of Items) expect(id?.S).toMatch(new RegExp(`^${app.appId}#`));
  });

  test('tells of both in one batch, each under its own name', async () => {
    const messages = EACH.map(([, app]) => ({ appId: app.appId, ...app.order }));
    expect(await confirm(await start('confirm'), ...messages)).toEqual([]);
    const told = await published();
    expect(told.map(({ appId, orderId }) => [appId, orderId]).sort()).toEqual(
      EACH.map(([, app]) => [app.appId, app.order.orderId]),
    );
  });

  test.each<[string, object]>([
    ['no app', A.order],
    ['no app of ours', { appId: '7', ...A.order }],
    ['no app, by the merchant’s id', { tpOrderId: 'own-1' }],
    ...CALLS.map((each): [string, object] => [
      `the other app beside a ${each[1]}`,
      { ...stored(A, each), appId: B.appId },
    ]),
  ])('fails alone where a message names %s', async (_name, message) => {
    const handler = await start('confirm');
    expect(await confirm(handler, message, { appId: A.appId, ...A.order })).toEqual([0]);
    expect(await published()).toHaveLength(1);
  });

  test('finds nothing of the other app by the merchant’s id', async () => {
    await knows(B, 'own-1');
    expect(await confirm(await start('confirm'), { appId: A.appId, tpOrderId: 'own-1' })).toEqual([]);
    expect(await published()).toEqual([]);
    expect(baidu.requests).toEqual([]);
  });
});

describe(`keys and tokens are exchanged app by app, with no failed request (${BUILD})`, () => {
  test.each(EACH)('the merchant’s key of %s', async (_name, app, other) => {
    const next = pair();
    const secrets = (changes = {}) => [A, B].map((each) => each.secret(each === app ? changes : {}));
    const steps: [KeyObject, object | undefined][] = [
      [app.merchant.publicKey, undefined],
      [app.merchant.publicKey, { privateKey: pem(next.privateKey) }],
      [app.merchant.publicKey, undefined],
      [next.publicKey, undefined],
    ];
    store(...secrets());
    await forget();
    const [query, confirming] = [await start('query'), await start('confirm')];
    for (const [atBaidu, changes] of steps) {
      if (changes) store(...secrets(changes));
      baidu.always(baiduOf([A, B], (each) => (each === app ? atBaidu : each.merchant.publicKey)));
      for (const each of [app, other]) {
        expect(await call(query, asks(each))).toMatchObject({ status: 200, body: { appId: each.appId } });
        expect(await confirm(confirming, { appId: each.appId, ...each.order })).toEqual([]);
      }
    }
  });

  test.each(EACH)('a token of %s', async (_name, app, other) => {
    const next = { ...app, token: 'the-token-that-takes-its-place-12345' };
    const put = (apiTokens: string[]) =>
      store(...[A, B].map((each) => each.secret(each === app ? { apiTokens } : {})));
    const handler = await start('query');
    for (const [tokens, good, bad] of [
      [[app.token, next.token], [app, next], []],
      [[next.token], [next], [app]],
    ] as const) {
      put([...tokens]);
      for (const each of [...good, other])
        expect(await call(handler, asks(each))).toMatchObject({ status: 200 });
      for (const each of bad) expect(await call(handler, asks(each))).toMatchObject({ status: 401 });
    }
  });

  test.each(EACH)('the platform’s key of %s', async (_name, app, other) => {
    const next = pair();
    const spki = (key: KeyObject) => key.export({ format: 'der', type: 'spki' }).toString('base64');
    const both = [app.platform.publicKey, next.publicKey].map(spki);
    const handler = await start('notify');
    for (const [platformPublicKey, keys] of [
      [both, [app.platform.privateKey, next.privateKey]],
      [both.slice(1), [next.privateKey]],
    ] as const) {
      store(...[A, B].map((each) => each.secret(each === app ? { platformPublicKey } : {})));
      const forms = [...keys.map((key) => ({ ...paid(app), key })), paid(other)];
      for (const form of forms) {
        expect(await call(handler, post('/baidu/payment-notify', form))).toMatchObject({ status: 200 });
      }
    }
  });

  test('from a secret of one app to one of several', async () => {
    secretsManager.put('secret', JSON.stringify(A.secret()));
    const [query, notify] = [await start('query'), await start('notify')];
    for (const apps of [[A], [A, B]]) {
      if (apps.length > 1) store(...apps.map((app) => app.secret()));
      for (const app of apps) {
        expect(await call(query, asks(app))).toMatchObject({ status: 200 });
        expect(await call(notify, post('/baidu/payment-notify', paid(app)))).toMatchObject({ status: 200 });
      }
    }
  });
});

describe(`one broken app stops no other (${BUILD})`, () => {
  const WHOLE = { status: 503, body: { code: 'CONFIGURATION_UNAVAILABLE' } };

  test.each<[string, Record<string, unknown>]>([
    ['appKey', { appKey: undefined }],
    ['privateKey', { privateKey: 'x' }],
    ['apiTokens', { apiTokens: 'x' }],
    ['smartAppSecret', { smartAppKey: 'k' }],
  ])('at query: %s', async (field, changes) => {
    store(A.secret(), B.secret(changes));
    const lines = captureLog();
    const handler = await start('query', { LOG_LEVEL: 'INFO' });
    expect(await call(handler, asks(A))).toMatchObject({ status: 200 });
    const answer = await call(handler, asks(B));
    expect(answer).toMatchObject(WHOLE);
    expect(answer.body.detail).toContain(`The secret’s apps[1].${field} `);
    const direct = { ...B.order, appId: B.appId };
    await expect(handler(direct, contextOf())).rejects.toMatchObject({ name: 'CONFIGURATION_UNAVAILABLE' });
    await expect(handler({ selfTest: true }, contextOf())).rejects.toMatchObject({
      message: expect.stringContaining(`apps[1].${field} `),
    });
    vi.restoreAllMocks();
    expect(lines.filter(({ reason }) => String(reason).includes(`apps[1].${field} `))).not.toEqual([]);
    expect(askedBy()).toEqual([A.appId]);
  });

  test.each<[string, Record<string, unknown>, number]>([
    ['platformPublicKey', { platformPublicKey: 'x' }, 503],
    ['platformPublicKey', { platformPublicKey: undefined }, 503],
    ['dealId', { dealId: 'x' }, 403],
    ['appId', { appId: 'x' }, 403],
  ])('at notify: %s', async (field, changes, forged) => {
    store(A.secret(), B.secret(changes));
    const handler = await start('notify');
    for (const [path, , message] of CALLS) {
      expect(await call(handler, post(path, message(A)))).toMatchObject({ status: 200 });
      const answer = await call(handler, post(path, message(B)));
      expect(answer).toMatchObject({ status: 503, body: { errno: 503 } });
      expect(answer.body.msg).toContain(`CONFIGURATION_UNAVAILABLE: The secret’s apps[1].${field} `);
    }
    expect(await queuedFor()).toEqual(new Set([A.appId]));
    // Nobody can tell a forgery from what only the broken app could verify.
    const forgery = { ...paid(A), key: pair().privateKey };
    expect(await call(handler, post('/baidu/payment-notify', forgery))).toMatchObject({ status: forged });
  });

  test('at confirm', async () => {
    await forget();
    store(A.secret(), B.secret({ privateKey: 'x' }));
    const messages = [B, A].map((app) => ({ appId: app.appId, ...app.order }));
    expect(await confirm(await start('confirm'), ...messages)).toEqual([0]);
    expect(await published()).toMatchObject([{ appId: A.appId }]);
  });

  test('and no failed request follows for the others where one breaks in a new version', async () => {
    const handler = await start('query');
    expect(await call(handler, asks(B))).toMatchObject({ status: 200 });
    store(A.secret(), B.secret({ appKey: 7 }));
    expect(await call(handler, asks(A))).toMatchObject({ status: 200 });
    expect(await call(handler, asks(B))).toMatchObject(WHOLE);
    // Where all are broken, so is the secret: the last good one serves on.
    store(A.secret({ appKey: 7 }), B.secret({ appKey: 7 }));
    expect(await call(handler, asks(A))).toMatchObject({ status: 200 });
  });

  test('a token of two apps is nobody’s, and the third app serves on', async () => {
    const third = makeApp(3);
    baidu.always(baiduOf([third]));
    store(A.secret(), B.secret({ apiTokens: [B.token, A.token] }), third.secret());
    const handler = await start('query');
    for (const app of [A, B]) {
      const { status, body } = await call(handler, asks(app));
      expect({ status, detail: body.detail }).toEqual({
        ...{ status: 503, detail: 'The secret’s apps[1].apiTokens[1] is a token of apps[0], too.' },
      });
    }
    expect(await call(handler, asks(third))).toMatchObject({ status: 200 });
  });
});

describe(`two apps by Baidu’s second generation (${BUILD})`, () => {
  const pairOf = ({ appId }: TestApp) => ({ smartAppKey: `key-${appId}`, smartAppSecret: `secret-${appId}` });
  let openapi: ScriptedOpenapi;
  let second: Record<string, string>;

  beforeEach(async () => {
    await forget();
    openapi = await startOpenapi();
    openapi.always('order', (request, response) => {
      const { pmAppKey, tpOrderId } = Object.fromEntries(new URLSearchParams(request.url?.split('?')[1]));
      const { appId, order } = pmAppKey === A.secret()['appKey'] ? A : B;
      says(orderBody({ appId, appKey: pmAppKey, tpOrderId, ...order, userId: order.siteId }))(
        request,
        response,
      );
    });
    second = { BAIDU_STATUS_API: 'findByTpOrderId', BAIDU_OPENAPI_URL: openapi.url.href };
  });
  afterEach(() => openapi.close());

  test('are asked for with their own pair, token and payment key', async () => {
    store(...[A, B].map((app) => app.secret(pairOf(app))));
    const [query, confirming] = [await start('query', second), await start('confirm', second)];
    for (const app of [A, B]) {
      expect(await call(query, ownQueryEvent('T-1', bearer(app)))).toMatchObject({
        ...{ status: 200, body: { appId: app.appId, ...app.order, source: { api: 'findByTpOrderId' } } },
      });
      expect(await confirm(confirming, { appId: app.appId, tpOrderId: 'T-1' })).toEqual([]);
    }
    expect((await published()).map(({ appId, orderId }) => [appId, orderId]).sort()).toEqual(
      [A, B].map(({ appId, order }) => [appId, order.orderId]),
    );
    // Each function exchanges a token for each app: of query the first and the third, of confirm the others.
    const tokens = openapi.asked.filter(({ question }) => question === 'token');
    expect(tokens.map(({ params }) => params['client_secret'])).toEqual(
      [A, A, B, B].map((app) => pairOf(app).smartAppSecret),
    );
    const used = openapi.asked.filter(({ question }) => question !== 'token').map(({ params }) => params);
    for (const { pmAppKey, access_token: token = '' } of used) {
      const own = pmAppKey === A.secret()['appKey'] ? ['token-1', 'token-2'] : ['token-3', 'token-4'];
      expect(own).toContain(token);
    }
    expect(baidu.requests).toEqual([]);
  });

  test('one without a pair stops no other, and is asked for in no way', async () => {
    store(A.secret(pairOf(A)), B.secret());
    const handler = await start('query', second);
    expect(await call(handler, ownQueryEvent('T-1', bearer(A)))).toMatchObject({ status: 200 });
    expect(await call(handler, ownQueryEvent('T-1', bearer(B)))).toMatchObject({
      ...{
        status: 503,
        body: { detail: expect.stringContaining(`smartAppKey of app ${B.appId} is missing`) },
      },
    });
    const first = await start('query', { BAIDU_OPENAPI_URL: openapi.url.href });
    const asked = openapi.asked.length;
    expect(await call(first, ownQueryEvent('T-2', bearer(B)))).toMatchObject({ status: 404 });
    expect(openapi.asked).toHaveLength(asked);
  });
});

test(`30 apps in one secret, each with its own (${BUILD})`, async () => {
  const apps = Array.from({ length: 30 }, (_, index) => makeApp(index + 1));
  const text = JSON.stringify({ apps: apps.map((app) => app.secret()) });
  expect(text.length).toBeLessThan(65_536);
  secretsManager.put('secret', text);
  baidu.always(baiduOf(apps));
  const [query, notify] = [await start('query'), await start('notify')];
  for (const app of apps) {
    expect(await call(query, asks(app))).toMatchObject({ status: 200, body: { appId: app.appId } });
    expect(await call(notify, post('/baidu/payment-notify', paid(app)))).toMatchObject({ status: 200 });
  }
  expect(await queuedFor()).toEqual(new Set(apps.map(({ appId }) => appId)));
});
