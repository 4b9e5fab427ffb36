import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Attempt } from '../../../../lib/baidu/http/attempts.ts';
import { readPrivateKey } from '../../../../lib/baidu/keys.ts';
import {
  createSecondGenerationClient,
  type SecondGenerationClient,
  type SecondGenerationOptions,
} from '../../../../lib/baidu/second-generation/client.ts';
import { type Behaviour, hangs, resets, says } from '../../../support/baidu.ts';
import {
  type OpenapiQuestion,
  orderBody,
  refundBody,
  type ScriptedOpenapi,
  startOpenapi,
  tokenBody,
} from '../../../support/openapi.ts';
import { SAMPLE } from '../../../support/vectors.ts';

const APP = {
  appId: '10026',
  appKey: 'MMM4oc',
  privateKey: readPrivateKey(SAMPLE.privateKey),
  smartAppKey: 'kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk',
  smartAppSecret: 'ssssssssssssssssssssssssssssssss',
};
const ORDER_ID = '9007199254740993';
const USER_ID = '9007199254740995';
const QUESTIONS: OpenapiQuestion[] = ['token', 'order', 'refund'];

let baidu: ScriptedOpenapi;
let attempts: Attempt[];
beforeEach(async () => {
  baidu = await startOpenapi();
  attempts = [];
});
afterEach(() => baidu.close());

function client(options: SecondGenerationOptions = {}): SecondGenerationClient {
  return createSecondGenerationClient({
    openapiUrl: baidu.url,
    maxAttempts: 2,
    random: () => 0,
    onAttempt: (attempt) => attempts.push(attempt),
    ...options,
  });
}

const both = (options?: SecondGenerationOptions) => client(options).queryOrder(APP, { tpOrderId: 'T-1' });
const gateway = (code: number | string, words = 'said') =>
  says(`{"error_code":${code},"error_msg":"${words}"}`);
const service = (errno: number | string, words = 'said') => says(`{"errno":${errno},"msg":"${words}"}`);

describe('createSecondGenerationClient()', () => {
  test('asks for a token, the order, and its refunds', async () => {
    await both();
    expect(baidu.asked).toEqual([
      {
        question: 'token',
        method: 'POST',
        params: {
          grant_type: 'client_credentials',
          client_id: APP.smartAppKey,
          client_secret: APP.smartAppSecret,
          scope: 'smartapp_snsapi_base',
        },
      },
      {
        question: 'order',
        method: 'GET',
        params: { access_token: 'token-1', tpOrderId: 'T-1', pmAppKey: 'MMM4oc' },
      },
      {
        question: 'refund',
        method: 'GET',
        params: { access_token: 'token-1', tpOrderId: 'T-1', userId: USER_ID, pmAppKey: 'MMM4oc' },
      },
    ]);
    expect(attempts).toEqual(Array(3).fill({ appId: '10026', tpOrderId: 'T-1', ms: expect.any(Number) }));
  });

  test('sends a merchant’s id of any letters as one parameter', async () => {
    const tpOrderId = 'A+b/c?d#e%20';
    baidu.always('order', says(orderBody({ tpOrderId })));
    expect(await client().findOrder(APP, tpOrderId)).toMatchObject({ tpOrderId });
    expect(baidu.asked.at(-1)?.params).toEqual({ access_token: 'token-1', tpOrderId, pmAppKey: 'MMM4oc' });
  });
});

describe('findOrder()', () => {
  test('tells what Baidu does, ids whole', async () => {
    expect(await client().findOrder(APP, 'T-1')).toEqual({
      appId: '10026',
      orderId: ORDER_ID,
      siteId: USER_ID,
      tpOrderId: 'T-1',
      dealId: '470193086',
      payment: { status: 'PAID', code: 2, description: '' },
      totalMoney: 9900,
      payMoney: 9800,
    });
  });

  test('takes ids as strings, and does without what only newer pages name', async () => {
    const changes = { orderId: '9223372036854775807', userId: undefined, dealId: '', status: '1' };
    const bare = { ...changes, totalMoney: undefined, payMoney: -1, appId: undefined, appKey: '' };
    baidu.always('order', says(orderBody({ ...bare, tpOrderId: undefined })));
    expect(await client().findOrder(APP, 'T-1')).toEqual({
      ...{ appId: '10026', orderId: '9223372036854775807', siteId: undefined, tpOrderId: 'T-1' },
      ...{ dealId: undefined, totalMoney: undefined, payMoney: undefined },
      payment: { status: 'UNPAID', code: 1, description: '' },
    });
  });

  test.each([
    [1, 'UNPAID'],
    [2, 'PAID'],
    [-1, 'CANCELLED'],
    [3, 'UNKNOWN'],
    [0, 'UNKNOWN'],
  ])('reads the status %i as %s', async (code, status) => {
    baidu.always('order', says(orderBody({ status: code })));
    expect((await client().findOrder(APP, 'T-1'))?.payment).toEqual({ status, code, description: '' });
  });

  test.each([
    ['[]', '{"errno":0,"msg":"success","data":[]}'],
    ['{}', '{"errno":0,"msg":"success","data":{}}'],
    ['null', '{"errno":0,"msg":"success","data":null}'],
    ['""', '{"errno":"0","msg":"success","data":""}'],
    ['no data', '{"errno":0,"msg":"success"}'],
    ['errno 60021', '{"errno":60021,"msg":"no data"}'],
    ['error_code 60021', '{"error_code":"60021","error_msg":"no data"}'],
  ])('knows no order after %s', async (_name, body) => {
    baidu.always('order', says(body));
    expect(await client().findOrder(APP, 'T-1')).toBeUndefined();
    expect(baidu.count('order')).toBe(1);
  });

  test('takes the mini-program’s App Key for the appKey', async () => {
    baidu.always('order', says(orderBody({ appKey: APP.smartAppKey })));
    expect(await client().findOrder(APP, 'T-1')).toMatchObject({ orderId: ORDER_ID });
  });

  test.each([
    [{ appId: 10027 }, 'is of another appId'],
    [{ appKey: 'MMM4od' }, 'is of another appKey'],
    [{ tpOrderId: 'T-2' }, 'is of another tpOrderId'],
  ])('believes no answer with %j', async (changes, what) => {
    baidu.always('order', says(orderBody(changes)));
    await expect(client().findOrder(APP, 'T-1')).rejects.toMatchObject({
      code: 'BAIDU_BAD_RESPONSE',
      message: `Baidu’s answer ${what}.`,
      passing: false,
    });
    expect(baidu.count('order')).toBe(1);
  });

  test.each([
    [orderBody({ orderId: undefined }), 'holds no orderId'],
    [orderBody({ orderId: '0' }), 'holds no orderId'],
    [orderBody({ status: undefined }), 'holds no status'],
    ['{"errno":0,"data":"paid"}', 'holds no order'],
    ['{"errno":0,"data":[1]}', 'holds no order'],
    ['{"data":{"status":2}}', 'holds no errno'],
    ['{"errno":"none"}', 'holds no errno'],
    ['[]', 'is not JSON'],
  ])('is not answered by %s', async (body, what) => {
    baidu.always('order', says(body));
    await expect(client().findOrder(APP, 'T-1')).rejects.toMatchObject({
      code: 'BAIDU_BAD_RESPONSE',
      message: `Baidu’s answer ${what}.`,
    });
    expect(baidu.count('order')).toBe(2);
  });
});

describe('findRefund()', () => {
  const order = { tpOrderId: 'T-1', userId: USER_ID };

  test.each([
    [[], 'NONE', -1],
    [[1], 'PROCESSING', 1],
    [['2'], 'REFUNDED', 2],
    [[3], 'FAILED', 9],
    [[2, 1, 3], 'PROCESSING', 1],
    [[3, 2], 'REFUNDED', 2],
    [[7, 3], 'FAILED', 9],
    [[7], 'UNKNOWN', 7],
  ])('reads refunds in the states %j as %s', async (states, status, code) => {
    baidu.always('refund', says(refundBody(states)));
    expect(await client().findRefund(APP, order)).toEqual({ status, code, description: '' });
  });

  test.each(['{"errno":0}', '{"errno":0,"data":{}}', '{"errno":0,"data":null}', '{"errno":60021}'])(
    'finds none after %s',
    async (body) => {
      baidu.always('refund', says(body));
      expect(await client().findRefund(APP, order)).toMatchObject({ status: 'NONE', code: -1 });
    },
  );

  test('leaves out those of another order under the same merchant’s id', async () => {
    baidu.always('refund', says(refundBody([1], { orderId: '5' })));
    const find = client().findRefund;
    expect(await find(APP, { ...order, orderId: '6' })).toMatchObject({ status: 'NONE' });
    expect(await find(APP, { ...order, orderId: '5' })).toMatchObject({ status: 'PROCESSING' });
    expect(await find(APP, order)).toMatchObject({ status: 'PROCESSING' });
  });

  test.each(['{"errno":0,"data":[{}]}', '{"errno":0,"data":[null]}', '{"errno":0,"data":{"list":[]}}'])(
    'is not answered by %s',
    async (body) => {
      baidu.always('refund', says(body));
      await expect(client().findRefund(APP, order)).rejects.toMatchObject({ code: 'BAIDU_BAD_RESPONSE' });
    },
  );
});

describe('queryOrder()', () => {
  test('answers with one status, as the first generation does', async () => {
    baidu.always('refund', says(refundBody([2])));
    expect(await both()).toEqual({
      ...{ appId: '10026', orderId: ORDER_ID, siteId: USER_ID, tpOrderId: 'T-1' },
      payment: { status: 'PAID', code: 2, description: '' },
      refund: { status: 'REFUNDED', code: 2, description: '' },
      verification: { status: 'UNKNOWN', code: null, description: '' },
      source: { api: 'findByTpOrderId', timestamp: 1600152400, cached: false, serverLogId: '77' },
      ...{ totalMoney: 9900, payMoney: 9800 },
    });
  });

  test('leaves out amounts that Baidu does not tell', async () => {
    baidu.always('order', says(orderBody({ totalMoney: undefined, payMoney: undefined })));
    const answer = await both();
    expect(answer).not.toHaveProperty('totalMoney');
    expect(answer).not.toHaveProperty('payMoney');
  });

  test.each([[{ orderId: '5' }], [{ siteId: '5' }]])(
    'finds none where the order is not of %j',
    async (ids) => {
      expect(await client().queryOrder(APP, { tpOrderId: 'T-1', ...ids })).toBeUndefined();
      expect(baidu.count('refund')).toBe(0);
    },
  );

  test('finds the one whose ids are given', async () => {
    const ids = { tpOrderId: 'T-1', orderId: ORDER_ID, siteId: USER_ID };
    expect(await client().queryOrder(APP, ids)).toMatchObject(ids);
  });

  test('finds none where Baidu has none', async () => {
    baidu.always('order', service(60021));
    expect(await both()).toBeUndefined();
  });

  test('takes the user who is known where the answer names none', async () => {
    baidu.always('order', says(orderBody({ userId: undefined })));
    const answer = await client().queryOrder(APP, { tpOrderId: 'T-1', siteId: '5' });
    expect(answer).toMatchObject({ siteId: '5' });
    expect(baidu.asked.at(-1)?.params).toMatchObject({ userId: '5' });
    await expect(both()).rejects.toMatchObject({ code: 'BAIDU_BAD_RESPONSE', passing: false });
  });
});

describe('what goes wrong at Baidu', () => {
  const truncated: Behaviour = (request, response) => {
    response.writeHead(200, { 'content-length': 900 });
    response.write('{"errno":0,', () => request.socket.end());
  };
  const passing: [string, Behaviour, string][] = [
    ['hangs', hangs, 'BAIDU_TIMEOUT'],
    ['drips', (_request, response) => response.write('{'), 'BAIDU_TIMEOUT'],
    ['resets', resets, 'BAIDU_UNREACHABLE'],
    ['speaks HTML', says('<html>502</html>'), 'BAIDU_BAD_RESPONSE'],
    ['says nothing', says(''), 'BAIDU_BAD_RESPONSE'],
    ['breaks off', truncated, 'BAIDU_BAD_RESPONSE'],
    ['ends JSON early', says('{"errno":0,"da'), 'BAIDU_BAD_RESPONSE'],
    ['is overloaded', says('{"error_code":110}', 503), 'BAIDU_BAD_RESPONSE'],
    ['refuses for a while', says('{"errno":1}', 429), 'BAIDU_BAD_RESPONSE'],
    ...[500, 1000, 50029, 10003, 5010003].flatMap((code): [string, Behaviour, string][] => [
      [`says error_code ${code}`, gateway(code), 'BAIDU_ERROR'],
      [`says errno ${code}`, service(code), 'BAIDU_ERROR'],
    ]),
  ];
  const final: [string, Behaviour, string][] = [
    ['sends too much', says('x'.repeat(256 * 1024 + 1)), 'BAIDU_BAD_RESPONSE'],
    ['redirects', says('', 302, { location: '/elsewhere' }), 'BAIDU_BAD_RESPONSE'],
    ['knows nothing', says('<html>404</html>', 404), 'BAIDU_BAD_RESPONSE'],
    ['refuses without a word', says('{"data":1}', 400), 'BAIDU_BAD_RESPONSE'],
    ['refuses by RFC 6749', says('{"error":"invalid_client"}', 401), 'BAIDU_ERROR'],
    ...[2002, 6001, 60000, 60008].flatMap((code): [string, Behaviour, string][] => [
      [`says error_code ${code}`, gateway(`"${code}"`), 'BAIDU_ERROR'],
      [`says errno ${code}`, service(code), 'BAIDU_ERROR'],
    ]),
  ];
  // A short limit is for what never answers; anything else may be slow on a busy machine.
  const limited = (code: string) => (code === 'BAIDU_TIMEOUT' ? { attemptTimeoutMs: 200 } : {});

  describe.each(QUESTIONS)('asked for: %s', (question) => {
    test.each(passing)('%s: tried again', async (_name, behaviour, code) => {
      baidu.always(question, behaviour);
      await expect(both(limited(code))).rejects.toMatchObject({ code, passing: true });
      expect(attempts.filter(({ error }) => error)).toHaveLength(2);
    });

    test.each(final)('%s: not tried again', async (_name, behaviour, code) => {
      baidu.always(question, behaviour);
      await expect(both()).rejects.toMatchObject({ code, passing: false });
      expect(baidu.count(question)).toBe(1);
    });
  });

  test('passes where the next attempt is answered', async () => {
    for (const question of QUESTIONS) baidu.play(question, says('', 500));
    expect(await both()).toMatchObject({ payment: { status: 'PAID' } });
    expect(attempts.map(({ error }) => error?.code)).toEqual([
      ...['BAIDU_BAD_RESPONSE', undefined, 'BAIDU_BAD_RESPONSE', undefined],
      ...['BAIDU_BAD_RESPONSE', undefined],
    ]);
  });

  test('is told with Baidu’s code and words, cleaned', async () => {
    baidu.always('order', gateway(6001, 'no\\npermission'));
    await expect(both()).rejects.toMatchObject({ name: 'BAIDU_ERROR', errno: 6001, errmsg: 'no permission' });
    baidu.always('order', says('{"errno":60000,"errmsg":"参数错误"}', 400));
    await expect(both()).rejects.toMatchObject({ errno: 60000, errmsg: '参数错误' });
    baidu.always('token', says('{"error":"invalid_client","error_description":"unknown client id"}', 401));
    await expect(both()).rejects.toMatchObject({ message: 'Baidu gives no access token: invalid_client.' });
    baidu.always('token', says('{"error":"<b>1</b>"}', 401));
    await expect(both()).rejects.toThrow('for a reason that it does not name.');
  });

  test('takes the budget of the caller in all, and the token’s time is part of it', async () => {
    baidu.always('refund', hangs);
    const startedAt = performance.now();
    const asked = client({ maxAttempts: 50 }).queryOrder(APP, { tpOrderId: 'T-1' }, 400);
    await expect(asked).rejects.toMatchObject({ code: 'BAIDU_TIMEOUT' });
    // By itself it would take 7 s.
    expect(performance.now() - startedAt).toBeLessThan(5000);
  });

  test('is unreachable where nothing listens', async () => {
    await baidu.close();
    await expect(both()).rejects.toMatchObject({ code: 'BAIDU_UNREACHABLE' });
    baidu = await startOpenapi();
  });
});

describe('what is confidential', () => {
  /** Says what it was sent, as it was and as it stood in the URL or the form. */
  const echo =
    (answer: (words: string) => Behaviour): Behaviour =>
    (request, response) => {
      const { access_token, client_id, client_secret, pmAppKey, userId } = baidu.asked.at(-1)?.params ?? {};
      const sent = [access_token, client_id, client_secret, pmAppKey, userId].filter((each) => each);
      const wire = sent.map((each) => encodeURIComponent(String(each)));
      answer([...sent, ...wire].join(' '))(request, response);
    };
  const app = { ...APP, smartAppKey: 'kkkk+kkkk', smartAppSecret: 'ssss/ssss' };
  const secrets = ['ttttt', 'kkkk', 'ssss', APP.appKey, USER_ID];

  test.each(QUESTIONS)(
    'stands in no error and in no attempt, where Baidu repeats it: %s',
    async (question) => {
      baidu.always('token', says(tokenBody('ttttt.ttttt=')));
      const answers = [
        (words: string) => gateway(6001, words),
        (words: string) => service(10001, words),
        (words: string) => says(`{"error":"${words}"}`, 400),
        (words: string) => says(`${words} is no JSON`),
        (words: string): Behaviour =>
          (request) =>
            request.socket.end(`${words}\r\n\r\n`),
      ];
      for (const answer of answers) {
        baidu.always(question, echo(answer));
        const error: unknown = await client()
          .queryOrder(app, { tpOrderId: 'T-1' })
          .catch((thrown: unknown) => thrown);
        expect(error).toMatchObject({ code: expect.stringMatching(/^BAIDU_(ERROR|BAD_RESPONSE)$/) });
        const told = inspect([error, attempts], { depth: 20, showHidden: true });
        for (const secret of secrets) expect(told).not.toContain(secret);
      }
    },
  );
});

describe('the access token', () => {
  test('serves until shortly before it expires, by a clock that may be set', async () => {
    let now = 1_000_000;
    const { findOrder } = client({ now: () => now });
    baidu.play('token', says(tokenBody('short', { expires_in: 100 })));
    await findOrder(APP, 'T-1');
    now += 89_999;
    await findOrder(APP, 'T-1');
    expect(baidu.count('token')).toBe(1);
    now += 1;
    await findOrder(APP, 'T-1');
    expect(baidu.count('token')).toBe(2);
    now += 1000 * (2_592_000 - 300) - 1;
    await findOrder(APP, 'T-1');
    expect(baidu.count('token')).toBe(2);
    now += 1;
    await findOrder(APP, 'T-1');
    expect(baidu.asked.at(-1)?.params['access_token']).toBe('token-2');
  });

  test.each([
    [undefined, 600],
    [null, 600],
    ['soon', 600],
    [0, 600],
    [-5, 600],
    [1.5, 600],
    ['100', 100],
    [9_007_199_254_740_991, 2_592_000],
  ])('that expires in %s is kept as one of %i s', async (expires, seconds) => {
    let now = 0;
    const { findOrder } = client({ now: () => now });
    baidu.always('token', says(tokenBody('t', { expires_in: expires })));
    await findOrder(APP, 'T-1');
    const kept = 1000 * (seconds - Math.min(seconds / 10, 300));
    now = kept - 1;
    await findOrder(APP, 'T-1');
    expect(baidu.count('token')).toBe(1);
    now = kept;
    await findOrder(APP, 'T-1');
    expect(baidu.count('token')).toBe(2);
  });

  test.each([undefined, '', 5, 'with blank', 'x'.repeat(1025)])('is no token: %s', async (token) => {
    baidu.always('token', says(JSON.stringify({ access_token: token, expires_in: 5 })));
    await expect(both()).rejects.toMatchObject({ message: 'Baidu’s answer holds no access_token.' });
    expect(baidu.count('order')).toBe(0);
  });

  test.each<[string, (code: number) => Behaviour]>([
    ['error_code', (code) => gateway(code)],
    ['errno', (code) => service(code)],
    ['error_code with 401', (code) => says(`{"error_code":${code}}`, 401)],
  ])('that is refused by an %s is exchanged once, whichever question met it', async (_name, refusal) => {
    const { queryOrder } = client();
    baidu.play('order', refusal(111));
    baidu.play('refund', refusal(110));
    expect(await queryOrder(APP, { tpOrderId: 'T-1' })).toMatchObject({ orderId: ORDER_ID });
    const tokens = baidu.asked.map(({ question, params }) => [question, params['access_token']]);
    expect(tokens.filter(([question]) => question !== 'token')).toEqual([
      ['order', 'token-1'],
      ['order', 'token-2'],
      ['refund', 'token-2'],
      ['refund', 'token-3'],
    ]);
    baidu.always('order', refusal(111));
    await expect(queryOrder(APP, { tpOrderId: 'T-1' })).rejects.toMatchObject({ errno: 111 });
    expect(baidu.count('token')).toBe(4);
  });

  test('is exchanged once for twenty questions at the same time, cold and expired', async () => {
    const { findOrder } = client();
    const twenty = () => Promise.all(Array.from({ length: 20 }, () => findOrder(APP, 'T-1')));
    for (const found of await twenty()) expect(found).toMatchObject({ orderId: ORDER_ID });
    expect(baidu.count('token')).toBe(1);
    baidu.always('order', (request, response) => {
      const stale = request.url?.includes('token-1');
      (stale ? gateway(111) : says(orderBody()))(request, response);
    });
    for (const found of await twenty()) expect(found).toMatchObject({ orderId: ORDER_ID });
    expect(baidu.count('token')).toBe(2);
  });

  test('is waited for by each for its own time', async () => {
    baidu.always('token', hangs);
    const { findOrder } = client({ maxAttempts: 1, attemptTimeoutMs: 1200 });
    const given: unknown[] = [];
    const ask = (budgetMs?: number) =>
      findOrder(APP, 'T-1', budgetMs).catch((error: unknown) => given.push([budgetMs, error]));
    await Promise.all([ask(), ask(100)]);
    const late = expect.objectContaining({ code: 'BAIDU_TIMEOUT', passing: true });
    expect(given).toEqual([
      [100, late],
      [undefined, late],
    ]);
    expect(baidu.count('token')).toBe(1);
  });

  test('is not remembered as a failure', async () => {
    const { findOrder } = client({ maxAttempts: 1 });
    baidu.play('token', says('', 500));
    await expect(findOrder(APP, 'T-1')).rejects.toMatchObject({ code: 'BAIDU_BAD_RESPONSE' });
    expect(await findOrder(APP, 'T-1')).toMatchObject({ orderId: ORDER_ID });
  });

  test('is each app’s own, and a new one where its secret was exchanged', async () => {
    const { findOrder } = client();
    for (const app of [APP, { ...APP, smartAppKey: 'other' }, APP, { ...APP, smartAppSecret: 'next' }]) {
      await findOrder(app, 'T-1');
    }
    const tokens = baidu.asked.flatMap(({ question, params }) =>
      question === 'order' ? params['access_token'] : [],
    );
    expect(tokens).toEqual(['token-1', 'token-2', 'token-1', 'token-3']);
  });
});
