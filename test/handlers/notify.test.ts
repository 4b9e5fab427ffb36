import { generateKeyPairSync } from 'node:crypto';
import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { sign } from '../../local/cashier/signature/signature.ts';
import { type LocalAws, startAws } from '../../local/stack/aws.ts';
import { notifyEvent } from '../../local/stack/events.ts';
import { type LocalSecretsManager, startSecretsManager } from '../../local/stack/secrets-manager.ts';
import { BUILD, captureLog, coldStart, contextOf } from '../support/cold-start.ts';
import { inTime } from '../support/in-time.ts';
import { formOf, PAID, signedForm } from '../support/notification.ts';
import { type OutageProxy, startProxy } from '../support/outage-proxy.ts';
import { drain } from '../support/queue.ts';
import { PLATFORM } from '../support/vectors.ts';

/** Baidu's patience, the network left aside. */
const LIMIT_MS = 2000;

const platform = generateKeyPairSync('rsa', { modulusLength: 1024 });
const stranger = generateKeyPairSync('rsa', { modulusLength: 1024 });
const ownKey = platform.publicKey.export({ format: 'der', type: 'spki' }).toString('base64');
const publishedPem = `-----BEGIN PUBLIC KEY-----\n${PLATFORM.publicKey}\n-----END PUBLIC KEY-----`;

const halfASignature = sign(PAID, platform.privateKey).slice(0, 80);

const CONSUMED = { errno: 0, msg: 'success', data: { isConsumed: 2 } };
const NOTED = { errno: 0, msg: 'success', data: { isConsumed: 1 } };
const REFUND = { errno: 0, msg: 'success', data: { isConsumed: 2, isErrorOrder: 1 } };

let aws: LocalAws;
let secretsManager: LocalSecretsManager;
let sqsProxy: OutageProxy;
let tableProxy: OutageProxy;
let env: Record<string, string>;

beforeAll(async () => {
  [aws, secretsManager] = await Promise.all([startAws(), startSecretsManager()]);
  sqsProxy = await startProxy(aws.environment['AWS_ENDPOINT_URL_SQS'] ?? '');
  tableProxy = await startProxy(aws.environment['AWS_ENDPOINT_URL_DYNAMODB'] ?? '');
  env = {
    ...aws.environment,
    AWS_ENDPOINT_URL_SQS: sqsProxy.url,
    AWS_ENDPOINT_URL_DYNAMODB: tableProxy.url,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: secretsManager.url,
    BAIDU_SECRET_ID: 'secret',
    PAYMENT_QUEUE_URL: sqsProxy.url + new URL(aws.paymentQueueUrl).pathname,
    LOG_LEVEL: 'SILENT',
  };
});

beforeEach(() => {
  store({ appId: 10026, platformPublicKey: [ownKey, PLATFORM.publicKey] });
  secretsManager.fail(undefined);
  sqsProxy.weather('fair');
  tableProxy.weather('fair');
});

afterEach(async () => {
  vi.restoreAllMocks();
  await drain(aws.sqs, aws.paymentQueueUrl);
});

afterAll(() => Promise.all([aws, secretsManager, sqsProxy, tableProxy].map((part) => part.close())));

const store = (secret: Record<string, unknown>) => secretsManager.put('secret', JSON.stringify(secret));
const queued = () => drain(aws.sqs, aws.paymentQueueUrl);
const start = (more: Record<string, string> = {}) => coldStart('notify', { ...env, ...more });
const own = (changes: Record<string, string> = {}) =>
  signedForm({ ...PAID, ...changes }, platform.privateKey);

interface Answer {
  status: number;
  body: { errno: number; msg: string; data?: unknown };
}

/** One answer, JSON, and within Baidu's patience. */
async function call(handler: Awaited<ReturnType<typeof start>>, event: unknown): Promise<Answer> {
  const { statusCode, headers, body } = (await inTime(LIMIT_MS, handler(event, contextOf()))) as {
    statusCode: number;
    headers: Record<string, string>;
    body: string;
  };
  expect(headers['content-type']).toBe('application/json');
  return { status: statusCode, body: JSON.parse(body) };
}

async function notify(event: unknown, more: Record<string, string> = {}): Promise<Answer> {
  return call(await start(more), event);
}

function expectRefused({ status, body }: Answer, expected: number, message?: string): void {
  expect(status).toBe(expected);
  expect(body.errno).not.toBe(0);
  expect(body.errno).toEqual(expect.any(Number));
  expect(body.data).toBeUndefined();
  if (message !== undefined) expect(body.msg).toContain(message);
}

describe(`notify (${BUILD}): what Baidu’s platform signed in 2018`, () => {
  const fields = Object.fromEntries(new URLSearchParams(PLATFORM.body));
  const { rsaSign = '', ...signed } = fields;
  const spoiled = PLATFORM.body.replaceAll('%2B', '+').replaceAll('%2F', '/').replaceAll('%3D', '=');

  test.each<[string, unknown]>([
    ['as base64', notifyEvent(PLATFORM.body)],
    ['as plain text', notifyEvent(PLATFORM.body, { isBase64Encoded: false })],
    ['without the padding of its signature', notifyEvent(PLATFORM.body.replace('%3D', ''))],
    ['with bare + and / in its signature', notifyEvent(spoiled)],
    ['with blanks for +', notifyEvent(PLATFORM.body.replaceAll('%2B', '%20'))],
    ['in the query string', { ...notifyEvent(''), body: '', rawQueryString: PLATFORM.body }],
    [
      'in the query string, with no body',
      { ...notifyEvent(''), body: undefined, rawQueryString: PLATFORM.body },
    ],
    ['in another order', notifyEvent(PLATFORM.body.split('&').reverse().join('&'))],
  ])('is accepted %s, and stored as it was', async (_name, event) => {
    for (const platformPublicKey of [PLATFORM.publicKey, publishedPem, [ownKey, PLATFORM.publicKey]]) {
      store({ appId: '10026', platformPublicKey });
      const { status, body } = await notify(event);
      expect({ status, body }).toEqual({ status: 200, body: CONSUMED });
      expect(await queued()).toEqual([
        {
          ...{ appId: '10026', orderId: '2645985458', siteId: '3269234686470' },
          notification: { ...signed, rsaSign: expect.stringMatching(/^oOFlK3oO[A-Za-z0-9+/]+=?$/) },
        },
      ]);
    }
  });

  test('is refused with any one field changed, dropped or added', async () => {
    const handler = await start();
    const refuse = async (changed: Record<string, string>) => {
      const { status, body } = await call(handler, notifyEvent(formOf(changed)));
      expect([400, 403]).toContain(status);
      expect(body.errno).not.toBe(0);
    };
    for (const [name, value] of Object.entries(signed)) {
      const { [name]: _dropped, ...rest } = fields;
      await refuse(rest);
      await refuse({ ...fields, [name]: value === '' ? '1' : '' });
      await refuse({ ...fields, [name]: `${value}1` });
      await refuse({ ...rest, [name.toUpperCase()]: value });
    }
    for (const name of ['extra', 'sign', 'sign_type', 'Sign', 'a']) await refuse({ ...fields, [name]: '' });
    await refuse({ ...fields, rsaSign: rsaSign.replace('o', 'p') });
    expect(await queued()).toEqual([]);
  });

  test('is refused by another merchant’s key', async () => {
    store({ platformPublicKey: ownKey });
    expectRefused(await notify(notifyEvent(PLATFORM.body)), 403, 'INVALID_SIGNATURE');
  });
});

describe(`notify (${BUILD}): the answer`, () => {
  test.each([
    ['2', CONSUMED],
    ['1', NOTED],
    ['-1', NOTED],
  ])('to status %s', async (status, body) => {
    expect(await notify(notifyEvent(own({ status })))).toMatchObject({ status: 200, body });
    expect(await queued()).toHaveLength(1);
  });

  test('is the same for every repetition', async () => {
    const handler = await start();
    const answers = await Promise.all(Array.from({ length: 20 }, () => call(handler, notifyEvent(own()))));
    for (const { status, body } of answers) expect({ status, body }).toEqual({ status: 200, body: CONSUMED });
    expect(await queued()).toHaveLength(20);
  });

  const text = '{"a":"1&status=2&b==","笔记":"支付\\n\\u0000😀"}\r\n\t𝄞 % + &returnDatum=';
  test('leaves free text as it was', async () => {
    const event = notifyEvent(own({ promoDetail: text, returnData: text }));
    expect(await notify(event)).toMatchObject({ status: 200, body: CONSUMED });
    const [{ notification } = {}] = await queued();
    expect(notification).toMatchObject({ ...PAID, promoDetail: text, returnData: text });
  });

  test('takes fields that Baidu adds, if they are signed', async () => {
    expect(await notify(notifyEvent(own({ newField: '新', zzz: '' })))).toMatchObject({ status: 200 });
    const [{ notification } = {}] = await queued();
    expect(notification).toMatchObject({ ...PAID, newField: '新', zzz: '' });
  });

  test('takes only our deals, where the secret names them', async () => {
    store({ platformPublicKey: ownKey, dealId: [470193086, '1'] });
    expect(await notify(notifyEvent(own()))).toMatchObject({ status: 200 });
    expect(await notify(notifyEvent(own({ dealId: '1' })))).toMatchObject({ status: 200 });
    expectRefused(await notify(notifyEvent(own({ dealId: '2' }))), 403, 'UNKNOWN_DEAL');
  });
});

describe(`notify (${BUILD}): refuses`, () => {
  const form = own();
  const cases: [string, unknown, number, string][] = [
    ['nothing', notifyEvent(''), 400, 'are empty'],
    ['null for a body', { ...notifyEvent(''), body: null }, 400, 'are empty'],
    ['words', notifyEvent('hello'), 400, 'holds no form'],
    ['JSON', notifyEvent(JSON.stringify(PAID)), 400, 'holds no form'],
    ['an empty part', notifyEvent(`${form}&`), 400, 'holds no form'],
    ['base64 that is none', { ...notifyEvent(form), body: '§' }, 400, 'not base64'],
    ['bad UTF-8 in an escape', notifyEvent(form.replace('returnData=', 'returnData=%ff')), 400, 'not UTF-8'],
    ['an overlong escape', notifyEvent(form.replace('returnData=', 'returnData=%c0%80')), 400, 'not UTF-8'],
    ['half an escape', notifyEvent(`${form}&a=%4`), 400, 'broken'],
    ['a lone surrogate', notifyEvent(`${form}&a=\ud800`, { isBase64Encoded: false }), 400, 'not UTF-8'],
    ['a name twice', notifyEvent(`${form}&status=2`), 400, 'the field status twice'],
    ['a name twice, once escaped', notifyEvent(`${form}&%73tatus=2`), 400, 'the field status twice'],
    ['no name', notifyEvent(`${form}&=1`), 400, 'not letters and digits'],
    ['__proto__', notifyEvent(`${form}&__proto__=1`), 400, 'not letters and digits'],
    ['a name with = in it', notifyEvent(`${form}&a%3Db=1`), 400, 'not letters and digits'],
    ['no rsaSign', notifyEvent(formOf(PAID)), 400, 'rsaSign is missing'],
    ['an empty rsaSign', notifyEvent(formOf({ ...PAID, rsaSign: '' })), 400, 'rsaSign is malformed'],
    ['a broken rsaSign', notifyEvent(form.replace('rsaSign=', 'rsaSign=*')), 400, 'rsaSign is malformed'],
    [
      'half an rsaSign',
      notifyEvent(formOf({ ...PAID, rsaSign: halfASignature })),
      400,
      'rsaSign is malformed',
    ],
    ['a stranger’s signature', notifyEvent(signedForm(PAID, stranger.privateKey)), 403, 'INVALID_SIGNATURE'],
    ['65 KB', notifyEvent(own({ returnData: 'x'.repeat(64 * 1024) })), 413, 'NOTIFICATION_TOO_LARGE'],
    ['2 MB', notifyEvent('x'.repeat(2 << 20), { isBase64Encoded: false }), 413, 'NOTIFICATION_TOO_LARGE'],
    ['20,000 fields', notifyEvent('a=&'.repeat(20_000)), 413, 'NOTIFICATION_TOO_LARGE'],
    ['101 fields', notifyEvent(manyFields(101)), 413, 'more than 100 fields'],
    ['100 fields in vain', notifyEvent(manyFields(100)), 400, 'rsaSign is missing'],
  ];

  test.each(cases)('%s', async (_name, event, status, message) => {
    expectRefused(await notify(event), status, message);
    expect(await queued()).toEqual([]);
  });

  test('a form of 64 KB is taken', async () => {
    const room = 64 * 1024 - Buffer.byteLength(own({ returnData: 'x' })) - 60;
    expect(await notify(notifyEvent(own({ returnData: 'x'.repeat(room) })))).toMatchObject({ status: 200 });
  });

  const BAD: Record<string, string[]> = {
    id: ['', '0', '01', '-1', '1.0', '９', '9223372036854775808', '1e3', ' 1', '1&a=2'],
    money: ['', '-1', '1.5', '01', '1e2', '９', '9007199254740992', '0x1', '1&promoMoney=2'],
    whole: ['', '-1', '1.5', 'x', '1&a=2'],
    status: ['', '0', '3', '02', '-2', '2 ', '２', '2&a=2', 'toString', '__proto__'],
    ownId: ['', ' ', '订单', 'a&b', 'a=b', 'a b', 'x'.repeat(129), 'a\n'],
    freeText: ['a&promoMoney=999&returnData=b'],
    extra: ['a&b', '&status=2'],
  };
  const KINDS: [string, string[]][] = [
    ['id', ['userId', 'orderId', 'dealId']],
    [
      'money',
      ['unitPrice', 'totalMoney', 'payMoney', 'promoMoney', 'hbMoney', 'hbBalanceMoney', 'giftCardMoney'],
    ],
    ['whole', ['count', 'payTime', 'payType', 'partnerId']],
    ['status', ['status']],
    ['ownId', ['tpOrderId']],
    ['freeText', ['promoDetail', 'returnData']],
    ['extra', ['extra', 'zzz']],
  ];

  test.each(KINDS)('what is genuine, yet no %s where one belongs', async (kind, names) => {
    const handler = await start();
    for (const name of names) {
      for (const value of BAD[kind] ?? []) {
        const answer = await call(handler, notifyEvent(own({ [name]: value })));
        expectRefused(answer, 400, `The field ${name} is malformed.`);
      }
      if (kind === 'extra') continue;
      const { [name]: _dropped, ...rest } = PAID;
      const answer = await call(handler, notifyEvent(signedForm(rest, platform.privateKey)));
      expectRefused(answer, 400, `The field ${name} is missing.`);
    }
    expect(await queued()).toEqual([]);
  });

  test('what it refuses is refused without a secret, too', async () => {
    secretsManager.fail({ error: 'AccessDeniedException' });
    expectRefused(await notify(notifyEvent('hello')), 400);
  });
});

describe(`notify (${BUILD}): an attacker who chooses returnData of a genuine, unpaid order`, () => {
  const unpaid = { ...PAID, status: '1' };
  const cut = (returnData: string) => {
    const genuine = { ...unpaid, returnData };
    return { genuine, rsaSign: sign(genuine, platform.privateKey) };
  };

  /** Sends another cut of a genuine text; it must be no cut that reads otherwise. */
  async function send(fields: Record<string, string>, rsaSign: string): Promise<Answer> {
    return notify(notifyEvent(formOf({ ...fields, rsaSign })));
  }

  const rest = 'totalMoney=11300&tpOrderId=3028903626&unitPrice=11300&userId=3747777038';
  test.each<[string, string, Record<string, string>]>([
    [
      'hides the true end in an unknown field',
      `x&status=2&${rest}&zzz=`,
      { returnData: 'x', status: '2', zzz: `&status=1&${rest}` },
    ],
    [
      'hides it in an unknown field before totalMoney',
      'x&status=2&statusx=',
      { returnData: 'x', status: '2', statusx: '&status=1' },
    ],
    [
      'hides the true status in tpOrderId',
      'x&status=2&totalMoney=11300&tpOrderId=9',
      { returnData: 'x', status: '2', tpOrderId: '9&status=1&totalMoney=11300&tpOrderId=3028903626' },
    ],
    [
      'hides it in userId',
      `x&status=2&totalMoney=11300&tpOrderId=9&unitPrice=1&userId=3`,
      { returnData: 'x', status: '2', tpOrderId: '9', unitPrice: '1', userId: `3&status=1&${rest}` },
    ],
    ['hides it in status itself', 'x&status=2', { returnData: 'x', status: '2&status=1' }],
    ['hides it in a name', 'x&status=2&statusx', { returnData: 'x', status: '2', 'statusx&status': '1' }],
    [
      'moves promoMoney through promoDetail',
      'x&promoMoney=999&returnData=y',
      { promoDetail: '&promoMoney=0&returnData=x', promoMoney: '999', returnData: 'y' },
    ],
    ['takes the signature’s own names', 'x&sign=2', { returnData: 'x', sign: '2' }],
  ])('%s: refused', async (_name, returnData, recut) => {
    const { genuine, rsaSign } = cut(returnData);
    const answer = await send({ ...genuine, ...recut }, rsaSign);
    expect([400, 403]).toContain(answer.status);
    expect(await queued()).toEqual([]);
  });

  test('no cut at all changes status, money, order or user', async () => {
    const handler = await start();
    const names = [...Object.keys(PAID), 'statusx', 'zzz', 'aaa', 'sign', 'sign_type'];
    const value = fc.constantFrom('', '0', '1', '2', '9', '11300', '3028903626', 'x');
    const piece = fc.tuple(fc.constantFrom(...names), value).map(([name, text]) => `&${name}=${text}`);
    const returnData = fc.array(fc.oneof(piece, value), { maxLength: 8 }).map((parts) => parts.join(''));
    const rarely = fc.nat({ max: 7 }).map((number) => number === 0);
    let accepted = 0;
    await fc.assert(
      fc.asyncProperty(returnData, fc.infiniteStream(rarely), async (chosen, join) => {
        const { genuine, rsaSign } = cut(chosen);
        const recut = cutAgain(genuine, join);
        const { body } = await call(handler, notifyEvent(formOf({ ...recut, rsaSign })));
        if (body.errno !== 0) return;
        accepted++;
        expect(body).toEqual(NOTED);
        const strict = ({ promoDetail: _p, returnData: _r, ...others }: Record<string, string>) =>
          Object.fromEntries(Object.entries(others).filter(([name]) => name in PAID));
        for (const { notification } of await queued()) {
          expect(strict(notification as Record<string, string>)).toEqual(strict(genuine));
        }
      }),
      { numRuns: 3000 },
    );
    expect(accepted).toBeGreaterThan(0);
  });
});

describe(`notify (${BUILD}): the order check`, () => {
  const withTable = { ORDERS_TABLE: 'orders' };
  const put = (tpOrderId: string, more: Record<string, { N: string } | { S: string }>) =>
    aws.dynamodb.send(
      new PutItemCommand({ TableName: 'orders', Item: { tpOrderId: { S: tpOrderId }, ...more } }),
    );

  test('lets through what the merchant has, at its price', async () => {
    await put('by-number', { totalMoney: { N: '11300' } });
    await put('by-text', { totalMoney: { S: '11300' } });
    for (const tpOrderId of ['by-number', 'by-text']) {
      expect(await notify(notifyEvent(own({ tpOrderId })), withTable)).toMatchObject({
        status: 200,
        body: CONSUMED,
      });
    }
    expect(await queued()).toHaveLength(2);
  });

  test('sends back what the merchant does not have, or not at that price', async () => {
    await put('dearer', { totalMoney: { N: '11301' } });
    for (const tpOrderId of ['unknown', 'dearer']) {
      expect(await notify(notifyEvent(own({ tpOrderId })), withTable)).toMatchObject({
        status: 200,
        body: REFUND,
      });
    }
    expect(await queued()).toEqual([]);
  });

  test('is for what was paid: there is nothing to send back otherwise', async () => {
    const answer = await notify(notifyEvent(own({ tpOrderId: 'unknown', status: '-1' })), withTable);
    expect(answer).toMatchObject({ status: 200, body: NOTED });
  });

  test.each<[string, Record<string, { N: string } | { S: string }>]>([
    ['no price', {}],
    ['a price that is none', { totalMoney: { S: '113.00' } }],
  ])('never sends money back for a fault of our own: %s in the table', async (_name, item) => {
    await put('faulty', item);
    expectRefused(
      await notify(notifyEvent(own({ tpOrderId: 'faulty' })), withTable),
      503,
      'ORDERS_UNAVAILABLE',
    );
  });

  test.each(['refusing', 'silent'] as const)('answers 503 in time while the table is %s', async (weather) => {
    tableProxy.weather(weather);
    const answer = await notify(notifyEvent(own()), withTable);
    expectRefused(answer, 503, 'ORDERS_UNAVAILABLE');
    expect(await queued()).toEqual([]);
  });
});

describe(`notify (${BUILD}): outages`, () => {
  test.each(['refusing', 'silent'] as const)(
    'answers 503 in time while the queue is %s, cold and warm',
    async (weather) => {
      const handler = await start();
      sqsProxy.weather(weather);
      for (let count = 0; count < 2; count++) {
        const answer = await call(handler, notifyEvent(own()));
        expectRefused(answer, 503, 'QUEUE_UNAVAILABLE');
      }
      sqsProxy.weather('fair');
      expect(await call(handler, notifyEvent(own()))).toMatchObject({ status: 200, body: CONSUMED });
      expect(await queued()).not.toEqual([]);
    },
  );

  test('tries the queue again within one call', async () => {
    const handler = await start();
    sqsProxy.weather('refusing');
    const answer = call(handler, notifyEvent(own()));
    setTimeout(() => sqsProxy.weather('fair'), 60);
    expect(await answer).toMatchObject({ status: 200, body: CONSUMED });
  });

  test.each<[string, () => void]>([
    ['silent', () => secretsManager.fail({ hang: true })],
    ['throttling', () => secretsManager.fail({ error: 'ThrottlingException' })],
    ['denying', () => secretsManager.fail({ error: 'AccessDeniedException' })],
    ['handing out nonsense', () => store({ platformPublicKey: 'nonsense' })],
  ])('answers 503 in time while Secrets Manager is %s, and works once it is not', async (_name, breakIt) => {
    breakIt();
    const handler = await start();
    const answer = await call(handler, notifyEvent(own()));
    expectRefused(answer, 503, 'CONFIGURATION_UNAVAILABLE');
    secretsManager.fail(undefined);
    store({ platformPublicKey: ownKey });
    expect(await call(handler, notifyEvent(own()))).toMatchObject({ status: 200, body: CONSUMED });
  });

  test('answers in time with everything silent at once, after its secret has aged', async () => {
    const handler = await start({ SECRET_TTL_SECONDS: '0', ORDERS_TABLE: 'orders' });
    await call(handler, notifyEvent(own()));
    secretsManager.fail({ hang: true });
    sqsProxy.weather('silent');
    tableProxy.weather('silent');
    const answer = await call(handler, notifyEvent(own()));
    expectRefused(answer, 503);
  });

  test('names the variable that is not set', async () => {
    expectRefused(
      await notify(notifyEvent(own()), { PAYMENT_QUEUE_URL: '' }),
      503,
      'PAYMENT_QUEUE_URL is not set',
    );
  });
});

test(`notify (${BUILD}) tests itself when invoked directly, and never by way of the gateway`, async () => {
  const handler = await start();
  expect(await handler({ selfTest: true }, contextOf())).toEqual({
    ...{ ok: true, appId: '10026' },
    platformKeys: [
      { keyBits: 1024, publicKey: ownKey },
      { keyBits: 1024, publicKey: PLATFORM.publicKey },
    ],
    rsaSha1: 'node',
  });
  expectRefused(await call(handler, { ...notifyEvent('selfTest=true'), selfTest: true }), 400);
});

test(`notify (${BUILD}) logs an outcome a line, nothing that is secret, and its metrics`, async () => {
  const lines = captureLog();
  const handler = await start({ LOG_LEVEL: 'DEBUG' });
  await call(handler, notifyEvent(own({ returnData: 'marked-data' })));
  await call(handler, notifyEvent(signedForm({ ...PAID, returnData: 'marked-data' }, stranger.privateKey)));
  vi.restoreAllMocks();
  expect(lines).toEqual([
    expect.objectContaining({
      ...{
        level: 'INFO',
        orderId: PAID['orderId'],
        tpOrderId: PAID['tpOrderId'],
        status: 'PAID',
        reading: 'raw',
      },
      NotificationsAccepted: 1,
    }),
    expect.objectContaining({ level: 'WARN', code: 'INVALID_SIGNATURE', Reason: 'INVALID_SIGNATURE' }),
  ]);
  const text = JSON.stringify(lines);
  for (const hidden of ['marked-data', PAID['userId'] ?? '', ownKey, 'rsaSign='])
    expect(text).not.toContain(hidden);
});

/** Joins neighbours of the canonical text and cuts it elsewhere, where that still gives names and values. */
function cutAgain(fields: Readonly<Record<string, string>>, join: Iterable<boolean>): Record<string, string> {
  const text = Object.keys(fields)
    .sort()
    .map((name) => `${name}=${fields[name]}`)
    .join('&');
  const choices = join[Symbol.iterator]();
  const parts: string[] = [];
  for (const piece of text.split('&')) {
    const last = parts.at(-1);
    if (last !== undefined && (!piece.includes('=') || choices.next().value)) {
      parts[parts.length - 1] = `${last}&${piece}`;
    } else parts.push(piece);
  }
  return Object.fromEntries(
    parts.map((part) => [part.slice(0, part.indexOf('=')), part.slice(part.indexOf('=') + 1)]),
  );
}

function manyFields(count: number): string {
  return Array.from({ length: count }, (_, index) => `f${index}=`).join('&');
}
