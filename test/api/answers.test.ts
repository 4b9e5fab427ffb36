import { generateKeyPairSync } from 'node:crypto';
import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { ERROR_CODES } from '../../lib/lambda/error-codes.ts';
import { diagnoseNotification } from '../../local/doctor/notification.ts';
import { type LocalAws, startAws } from '../../local/stack/aws.ts';
import { notifyEvent, ownQueryEvent, queryEvent } from '../../local/stack/events.ts';
import { type LocalSecretsManager, startSecretsManager } from '../../local/stack/secrets-manager.ts';
import packageJson from '../../package.json' with { type: 'json' };
import { answerBody, hangs, resets, type ScriptedBaidu, says, startBaidu } from '../support/baidu.ts';
import { BUILD, coldStart, contextOf } from '../support/cold-start.ts';
import { writeDown } from '../support/ledger.ts';
import { formOf, PAID, signedForm } from '../support/notification.ts';
import { orderBody, type ScriptedOpenapi, startOpenapi } from '../support/openapi.ts';
import { drain } from '../support/queue.ts';
import { PLATFORM } from '../support/vectors.ts';
import {
  type Description,
  lintDescription,
  OF_CONFIRM,
  readDescription,
  schemaFinder,
} from './description.ts';

/** Nobody listens at this port. */
const NOWHERE = 'http://127.0.0.1:9';
const TOKEN = 'a-token-of-the-mini-programs-backend';
const merchant = generateKeyPairSync('rsa', { modulusLength: 1024 });
const platform = generateKeyPairSync('rsa', { modulusLength: 1024 });
const SECRET = {
  appId: 10026,
  appKey: 'MMM4oc',
  privateKey: merchant.privateKey.export({ format: 'pem', type: 'pkcs1' }),
  platformPublicKey: platform.publicKey.export({ format: 'der', type: 'spki' }).toString('base64'),
  apiTokens: [TOKEN],
  dealId: PAID['dealId'],
};
const PATHS = {
  query: { path: '/orders/{orderId}/payment-status', method: 'get' },
  ownQuery: { path: '/merchant-orders/{tpOrderId}/payment-status', method: 'get' },
  notify: { path: '/baidu/payment-notify', method: 'post' },
  refund: { path: '/baidu/refund-notify', method: 'post' },
  audit: { path: '/baidu/refund-audit', method: 'post' },
} as const;
const FUNCTIONS = {
  query: 'query',
  ownQuery: 'query',
  notify: 'notify',
  refund: 'notify',
  audit: 'notify',
} as const;

let aws: LocalAws;
let baidu: ScriptedBaidu;
let secretsManager: LocalSecretsManager;
let env: Record<string, string>;
let description: Description;
let schemaAt: ReturnType<typeof schemaFinder>;
const seen = new Set<string>();

beforeAll(async () => {
  description = await readDescription();
  schemaAt = schemaFinder(description);
});

beforeEach(async () => {
  [aws, baidu, secretsManager] = await Promise.all([startAws(), startBaidu(), startSecretsManager()]);
  secretsManager.put('secret', JSON.stringify(SECRET));
  env = {
    ...aws.environment,
    BAIDU_SECRET_ID: 'secret',
    BAIDU_QUERY_URL: baidu.url,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: secretsManager.url,
    PAYMENT_QUEUE_URL: aws.paymentQueueUrl,
    LEDGER_TABLE: aws.ledgerTable,
    LOG_LEVEL: 'SILENT',
  };
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await Promise.all([aws.close(), baidu.close(), secretsManager.close()]);
});

interface Answer {
  statusCode: number;
  headers: Record<string, string>;
  body: string;
}

/** Sends a request and holds the answer against the description; returns its status and its body. */
async function send(name: keyof typeof PATHS, event: unknown, more: Record<string, string> = {}) {
  const handler = await coldStart(FUNCTIONS[name], { ...env, ...more });
  const { statusCode, headers, body } = (await handler(event, contextOf())) as Answer;
  const { path, method } = PATHS[name];
  const status = String(statusCode);
  const type = headers['content-type'] ?? '';
  seen.add(`${method} ${path} ${status}`);
  const validate = schemaAt('paths', path, method, 'responses', status, 'content', type, 'schema');
  const parsed = JSON.parse(body);
  expect(validate(parsed), JSON.stringify(validate.errors)).toBe(true);
  checkHeaders(headers, description.paths[path]?.[method]?.responses[status]?.headers ?? {});
  return { status: statusCode, body: parsed };
}

/** Every header that is promised is there, and none that is not. */
function checkHeaders(headers: Record<string, string>, described: Record<string, { $ref?: string }>): void {
  expect(Object.keys(headers).sort()).toEqual(['content-type', ...Object.keys(described)].sort());
  for (const [name, { $ref }] of Object.entries(described)) {
    const validate = $ref
      ? schemaAt(...$ref.slice(2).split('/'), 'schema')
      : schemaAt('paths', PATHS.query.path, 'get', 'responses', '401', 'headers', name, 'schema');
    expect(validate(headers[name])).toBe(true);
  }
}

const ask = (request: Parameters<typeof queryEvent>[0] = {}, more: Record<string, string> = {}) =>
  send('query', queryEvent({ headers: { authorization: `Bearer ${TOKEN}` }, ...request }), more);
const notify = (form: string, more: Record<string, string> = {}) => send('notify', notifyEvent(form), more);
const genuine = (changes: Record<string, string> = {}) =>
  signedForm({ ...PAID, ...changes }, platform.privateKey);

test('the description holds to Redocly’s strict rules', async () => {
  expect(await lintDescription()).toEqual([]);
});

describe(`answers of query (${BUILD})`, () => {
  test.each([
    [-1, -1, -1],
    [1, 1, 1],
    [1, 2, -1],
    [1, 9, 1],
    [7, 8, 9],
  ])('200 for the codes %i, %i and %i', async (pay, refund, verification) => {
    const status = (statusNum: number) => ({ statusNum, statusDesc: '' });
    const data = {
      payStatus: status(pay),
      refundStatus: status(refund),
      verification: status(verification),
    };
    baidu.always(says(answerBody({ data: { data } })));
    expect(await ask()).toMatchObject({ status: 200, body: { payment: { code: pay } } });
  });

  test('200 without a time and a log id', async () => {
    baidu.always(says(answerBody({ timestamp: undefined, serverlogid: undefined })));
    const { body } = await ask();
    expect(body.source).toEqual({
      api: 'queryorderdetail',
      timestamp: null,
      cached: false,
      serverLogId: null,
    });
  });

  test.each([[{ orderId: '0' }], [{ siteId: '1e3' }], [{ rawQueryString: '' }]])(
    '400 for %j',
    async (request) => {
      expect(await ask(request)).toMatchObject({ status: 400, body: { code: 'INVALID_REQUEST' } });
    },
  );

  test.each([[{}], [{ authorization: `Bearer ${TOKEN}x` }]])('401 for the headers %j', async (headers) => {
    expect(await ask({ headers })).toMatchObject({ status: 401, body: { code: 'UNAUTHORIZED' } });
  });

  test.each([
    ['BAIDU_ERROR', says(answerBody({ errno: 10002, errmsg: '订单不存在', data: [] }))],
    ['BAIDU_ERROR', says(answerBody({ errno: 5010003, errmsg: undefined, msg: undefined }))],
    ['BAIDU_BAD_RESPONSE', says('', 404)],
    ['BAIDU_UNREACHABLE', resets],
  ])('502 with %s', async (code, behaviour) => {
    baidu.always(behaviour);
    expect(await ask()).toMatchObject({ status: 502, body: { code } });
  });

  test('504 for silence', async () => {
    baidu.always(hangs);
    const answer = await ask({}, { BAIDU_ATTEMPT_TIMEOUT_MS: '100' });
    expect(answer).toMatchObject({ status: 504, body: { code: 'BAIDU_TIMEOUT' } });
  });

  test('503 without the secret, or with a variable that is wrong', async () => {
    const code = 'CONFIGURATION_UNAVAILABLE';
    expect(await ask({}, { BAIDU_SECRET_ID: 'absent' })).toMatchObject({ status: 503, body: { code } });
    expect(await ask({}, { BAIDU_MAX_ATTEMPTS: 'x' })).toMatchObject({ status: 503, body: { code } });
  });

  test('500 for what nobody foresaw', async () => {
    const event = { ...queryEvent(), headers: new Proxy({}, { ownKeys: () => failing() }) };
    expect(await send('query', event)).toMatchObject({ status: 500, body: { code: 'INTERNAL_ERROR' } });
  });
});

describe(`answers of query by the merchant’s own id (${BUILD})`, () => {
  const askOwn = (tpOrderId: string, more: Record<string, string> = {}, token = TOKEN) =>
    send('ownQuery', ownQueryEvent(tpOrderId, { authorization: `Bearer ${token}` }), more);

  /** Writes into the ledger what a notification tells. */
  async function learnOrder(orderId: string, more: Record<string, string> = {}): Promise<void> {
    const notification = { ...PAID, orderId, ...more };
    await writeDown(aws, orderId, notification);
  }

  test('200 for the order that is paid, with its price and the others', async () => {
    await learnOrder('1', { status: '-1' });
    await learnOrder('2');
    expect(await askOwn('T-1')).toMatchObject({
      status: 200,
      body: { ...{ orderId: '2', tpOrderId: 'T-1', totalMoney: 11300, payMoney: 11300 }, otherOrders: ['1'] },
    });
  });

  test('404 for an id of which nobody has told, 400 for one that is none, 401 without a token', async () => {
    expect(await askOwn('T-2')).toMatchObject({ status: 404, body: { code: 'ORDER_UNKNOWN' } });
    for (const malformed of ['', 'a b', 'a&b', 'a=b', 'é', 'x'.repeat(129)]) {
      expect(await askOwn(malformed)).toMatchObject({ status: 400, body: { code: 'INVALID_REQUEST' } });
    }
    expect(await askOwn('T-1', {}, 'x'.repeat(32))).toMatchObject({ status: 401 });
    expect(baidu.requests).toEqual([]);
  });

  test('502 and 504 for what Baidu does', async () => {
    await learnOrder('1');
    baidu.always(resets);
    expect(await askOwn('T-1')).toMatchObject({ status: 502 });
    baidu.always(hangs);
    expect(await askOwn('T-1', { BAIDU_ATTEMPT_TIMEOUT_MS: '100' })).toMatchObject({ status: 504 });
  });

  test.each([
    ['LEDGER_UNAVAILABLE', { LEDGER_TABLE: 'absent' }],
    ['LEDGER_UNAVAILABLE', { LEDGER_TABLE: '' }],
    ['LEDGER_UNAVAILABLE', { AWS_ENDPOINT_URL_DYNAMODB: NOWHERE }],
    ['CONFIGURATION_UNAVAILABLE', { BAIDU_SECRET_ID: 'absent' }],
  ])('503 with %s where %j', async (code, more: Record<string, string>) => {
    expect(await askOwn('T-1', more)).toMatchObject({ status: 503, body: { code } });
  });

  test('500 for what nobody foresaw', async () => {
    const event = { ...ownQueryEvent('T-1'), headers: new Proxy({}, { ownKeys: () => failing() }) };
    expect(await send('ownQuery', event)).toMatchObject({ status: 500 });
  });
});

describe.each([
  ['refund', { orderId: '1', refundBatchId: 'b1', refundStatus: '1', userId: '', tpOrderId: '' }],
  ['audit', { orderId: '1', userId: '2', refundBatchId: 'b1', applyRefundMoney: '100' }],
] as const)(`answers of notify to a %s (${BUILD})`, (name, fields) => {
  const { path } = PATHS[name];
  const post = (form: string, more: Record<string, string> = {}) =>
    send(name, notifyEvent(form, { path }), more);
  const form = signedForm(fields, platform.privateKey);
  const data = name === 'refund' ? {} : { auditStatus: 3, calculateRes: { refundPayMoney: 100 } };

  test('200 once it is stored', async () => {
    expect(await post(form)).toEqual({ status: 200, body: { errno: 0, msg: 'success', data } });
    const [stored] = await drain(aws.sqs, aws.paymentQueueUrl);
    const member = name === 'refund' ? 'refundNotification' : 'refundAudit';
    expect(stored).toMatchObject({ appId: '10026', orderId: '1', [member]: fields });
  });

  test.each([
    ['nothing', '', 400, 'INVALID_NOTIFICATION'],
    ['a payment notification', genuine(), 400, 'INVALID_NOTIFICATION: This is a payment notification'],
    ['a name twice', `${form}&orderId=1`, 400, 'INVALID_NOTIFICATION'],
    ['a changed field', form.replace('=b1', '=b2'), 403, 'INVALID_SIGNATURE'],
    ['too much', `a=${'x'.repeat(70_000)}`, 413, 'NOTIFICATION_TOO_LARGE'],
  ])('refuses %s', async (_name, sent, status, code) => {
    const { body, ...answer } = await post(sent);
    expect(answer).toEqual({ status });
    expect(body).toEqual({ errno: status, msg: expect.stringMatching(`^${code}`) });
    expect(await drain(aws.sqs, aws.paymentQueueUrl)).toEqual([]);
  });

  test('503 where it cannot be stored', async () => {
    const away = { PAYMENT_QUEUE_URL: `${NOWHERE}/1/payments`, AWS_ENDPOINT_URL_SQS: NOWHERE };
    expect(await post(form, away)).toMatchObject({ status: 503, body: { errno: 503 } });
  });

  test('500 for what nobody foresaw', async () => {
    const event = Object.defineProperty(notifyEvent('', { path }), 'body', { get: failing });
    expect(await send(name, event)).toMatchObject({ status: 500, body: { errno: 500 } });
  });
});

test(`a refund at the payment address is told where it belongs (${BUILD})`, async () => {
  const refund = signedForm({ orderId: '1', refundBatchId: 'b1', refundStatus: '1' }, platform.privateKey);
  expect((await notify(refund)).body.msg).toContain('it belongs to /baidu/refund-notify');
});

describe(`answers of refund audits by policy (${BUILD})`, () => {
  const answerTo = async (policy: string, more: Record<string, string> = {}, paid = true) => {
    const orderId = PAID['orderId'] ?? '';
    if (paid) await writeDown(aws, orderId, PAID);
    const fields = { orderId, userId: '1', refundBatchId: 'b1', ...more };
    const event = notifyEvent(signedForm(fields, platform.privateKey), { path: PATHS.audit.path });
    const { body } = await send('audit', event, { REFUND_AUDIT: policy });
    return [body.data.auditStatus, body.data.calculateRes.refundPayMoney];
  };

  test.each([
    ['undecided', { applyRefundMoney: '100' }, true, [3, 100]],
    ['undecided', {}, true, [3, 11_300]],
    ['undecided', {}, false, [3, 0]],
    ['refuse', { applyRefundMoney: '100' }, true, [2, 100]],
    ['approve', { applyRefundMoney: '11300' }, true, [1, 11_300]],
    ['approve', { applyRefundMoney: '11301' }, true, [3, 11_301]],
    ['approve', {}, true, [1, 11_300]],
    ['approve', {}, false, [3, 0]],
    ['approve', { applyRefundMoney: '1' }, false, [3, 1]],
  ] as const)('%s, %j, paid: %s: %j', async (policy, more, paid, expected) => {
    expect(await answerTo(policy, more, paid)).toEqual(expected);
  });

  test('approve is undecided where the ledger does not answer', async () => {
    env['AWS_ENDPOINT_URL_DYNAMODB'] = NOWHERE;
    expect(await answerTo('approve', { applyRefundMoney: '1' }, false)).toEqual([3, 1]);
  });
});

describe(`answers of notify (${BUILD})`, () => {
  test.each([
    ['2', { isConsumed: 2 }],
    ['1', { isConsumed: 1 }],
    ['-1', { isConsumed: 1 }],
  ])('200 for the status %s', async (status, data) => {
    expect(await notify(genuine({ status }))).toMatchObject({ status: 200, body: { data } });
  });

  test('200 for an order that the merchant has, and for one that it has not', async () => {
    const more = { ORDERS_TABLE: aws.ordersTable };
    const refund = { isConsumed: 2, isErrorOrder: 1 };
    expect(await notify(genuine(), more)).toMatchObject({ status: 200, body: { data: refund } });
    const Item = { tpOrderId: { S: PAID['tpOrderId'] ?? '' }, totalMoney: { N: PAID['totalMoney'] ?? '' } };
    await aws.dynamodb.send(new PutItemCommand({ TableName: aws.ordersTable, Item }));
    const { body } = await notify(genuine(), more);
    expect(body.data).toEqual({ isConsumed: 2 });
  });

  test.each([
    ['nothing', '', 400, 'INVALID_NOTIFICATION'],
    ['JSON', '{}', 400, 'INVALID_NOTIFICATION'],
    ['no signature', formOf(PAID), 400, 'INVALID_NOTIFICATION'],
    ['a name twice', `${genuine()}&status=2`, 400, 'INVALID_NOTIFICATION'],
    ['a malformed field', genuine({ userId: '0' }), 400, 'INVALID_NOTIFICATION'],
    ['a changed field', genuine().replace('payMoney=11300', 'payMoney=1'), 403, 'INVALID_SIGNATURE'],
    ['another deal', genuine({ dealId: '1' }), 403, 'UNKNOWN_DEAL'],
    ['too much', `a=${'x'.repeat(70_000)}`, 413, 'NOTIFICATION_TOO_LARGE'],
  ])('refuses %s', async (_name, form, status, code) => {
    const { body, ...answer } = await notify(form);
    expect(answer).toEqual({ status });
    expect(body).toEqual({ errno: status, msg: expect.stringMatching(`^${code}: `) });
  });

  test.each([
    ['CONFIGURATION_UNAVAILABLE', { BAIDU_SECRET_ID: 'absent' }],
    ['QUEUE_UNAVAILABLE', { PAYMENT_QUEUE_URL: `${NOWHERE}/1/payments`, AWS_ENDPOINT_URL_SQS: NOWHERE }],
    ['ORDERS_UNAVAILABLE', { ORDERS_TABLE: 'absent' }],
  ])('503 with %s', async (code, more: Record<string, string>) => {
    const { status, body } = await notify(genuine(), more);
    expect(status).toBe(503);
    expect(body.msg).toMatch(`${code}: `);
  });

  test('500 for what nobody foresaw', async () => {
    const event = Object.defineProperty(notifyEvent(''), 'body', { get: failing });
    const { status, body } = await send('notify', event);
    expect(status).toBe(500);
    expect(body.msg).toMatch(/^INTERNAL_ERROR: /);
  });
});

describe(`answers of query where the second generation is asked (${BUILD})`, () => {
  const more = () => ({ BAIDU_STATUS_API: 'findByTpOrderId', BAIDU_OPENAPI_URL: openapi.url.href });
  let openapi: ScriptedOpenapi;
  const byOwnId = (env: Record<string, string>) =>
    send('ownQuery', ownQueryEvent('T-1', { authorization: `Bearer ${TOKEN}` }), env);

  beforeEach(async () => {
    openapi = await startOpenapi();
    openapi.always('order', says(orderBody({ appId: 10026, appKey: SECRET.appKey })));
    const pair = { smartAppKey: 'k'.repeat(32), smartAppSecret: 's'.repeat(32) };
    secretsManager.put('secret', JSON.stringify({ ...SECRET, ...pair }));
  });
  afterEach(() => openapi.close());

  test.each([1, 2, -1, 7])('200 for the status %i', async (status) => {
    openapi.always('order', says(orderBody({ appId: 10026, appKey: SECRET.appKey, status })));
    expect((await byOwnId(more())).status).toBe(200);
    const ids = { orderId: '9007199254740993', siteId: '9007199254740995' };
    expect((await ask(ids, more())).status).toBe(200);
  });

  test('404 by Baidu’s ids, where the ledger does not know the order', async () => {
    expect((await ask({}, more())).body).toMatchObject({ code: 'ORDER_UNKNOWN' });
  });

  test('502 with an error_code', async () => {
    openapi.always('order', says('{"error_code":6,"error_msg":"No permission"}', 403));
    expect((await byOwnId(more())).body).toMatchObject({ code: 'BAIDU_ERROR', errno: 6 });
  });
});

describe('the description', () => {
  test('has no answer that was not seen above, but those of the gateway', () => {
    const described = Object.entries(description.paths).flatMap(([path, operations]) =>
      Object.entries(operations).flatMap(([method, { responses }]) =>
        Object.keys(responses)
          .filter((status) => !responses[status]?.$ref?.endsWith('/Throttled'))
          .map((status) => `${method} ${path} ${status}`),
      ),
    );
    expect([...seen].sort()).toEqual(described.sort());
  });

  test('names the codes of the service and no other', () => {
    const named = JSON.stringify(description).match(/`[A-Z_]+`: /g) ?? [];
    const codes = new Set(named.map((name) => name.slice(1, -3)));
    expect([...codes, ...OF_CONFIRM].sort()).toEqual(Object.keys(ERROR_CODES).sort());
  });

  test('asks for the fields that the service asks for, and takes the published notification', () => {
    const { required } = description.components.schemas['NotificationForm'] ?? {};
    const keys = { platformKeys: [platform.publicKey], merchantKey: undefined, dealIds: undefined };
    const missing = diagnoseNotification('odd=1', keys).filter(({ level }) => level === 'bad');
    expect(missing.map(({ subject }) => subject).sort()).toEqual([...(required as string[])].sort());
    const validate = schemaAt('components', 'schemas', 'NotificationForm');
    const published = Object.fromEntries(new URLSearchParams(PLATFORM.body));
    expect(validate(published)).toBe(true);
    expect(validate({ ...published, status: '3' })).toBe(false);
  });

  test('is of the version of the package', () => {
    expect(description.info.version).toBe(packageJson.version);
  });

  test('refuses an answer that is wrong', () => {
    const good = orderStatus();
    const validate = schemaAt('components', 'schemas', 'OrderStatus');
    expect(validate(good)).toBe(true);
    for (const change of [
      { orderId: 1920891312 },
      { siteId: '01' },
      { payment: { status: 'PAID', code: -1, description: '' } },
      { refund: { status: 'PAID', code: 1, description: '' } },
      { source: { timestamp: '1', cached: 0, serverLogId: null } },
      { sign: 'x' },
    ]) {
      expect(validate({ ...good, ...change })).toBe(false);
    }
  });
});

function orderStatus() {
  return {
    appId: '10026',
    orderId: '1920891312',
    siteId: '3747777038',
    payment: { status: 'PAID', code: 1, description: '' },
    refund: { status: 'NONE', code: -1, description: '' },
    verification: { status: 'UNKNOWN', code: 5, description: '' },
    source: { api: 'queryorderdetail', timestamp: 1482735200, cached: false, serverLogId: null },
  };
}

function failing(): never {
  throw new Error('nobody foresaw this');
}
