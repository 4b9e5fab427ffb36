import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { verify } from '../../local/cashier/signature/signature.ts';
import { queryEvent } from '../../local/stack/events.ts';
import {
  type LocalSecretsManager,
  type SecretsFault,
  startSecretsManager,
} from '../../local/stack/secrets-manager.ts';
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
  takesSignaturesOf,
} from '../support/baidu.ts';
import { BUILD, captureLog, coldStart, contextOf } from '../support/cold-start.ts';
import { inTime } from '../support/in-time.ts';

const TOKEN = 'a-token-of-the-mini-programs-backend';
const NEXT_TOKEN = 'the-token-that-will-take-its-place!!';
const ORDER = { orderId: '1920891312', siteId: '3747777038' };
const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
const secret = {
  appId: 10026,
  appKey: 'MMM4oc',
  privateKey: pem(privateKey),
  apiTokens: [TOKEN, NEXT_TOKEN],
};

let baidu: ScriptedBaidu;
let secretsManager: LocalSecretsManager;
let env: Record<string, string>;

beforeEach(async () => {
  [baidu, secretsManager] = await Promise.all([startBaidu(), startSecretsManager()]);
  secretsManager.put('secret', JSON.stringify(secret));
  env = {
    BAIDU_SECRET_ID: 'secret',
    BAIDU_QUERY_URL: baidu.url,
    BAIDU_ATTEMPT_TIMEOUT_MS: '300',
    AWS_ENDPOINT_URL_SECRETS_MANAGER: secretsManager.url,
    LOG_LEVEL: 'SILENT',
  };
});

afterEach(async () => {
  vi.restoreAllMocks();
  await Promise.all([baidu.close(), secretsManager.close()]);
});

const authorized = (request: Parameters<typeof queryEvent>[0] = {}) =>
  queryEvent({ ...request, headers: { authorization: `Bearer ${TOKEN}`, ...request.headers } });

function pem(key: KeyObject): string {
  return key.export({ format: 'pem', type: 'pkcs1' }).toString();
}

interface Answer {
  status: number;
  headers: Record<string, string>;
  body: Record<string, unknown>;
}

function parsed(result: unknown): Answer {
  const { statusCode, headers, body } = result as {
    statusCode: number;
    headers: Record<string, string>;
    body: string;
  };
  return { status: statusCode, headers, body: JSON.parse(body) };
}

describe(`query (${BUILD})`, () => {
  const start = (more: Record<string, string> = {}) => coldStart('query', { ...env, ...more });

  async function ask(event: unknown = authorized(), more: Record<string, string> = {}): Promise<Answer> {
    return parsed(await (await start(more))(event, contextOf()));
  }

  function expectProblem({ status, headers, body }: Answer, expected: Record<string, unknown>): void {
    expect(headers['content-type']).toBe('application/problem+json');
    expect(status).toBe(expected['status']);
    expect(body).toMatchObject({ type: 'about:blank', requestId: 'request-1', ...expected });
    expect(body['title']).toEqual(expect.any(String));
    expect(body['detail']).toEqual(expect.any(String));
  }

  test('answers with the three statuses', async () => {
    const { status, headers, body } = await ask();
    expect(status).toBe(200);
    expect(headers).toEqual({ 'content-type': 'application/json', 'cache-control': 'no-store' });
    expect(body).toEqual({
      ...{ appId: '10026', ...ORDER },
      payment: { status: 'PAID', code: 1, description: '支付成功' },
      refund: { status: 'NONE', code: -1, description: '未退费' },
      verification: { status: 'NOT_VERIFIED', code: -1, description: '无核销数据' },
      source: { api: 'queryorderdetail', timestamp: 1482735200, cached: false, serverLogId: '3200820823' },
    });
  });

  test('signs what it sends, each parameter once', async () => {
    await ask();
    const [request = ''] = baidu.requests;
    const sent = [...new URLSearchParams(request.split('?')[1])];
    expect(sent.map(([name]) => name).sort()).toEqual(['appId', 'appKey', 'orderId', 'sign', 'siteId']);
    const params = Object.fromEntries(sent);
    expect(params).toMatchObject({ appId: '10026', appKey: 'MMM4oc', ...ORDER });
    expect(verify(params, params['sign'] ?? '', publicKey)).toBe(true);
    expect(request).not.toMatch(/[+]|sign=[^&]*[/=]/);
  });

  test('takes numbers as strings, and statuses not known', async () => {
    const payStatus = { statusNum: '7', statusDesc: '审核中' };
    const verification = { statusNum: '1', statusDesc: '已核销' };
    const refundStatus = { statusNum: 9, statusDesc: '退费失败' };
    baidu.play(
      says(
        answerBody({
          errno: '0',
          data: { data: { payStatus, refundStatus, verification } },
          timestamp: '1482735201',
          cached: '1',
          serverlogid: 9007199254740993n.toString(),
        }),
      ),
    );
    const { body } = await ask();
    expect(body).toEqual({
      ...{ appId: '10026', ...ORDER },
      payment: { status: 'UNKNOWN', code: 7, description: '审核中' },
      refund: { status: 'FAILED', code: 9, description: '退费失败' },
      verification: { status: 'VERIFIED', code: 1, description: '已核销' },
      source: {
        api: 'queryorderdetail',
        timestamp: 1482735201,
        cached: true,
        serverLogId: '9007199254740993',
      },
    });
  });

  test.each([
    [-1, 'UNPAID'],
    [1, 'PAID'],
    [0, 'UNKNOWN'],
  ])('names payStatus %i %s', async (code, name) => {
    const data = JSON.parse(answerBody()).data.data;
    baidu.play(says(answerBody({ data: { data: { ...data, payStatus: { statusNum: code } } } })));
    expect((await ask()).body['payment']).toEqual({ status: name, code, description: '' });
  });

  test.each([
    [1, 'PROCESSING'],
    [2, 'REFUNDED'],
    [3, 'UNKNOWN'],
  ])('names refundStatus %i %s', async (code, name) => {
    const data = JSON.parse(answerBody()).data.data;
    baidu.play(says(answerBody({ data: { data: { ...data, refundStatus: { statusNum: code } } } })));
    expect((await ask()).body['refund']).toEqual({ status: name, code, description: '' });
  });

  test.each(['1', '9007199254740993', '9223372036854775807'])('carries the ids %s unchanged', async (id) => {
    const { status, body } = await ask(authorized({ orderId: id, siteId: id }));
    expect(status).toBe(200);
    expect(body).toMatchObject({ orderId: id, siteId: id });
    expect(baidu.requests[0]).toContain(`orderId=${id}&siteId=${id}&`);
  });

  const BAD_IDS = [
    ['0', 'zero'],
    ['9223372036854775808', 'over the limit'],
    ['99999999999999999999', 'twenty digits'],
    ['-1', 'a minus sign'],
    ['+1', 'a plus sign'],
    ['01', 'a leading zero'],
    ['', 'nothing'],
    [' 1', 'a blank before'],
    ['1 ', 'a blank behind'],
    ['1\n', 'a new line behind'],
    ['１２３', 'full-width digits'],
    ['١٢٣', 'Arabic digits'],
    ['1.0', 'a decimal'],
    ['1e3', 'an exponent'],
    ['0x10', 'hexadecimal'],
    ['1&appKey=x', 'another parameter'],
    ['1,2', 'a list'],
    ['1\u0000', 'a NUL'],
    ['null', 'a word'],
  ] as const;

  test.each(BAD_IDS)('refuses the id %j (%s), as either id', async (id) => {
    for (const request of [{ orderId: id }, { siteId: id }]) {
      const answer = await ask(authorized(request));
      expectProblem(answer, { status: 400, code: 'INVALID_REQUEST', title: 'Bad Request' });
      expect(answer.body['detail']).toContain(Object.keys(request)[0]);
    }
    expect(baidu.requests).toEqual([]);
  });

  test.each([
    ['siteId=1&siteId=2', 'siteId must be given once.'],
    ['siteId=1&siteId=1', 'siteId must be given once.'],
    ['siteid=1', 'siteId is missing.'],
    ['', 'siteId is missing.'],
    ['siteId', 'siteId is missing.'],
    ['siteId=%E0%A4', 'siteId must be a decimal integer'],
  ])('refuses the query string %j', async (rawQueryString, detail) => {
    const answer = await ask(authorized({ rawQueryString }));
    expectProblem(answer, { status: 400, code: 'INVALID_REQUEST' });
    expect(answer.body['detail']).toContain(detail);
    expect(baidu.requests).toEqual([]);
  });

  test('takes either of two tokens, its header in any case', async () => {
    for (const headers of [{ Authorization: `bearer ${TOKEN}` }, { AUTHORIZATION: `BEARER ${NEXT_TOKEN}` }]) {
      expect((await ask(queryEvent({ headers }))).status).toBe(200);
    }
  });

  test.each<[string, Record<string, string>]>([
    ['no header', {}],
    ['another scheme', { authorization: `Basic ${TOKEN}` }],
    ['the bare token', { authorization: TOKEN }],
    ['no token', { authorization: 'Bearer ' }],
    ['a wrong one', { authorization: `Bearer ${TOKEN}x` }],
    ['a short one', { authorization: 'Bearer a' }],
    ['a prefix', { authorization: `Bearer ${TOKEN.slice(0, -1)}` }],
    ['a long one', { authorization: `Bearer ${'a'.repeat(100_000)}` }],
    ['both in one', { authorization: `Bearer ${TOKEN},${NEXT_TOKEN}` }],
    ['two headers', { authorization: `Bearer ${TOKEN}`, Authorization: 'Bearer x' }],
    ['the member of a prototype', { authorization: 'Bearer __proto__' }],
  ])('refuses who has no token: %s', async (_name, headers) => {
    const answer = await ask(queryEvent({ headers }));
    expectProblem(answer, { status: 401, code: 'UNAUTHORIZED' });
    expect(answer.headers['www-authenticate']).toBe('Bearer');
    expect(baidu.requests).toEqual([]);
  });

  test.each([930, 970, 10000, 10001, 10002, 4010002, 5010001, 99999999])(
    'asks once where errno %i is final',
    async (errno) => {
      baidu.always(says(answerBody({ errno, errmsg: '签名错误', data: [] })));
      const answer = await ask();
      expectProblem(answer, { status: 502, code: 'BAIDU_ERROR', errno, errmsg: '签名错误' });
      expect(baidu.requests).toHaveLength(1);
    },
  );

  test('fails no query while the merchant’s key is exchanged, whenever Baidu takes the new one over', async () => {
    const old = generateKeyPairSync('rsa', { modulusLength: 1024 });
    secretsManager.put('secret', JSON.stringify({ ...secret, privateKey: pem(old.privateKey) }));
    const handler = await start({ SECRET_TTL_SECONDS: '0' });
    const steps: [KeyObject, KeyObject | undefined, number][] = [
      [old.privateKey, undefined, 1],
      [old.privateKey, privateKey, 2],
      [old.privateKey, undefined, 2],
      [privateKey, undefined, 1],
    ];
    for (const [atBaidu, stored, queries] of steps) {
      if (stored) secretsManager.put('secret', JSON.stringify({ ...secret, privateKey: pem(stored) }));
      baidu.always(takesSignaturesOf(createPublicKey(atBaidu)));
      baidu.requests.length = 0;
      expect(parsed(await handler(authorized(), contextOf())).status).toBe(200);
      expect(baidu.requests).toHaveLength(queries);
    }
  });

  test.each<[string, number, () => void]>([
    ['the secret before has the same key', 1, () => secretsManager.put('secret', JSON.stringify(secret))],
    ['there was no secret before', 1, () => undefined],
    [
      'the secret before is not fit',
      1,
      () => {
        secretsManager.put('secret', '{}');
        secretsManager.put('secret', JSON.stringify(secret));
      },
    ],
    [
      'the key before is refused as well',
      2,
      () => {
        const other = generateKeyPairSync('rsa', { modulusLength: 1024 });
        secretsManager.put('secret', JSON.stringify({ ...secret, privateKey: pem(other.privateKey) }));
      },
    ],
  ])('passes on that Baidu refuses the signature where %s', async (_name, queries, prepare) => {
    prepare();
    baidu.always(says(answerBody({ errno: 10000, errmsg: '签名错误', data: null })));
    const handler = await start();
    for (let count = 1; count <= 2; count++) {
      const answer = parsed(await handler(authorized(), contextOf()));
      expectProblem(answer, { status: 502, code: 'BAIDU_ERROR', errno: 10000, errmsg: '签名错误' });
      expect(baidu.requests).toHaveLength(count * queries);
    }
  });

  test.each<SecretsFault>([{ hang: true }, { error: 'ThrottlingException' }])(
    'passes it on in time where Secrets Manager, asked for the key before, does this: %j',
    async (fault) => {
      baidu.always((...exchange) => {
        secretsManager.fail(fault);
        says(answerBody({ errno: 10000 }))(...exchange);
      });
      const answer = parsed(await inTime(8000, (await start())(authorized(), contextOf())));
      expectProblem(answer, { status: 502, code: 'BAIDU_ERROR', errno: 10000 });
    },
  );

  test.each([10003, 4010001, 4010003, 4010007, 5010002, 5010003, 5010004, 6010008, 7010001])(
    'asks again where errno %i may pass',
    async (errno) => {
      baidu.play(
        says(answerBody({ errno, data: null })),
        says(answerBody({ errno: String(errno), data: {} })),
      );
      expect((await ask()).status).toBe(200);
      expect(baidu.requests).toHaveLength(3);

      baidu.always(says(answerBody({ errno, errmsg: undefined, msg: '系统繁忙' })));
      expectProblem(await ask(), { status: 502, code: 'BAIDU_ERROR', errno, errmsg: '系统繁忙' });
      expect(baidu.requests).toHaveLength(6);
    },
  );

  test('passes on no signature, key or user that Baidu’s error message repeats', async () => {
    baidu.always((request, response) => {
      const params = new URLSearchParams(request.url?.split('?')[1]);
      const errmsg = `bad ${request.url} of ${params.get('siteId')}: ${params.get('sign')}\u0000${'x'.repeat(500)}`;
      says(answerBody({ errno: 10000, errmsg }))(request, response);
    });
    const { body } = await ask();
    const sign = new URLSearchParams(baidu.requests[0]?.split('?')[1]).get('sign') ?? '';
    const shown = JSON.stringify(body);
    for (const secretText of [sign, encodeURIComponent(sign), 'MMM4oc', ORDER.siteId]) {
      expect(shown).not.toContain(secretText);
    }
    expect(String(body['errmsg']).length).toBeLessThanOrEqual(200);
  });

  const PASSING: [string, Behaviour, number, string][] = [
    ['status 500', says('', 500), 502, 'BAIDU_BAD_RESPONSE'],
    ['status 503 with a good body', says(answerBody(), 503), 502, 'BAIDU_BAD_RESPONSE'],
    ['status 429', says('', 429), 502, 'BAIDU_BAD_RESPONSE'],
    ['a reset', resets, 502, 'BAIDU_UNREACHABLE'],
    ['an empty body', says(''), 502, 'BAIDU_BAD_RESPONSE'],
    ['HTML', says('<html>登录</html>'), 502, 'BAIDU_BAD_RESPONSE'],
    ['JSON cut short', says(answerBody().slice(0, -5)), 502, 'BAIDU_BAD_RESPONSE'],
    ['an answer that breaks off', breaksOff, 502, 'BAIDU_BAD_RESPONSE'],
    ['no HTTP', (request) => request.socket.end('SSH-2.0-OpenSSH_9.2\r\n\r\n'), 502, 'BAIDU_BAD_RESPONSE'],
    ['a list', says('[]'), 502, 'BAIDU_BAD_RESPONSE'],
    ['null', says('null'), 502, 'BAIDU_BAD_RESPONSE'],
    ['no errno', says('{"data":{}}'), 502, 'BAIDU_BAD_RESPONSE'],
    ['an errno that is no number', says(answerBody({ errno: 'x' })), 502, 'BAIDU_BAD_RESPONSE'],
    ['data null', says(answerBody({ data: null })), 502, 'BAIDU_BAD_RESPONSE'],
    ['data []', says(answerBody({ data: [] })), 502, 'BAIDU_BAD_RESPONSE'],
    ['data without statuses', says(answerBody({ data: { data: {} } })), 502, 'BAIDU_BAD_RESPONSE'],
    ['silence', hangs, 504, 'BAIDU_TIMEOUT'],
    ['a byte now and then', drips, 504, 'BAIDU_TIMEOUT'],
  ];

  test.each(PASSING)('tries again after %s', async (_name, behaviour) => {
    baidu.play(behaviour, behaviour);
    expect((await ask()).status).toBe(200);
    expect(baidu.requests).toHaveLength(3);
  });

  test.each(PASSING)('gives up after three times %s', async (_name, behaviour, status, code) => {
    baidu.always(behaviour);
    expectProblem(await ask(), { status, code });
    expect(baidu.requests.length === 3 || code === 'BAIDU_UNREACHABLE').toBe(true);
  });

  test.each<[string, Behaviour]>([
    ['a redirect', says('', 302, { location: '/elsewhere' })],
    ['status 404', says(answerBody(), 404)],
    ['status 100 KB over the limit', says(answerBody({ padding: 'x'.repeat(356 * 1024) }))],
    ['a body without end', endless],
  ])('asks once after %s', async (_name, behaviour) => {
    baidu.always(behaviour);
    expectProblem(await ask(), { status: 502, code: 'BAIDU_BAD_RESPONSE' });
    expect(baidu.requests).toHaveLength(1);
  });

  test('says that Baidu cannot be reached', async () => {
    const answer = await ask(authorized(), { BAIDU_QUERY_URL: 'http://127.0.0.1:9/x' });
    expectProblem(answer, { status: 502, code: 'BAIDU_UNREACHABLE' });
  });

  test('ends in less than 8 s whatever is set', async () => {
    baidu.always(hangs);
    const handler = await start({ BAIDU_ATTEMPT_TIMEOUT_MS: '3000', BAIDU_MAX_ATTEMPTS: '10' });
    const answer = parsed(await inTime(8000, handler(authorized(), contextOf())));
    expectProblem(answer, { status: 504, code: 'BAIDU_TIMEOUT' });
  });

  test('keeps its connection, and asks again when the peer has closed it', async () => {
    const handler = await start();
    for (let count = 0; count < 3; count++) await handler(authorized(), contextOf());
    expect(baidu.connections()).toBe(1);
    baidu.play(resets);
    expect(parsed(await handler(authorized(), contextOf())).status).toBe(200);
    expect(baidu.requests).toHaveLength(5);
    expect(baidu.connections()).toBe(2);
  });

  test('answers a direct invocation with the object itself', async () => {
    const handler = await start();
    expect(await handler(ORDER, contextOf())).toMatchObject({ ...ORDER, payment: { status: 'PAID' } });
  });

  test.each([
    [{ orderId: '1' }, 'INVALID_REQUEST'],
    [{ orderId: 1920891312, siteId: '1' }, 'INVALID_REQUEST'],
    [{}, 'INVALID_REQUEST'],
    [null, 'INVALID_REQUEST'],
    ['text', 'INVALID_REQUEST'],
    [[], 'INVALID_REQUEST'],
    [{ selfTest: 'true' }, 'INVALID_REQUEST'],
  ])('fails the direct invocation %j with its code as name', async (event, name) => {
    const handler = await start();
    const error = await handler(event, contextOf()).then(
      () => undefined,
      (thrown: Error) => thrown,
    );
    expect(error?.name).toBe(name);
    expect(error?.stack).toBe(`${name}: ${error?.message}`);
    expect(Object.keys(error ?? {})).toEqual(['name']);
    expect(baidu.requests).toEqual([]);
  });

  test('fails a direct invocation with Baidu’s code', async () => {
    baidu.always(says(answerBody({ errno: 10002 })));
    const handler = await start();
    await expect(handler(ORDER, contextOf())).rejects.toMatchObject({
      name: 'BAIDU_ERROR',
      message: 'Baidu answered with errno 10002.',
    });
  });

  test('tests itself without calling Baidu', async () => {
    const handler = await start();
    expect(await handler({ selfTest: true }, contextOf())).toEqual({
      ok: true,
      keyBits: 1024,
      publicKey: createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).toString('base64'),
      appId: '10026',
      appKey: 'MMM4oc',
      rsaSha1: 'node',
    });
    expect(baidu.requests).toEqual([]);
  });

  test('takes no event of a gateway for a direct invocation', async () => {
    const answer = await ask({ ...queryEvent(), ...ORDER, selfTest: true });
    expectProblem(answer, { status: 401, code: 'UNAUTHORIZED' });
  });

  test.each<[string, () => void]>([
    ['throttles', () => secretsManager.fail({ error: 'ThrottlingException' })],
    ['denies', () => secretsManager.fail({ error: 'AccessDeniedException' })],
    ['has no such secret', () => secretsManager.fail({ error: 'ResourceNotFoundException' })],
    ['fails', () => secretsManager.fail({ error: 'InternalServiceError' })],
    ['hangs', () => secretsManager.fail({ hang: true })],
    ['hands out nonsense', () => secretsManager.put('secret', 'nonsense')],
    ['hands out half of it', () => secretsManager.put('secret', JSON.stringify({ ...secret, appKey: '' }))],
  ])(
    'answers 503 while Secrets Manager %s at cold start, and works once it does not',
    async (_name, breakIt) => {
      breakIt();
      const handler = await start();
      const answer = parsed(await inTime(8000, handler(authorized(), contextOf())));
      expectProblem(answer, { status: 503, code: 'CONFIGURATION_UNAVAILABLE' });
      expect(baidu.requests).toEqual([]);

      secretsManager.fail(undefined);
      secretsManager.put('secret', JSON.stringify(secret));
      expect(parsed(await handler(authorized(), contextOf())).status).toBe(200);
    },
  );

  test.each([
    ['BAIDU_SECRET_ID', ''],
    ['BAIDU_QUERY_URL', 'http://dianshang.baidu.com/x'],
    ['BAIDU_QUERY_URL', 'https://dianshang.baidu.com/x?y=1'],
    ['BAIDU_QUERY_URL', 'https://dianshang.baidu.com/x?'],
    ['BAIDU_QUERY_URL', 'https://dianshang.baidu.com/x#'],
    ['BAIDU_QUERY_URL', 'ftp://127.0.0.1/x'],
    ['BAIDU_QUERY_URL', 'nonsense'],
    ['BAIDU_ATTEMPT_TIMEOUT_MS', '1.5'],
    ['BAIDU_MAX_ATTEMPTS', '0'],
    ['SECRET_TTL_SECONDS', '-1'],
  ])('names the variable that is wrong: %s=%s', async (name, value) => {
    const answer = await ask(authorized(), { [name]: value });
    expectProblem(answer, { status: 503, code: 'CONFIGURATION_UNAVAILABLE' });
    expect(answer.body['detail']).toContain(`The environment variable ${name} `);
  });

  test('logs one line an outcome, with the codes and without the user', async () => {
    const lines = captureLog();
    const handler = await start({ LOG_LEVEL: 'INFO' });
    await handler(authorized(), contextOf());
    baidu.play(says(answerBody({ errno: 10002 })));
    const headers = { authorization: `Bearer ${NEXT_TOKEN}` };
    await handler(queryEvent({ headers }), contextOf({ requestId: 'request-2' }));
    vi.restoreAllMocks();
    expect(lines.filter(({ message }) => message === 'answered' || message === 'failed')).toEqual([
      expect.objectContaining({
        ...{ level: 'INFO', requestId: 'request-1', orderId: ORDER.orderId, tokenNumber: 1 },
      }),
      expect.objectContaining({
        ...{ level: 'ERROR', requestId: 'request-2', code: 'BAIDU_ERROR', errno: 10002, tokenNumber: 2 },
      }),
    ]);
    const text = JSON.stringify(lines);
    for (const hidden of [TOKEN, ORDER.siteId, 'MMM4oc', 'sign=']) expect(text).not.toContain(hidden);
  });
});

function endless(...[, response]: Parameters<Behaviour>): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  const chunk = Buffer.alloc(64 * 1024, 'x');
  const more = () => {
    while (!response.destroyed && response.write(chunk));
  };
  response.on('drain', more);
  more();
}
