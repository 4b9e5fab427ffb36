import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { canonicalText, sign } from '../../local/cashier/signature/signature.ts';
import { type LocalAws, startAws } from '../../local/stack/aws.ts';
import { notifyEvent } from '../../local/stack/events.ts';
import { type LocalSecretsManager, startSecretsManager } from '../../local/stack/secrets-manager.ts';
import { BUILD, coldStart, contextOf } from '../support/cold-start.ts';
import { everyCutOf } from '../support/cuts.ts';
import { inTime } from '../support/in-time.ts';
import { writeDown } from '../support/ledger.ts';
import { formOf, PAID, signed, signedForm } from '../support/notification.ts';
import { type OutageProxy, startProxy } from '../support/outage-proxy.ts';
import { drain } from '../support/queue.ts';

type Fields = Readonly<Record<string, string>>;

/** Baidu's patience, the network left aside. */
const LIMIT_MS = 2000;
const PATHS = ['/baidu/payment-notify', '/baidu/refund-notify', '/baidu/refund-audit'];

const platform = generateKeyPairSync('rsa', { modulusLength: 1024 });
const stranger = generateKeyPairSync('rsa', { modulusLength: 1024 });

const ORDER = { orderId: PAID['orderId'] ?? '', userId: PAID['userId'] ?? '', tpOrderId: '3028903626' };
const REFUNDED: Fields = { ...ORDER, refundBatchId: '152713835', refundStatus: '1' };
const ASKED: Fields = { ...ORDER, refundBatchId: '152713835', applyRefundMoney: '9800' };
const audited = (auditStatus: number, refundPayMoney: number) => ({
  auditStatus,
  calculateRes: { refundPayMoney },
});

const KINDS = [
  {
    ...{ kind: 'refund notification', path: '/baidu/refund-notify', genuine: REFUNDED, data: {} },
    ...{ member: 'refundNotification', needed: ['orderId', 'refundBatchId', 'refundStatus'] },
  },
  {
    ...{ kind: 'refund audit', path: '/baidu/refund-audit', genuine: ASKED, data: audited(3, 9800) },
    ...{ member: 'refundAudit', needed: ['orderId', 'userId', 'refundBatchId'] },
  },
] as const;

let aws: LocalAws;
let secretsManager: LocalSecretsManager;
let proxies: { sqs: OutageProxy; table: OutageProxy };
let env: Record<string, string>;

beforeAll(async () => {
  [aws, secretsManager] = await Promise.all([startAws(), startSecretsManager()]);
  const [sqs, table] = await Promise.all([
    startProxy(aws.environment['AWS_ENDPOINT_URL_SQS'] ?? ''),
    startProxy(aws.environment['AWS_ENDPOINT_URL_DYNAMODB'] ?? ''),
  ]);
  proxies = { sqs, table };
  env = {
    ...aws.environment,
    AWS_ENDPOINT_URL_SQS: sqs.url,
    AWS_ENDPOINT_URL_DYNAMODB: table.url,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: secretsManager.url,
    BAIDU_SECRET_ID: 'secret',
    PAYMENT_QUEUE_URL: sqs.url + new URL(aws.paymentQueueUrl).pathname,
    LEDGER_TABLE: aws.ledgerTable,
    LOG_LEVEL: 'SILENT',
  };
});

beforeEach(() => {
  const platformPublicKey = platform.publicKey.export({ format: 'pem', type: 'spki' });
  secretsManager.put('secret', JSON.stringify({ appId: 10026, platformPublicKey, dealId: PAID['dealId'] }));
  secretsManager.fail(undefined);
  for (const proxy of Object.values(proxies)) proxy.weather('fair');
});
afterEach(() => drain(aws.sqs, aws.paymentQueueUrl));
afterAll(() => Promise.all([aws, secretsManager, ...Object.values(proxies)].map((part) => part.close())));

const queued = () => drain(aws.sqs, aws.paymentQueueUrl);
const start = (more: Record<string, string> = {}) => coldStart('notify', { ...env, ...more });
const own = (fields: Fields) => signedForm(fields, platform.privateKey);
const without = (fields: Fields, ...names: string[]): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => !names.includes(name)));

interface Answer {
  status: number;
  body: { errno: number; msg: string; data?: unknown };
}

/** One answer, JSON, and within Baidu's patience. */
async function call(handler: Awaited<ReturnType<typeof start>>, event: unknown): Promise<Answer> {
  const answered = inTime(LIMIT_MS, handler(event, contextOf()));
  const { statusCode, headers, body } = (await answered) as {
    statusCode: number;
    headers: Record<string, string>;
    body: string;
  };
  expect(headers['content-type']).toBe('application/json');
  return { status: statusCode, body: JSON.parse(body) };
}

function expectRefused({ status, body }: Answer, expected: number, message: string): void {
  expect({ status, errno: body.errno }).toEqual({ status: expected, errno: expected });
  expect(body.data).toBeUndefined();
  expect(body.msg).toContain(message);
}

describe.each(KINDS)(`a $kind (${BUILD})`, ({ path, genuine, data, member, needed }) => {
  const post = async (form: string, more: Record<string, string> = {}) =>
    call(await start(more), notifyEvent(form, { path }));
  const success = { status: 200, body: { errno: 0, msg: 'success', data } };

  test.each<[string, (form: string) => Record<string, unknown>]>([
    ['as base64', (form) => notifyEvent(form, { path })],
    ['as plain text', (form) => notifyEvent(form, { path, isBase64Encoded: false })],
    [
      'in the query string',
      (form) => ({ ...notifyEvent('', { path }), body: undefined, rawQueryString: form }),
    ],
    ['in another order', (form) => notifyEvent(form.split('&').reverse().join('&'), { path })],
    ['with blanks for +', (form) => notifyEvent(form.replaceAll('%2B', '+'), { path })],
  ])('is taken %s, and stored as it was', async (_name, eventOf) => {
    expect(await call(await start(), eventOf(own(genuine)))).toEqual(success);
    const [stored, ...others] = await queued();
    expect(stored).toMatchObject({
      ...{ appId: '10026', orderId: ORDER.orderId, siteId: ORDER.userId },
      [member]: signed(genuine, platform.privateKey),
    });
    expect(others).toEqual([]);
  });

  test('is answered in the same way for every repetition, and stored each time', async () => {
    const handler = await start();
    const event = notifyEvent(own(genuine), { path });
    const answers = await Promise.all(Array.from({ length: 20 }, () => call(handler, event)));
    for (const answer of answers) expect(answer).toEqual(success);
    // A busy machine may send one twice: the queue did not answer in time.
    expect((await queued()).length).toBeGreaterThanOrEqual(20);
  });

  test('may hold fields that Baidu adds, if they are signed', async () => {
    expect(await post(own({ ...genuine, newField: '新=', zzz: '' }))).toEqual(success);
    const [stored] = await queued();
    expect(stored?.[member]).toMatchObject({ newField: '新=', zzz: '' });
  });

  test('may lack what is not needed, and nothing else', async () => {
    const handler = await start();
    for (const name of Object.keys(genuine)) {
      const answer = await call(handler, notifyEvent(own(without(genuine, name)), { path }));
      if ((needed as readonly string[]).includes(name)) {
        expect(answer.status).toBe(400);
        expect(answer.body.msg).toMatch(/^INVALID_NOTIFICATION: /);
      } else expect(answer.status).toBe(200);
    }
    expect(await queued()).toHaveLength(Object.keys(genuine).length - needed.length);
  });

  test('is refused with any one field changed, dropped, added or doubled', async () => {
    const handler = await start();
    const fields = signed(genuine, platform.privateKey);
    const form = formOf(fields);
    const refuse = async (sent: string, codes = [400, 403]) => {
      const { status, body } = await call(handler, notifyEvent(sent, { path }));
      expect(codes, sent).toContain(status);
      expect(body.errno).toBe(status);
    };
    for (const [name, value] of Object.entries(fields)) {
      const rest = without(fields, name);
      await refuse(formOf(rest));
      await refuse(formOf({ ...fields, [name]: value === '1' ? '2' : '1' }));
      await refuse(formOf({ ...fields, [name]: '' }));
      await refuse(formOf({ ...fields, [name]: `${value}1` }));
      await refuse(formOf({ ...rest, [name.toUpperCase()]: value }));
      for (const again of [value, '', '2']) await refuse(`${form}&${formOf({ [name]: again })}`, [400]);
      for (const other of Object.keys(rest))
        await refuse(formOf({ ...fields, [other]: value, [name]: fields[other] ?? '' }));
    }
    for (const name of ['extra', 'sign', 'sign_type', 'Sign', 'a', 'refundMoney']) {
      await refuse(formOf({ ...fields, [name]: '' }));
    }
    expect(await queued()).toEqual([]);
  }, 120_000);

  test.each<[string, string, number, string]>([
    ['nothing', '', 400, 'body and query string are empty'],
    ['JSON', JSON.stringify(genuine), 400, 'INVALID_NOTIFICATION'],
    ['no rsaSign', formOf(genuine), 400, 'The field rsaSign is missing.'],
    ['a broken rsaSign', formOf({ ...genuine, rsaSign: '*' }), 400, 'The field rsaSign is malformed.'],
    ['a name that is none', `${own(genuine)}&a%3Db=1`, 400, 'not letters and digits'],
    ['what a stranger signed', signedForm(genuine, stranger.privateKey), 403, 'INVALID_SIGNATURE'],
    ['over 64 KB', own({ ...genuine, zzz: 'x'.repeat(64 * 1024) }), 413, 'NOTIFICATION_TOO_LARGE'],
    ['over 100 fields', `${own(genuine)}${'&a=1'.repeat(100)}`, 413, 'NOTIFICATION_TOO_LARGE'],
  ])('is refused: %s', async (_name, form, status, message) => {
    expectRefused(await post(form), status, message);
    expect(await queued()).toEqual([]);
  });

  test('is told at the other two addresses where it belongs', async () => {
    const handler = await start();
    for (const other of PATHS.filter((each) => each !== path)) {
      const answer = await call(handler, notifyEvent(own(genuine), { path: other }));
      expectRefused(answer, 400, `it belongs to ${path}.`);
    }
    const payment = notifyEvent(own(PAID), { path });
    expectRefused(
      await call(handler, payment),
      400,
      'This is a payment notification: it belongs to /baidu/payment-notify.',
    );
    expect(await queued()).toEqual([]);
  });

  test.each(['refusing', 'silent'] as const)(
    'is answered 503 in time while the queue is %s',
    async (weather) => {
      const handler = await start();
      proxies.sqs.weather(weather);
      const event = notifyEvent(own(genuine), { path });
      for (let count = 0; count < 2; count++)
        expectRefused(await call(handler, event), 503, 'QUEUE_UNAVAILABLE');
      proxies.sqs.weather('fair');
      expect(await call(handler, event)).toEqual(success);
    },
  );

  test.each<[string, () => void]>([
    ['silent', () => secretsManager.fail({ hang: true })],
    ['denying', () => secretsManager.fail({ error: 'AccessDeniedException' })],
  ])('is answered 503 in time while Secrets Manager is %s', async (_name, breakIt) => {
    breakIt();
    expectRefused(await post(own(genuine)), 503, 'CONFIGURATION_UNAVAILABLE');
    secretsManager.fail(undefined);
    expect(await post(own(genuine))).toEqual(success);
  });

  test('is answered in time with everything silent at once, whatever the policy, after its secret has aged', async () => {
    const policies = ['undecided', 'refuse', 'approve'];
    const handlers: Awaited<ReturnType<typeof start>>[] = [];
    for (const REFUND_AUDIT of policies)
      handlers.push(await start({ SECRET_TTL_SECONDS: '0', REFUND_AUDIT }));
    // Without an amount, the ledger is asked for one.
    const event = notifyEvent(own(without(genuine, 'applyRefundMoney')), { path });
    const answers = () => Promise.all(handlers.map((handler) => call(handler, event)));
    for (const { status } of await answers()) expect(status).toBe(200);
    secretsManager.fail({ hang: true });
    for (const proxy of Object.values(proxies)) proxy.weather('silent');
    for (const answer of await answers()) expectRefused(answer, 503, 'QUEUE_UNAVAILABLE');
  });

  test('has one reading: of all cuts of its signed text, at all three addresses, only its own is taken', async () => {
    const handler = await start();
    const tpOrderId = fc.stringMatching(/^[!-%'-<>-~]{1,12}$/);
    const names = fc.constantFrom('aaa', 'rst', 'statusx', 'zzz', 'payTime', 'totalMoney');
    const value = fc.string({ maxLength: 8 }).filter((text) => !text.includes('&') && text.isWellFormed());
    const added = fc.dictionary(names, value, { maxKeys: 2 });
    let accepted = 0;
    const read = async (chosen: string, more: Record<string, string>) => {
      const fields = { ...genuine, tpOrderId: chosen, ...more };
      const text = canonicalText(fields);
      const rsaSign = sign(fields, platform.privateKey);
      for (const cut of everyCutOf(text)) {
        if (canonicalText(cut) !== text) continue;
        for (const door of PATHS) {
          const event = notifyEvent(formOf({ ...cut, rsaSign }), { path: door });
          let { body } = await call(handler, event);
          // What a busy machine did not store in time comes again, as Baidu has it.
          while (body.errno === 503) ({ body } = await call(handler, event));
          if (body.errno !== 0) continue;
          accepted += 1;
          expect({ door, cut }).toEqual({ door: path, cut: fields });
        }
      }
    };
    await fc.assert(fc.asyncProperty(tpOrderId, added, read), { numRuns: 30 });
    expect(accepted).toBe(30);
  });
});

describe(`a refund notification (${BUILD})`, () => {
  const post = async (fields: Fields) =>
    call(await start(), notifyEvent(own(fields), { path: '/baidu/refund-notify' }));

  test.each([
    ['there', { userId: '1', tpOrderId: 'T-1' }, '1'],
    ['empty', { userId: '', tpOrderId: '' }, undefined],
    ['absent', {}, undefined],
  ])('may have its user and the merchant’s order %s', async (_presence, ids, siteId) => {
    const fields = { ...without(REFUNDED, 'userId', 'tpOrderId'), ...ids };
    expect(await post(fields)).toMatchObject({ status: 200, body: { errno: 0 } });
    const [stored] = await queued();
    expect(stored?.['siteId']).toBe(siteId);
    expect(stored?.['refundNotification']).toMatchObject(fields);
  });

  test.each<[string, string[], string[]]>([
    ['orderId', ['1', '9223372036854775807'], ['', '0', '01', '-1', '9223372036854775808', '１', '1&a=2']],
    ['refundBatchId', ['1', 'aZ09', '9'.repeat(64)], ['', 'a-b', '退', 'x'.repeat(65), '1&a=2', '1\n']],
    ['refundStatus', ['1', '2'], ['', '0', '3', '-1', '01', '１', '1&a=2']],
    ['userId', ['', '1'], ['0', '01', 'x', '9223372036854775808', '1&a=2']],
    ['tpOrderId', ['', '!"#$%', 'x'.repeat(128)], [' ', '订单', 'a&b', 'a=b', 'x'.repeat(129)]],
    ['added', ['', '=新'], ['a&b', '&refundStatus=2']],
  ])('has its %s in its grammar', async (name, good, bad) => {
    for (const value of good) expect((await post({ ...REFUNDED, [name]: value })).status).toBe(200);
    expect(await queued()).toHaveLength(good.length);
    for (const value of bad) {
      expectRefused(await post({ ...REFUNDED, [name]: value }), 400, `The field ${name} is malformed.`);
    }
    expect(await queued()).toEqual([]);
  });
});

describe(`a refund audit (${BUILD})`, () => {
  const ask = async (fields: Fields, more: Record<string, string> = {}) => {
    const handler = await start(more);
    const { status, body } = await call(handler, notifyEvent(own(fields), { path: '/baidu/refund-audit' }));
    expect(status).toBe(200);
    return body.data;
  };

  test.each([
    ['undecided', 3],
    ['refuse', 2],
    ['approve', 1],
  ])('is answered by REFUND_AUDIT=%s, and stored with that answer', async (REFUND_AUDIT, auditStatus) => {
    await writeDown(aws, ORDER.orderId, PAID);
    expect(await ask(ASKED, { REFUND_AUDIT })).toEqual(audited(auditStatus, 9800));
    expect(await queued()).toMatchObject([{ answer: { auditStatus, refundPayMoney: 9800 } }]);
  });

  test.each(['1', '-1'])('is not approved by a payment notification with status %s', async (status) => {
    const orderId = `7${status.length}`;
    await writeDown(aws, orderId, { ...PAID, orderId, status });
    expect(await ask({ ...ASKED, orderId }, { REFUND_AUDIT: 'approve' })).toEqual(audited(3, 9800));
  });

  test.each(['refusing', 'silent'] as const)(
    'is undecided, and stored, in time while the ledger is %s',
    async (weather) => {
      await writeDown(aws, ORDER.orderId, PAID);
      proxies.table.weather(weather);
      expect(await ask(ASKED, { REFUND_AUDIT: 'approve' })).toEqual(audited(3, 9800));
      const least = without(ASKED, 'applyRefundMoney', 'tpOrderId');
      expect(await ask(least, { REFUND_AUDIT: 'refuse' })).toEqual(audited(2, 0));
      expect(await queued()).toHaveLength(2);
    },
  );

  test('is undecided where no ledger is set', async () => {
    await writeDown(aws, ORDER.orderId, PAID);
    const more = { REFUND_AUDIT: 'approve', LEDGER_TABLE: '' };
    expect(await ask(ASKED, more)).toEqual(audited(3, 9800));
  });
});
