import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sign } from '../../local/cashier/signature/signature.ts';
import { notifyEvent, queryEvent, snsEvent, sqsEvent } from '../../local/stack/events.ts';
import { answerBody, hangs, resets, says } from '../support/baidu.ts';
import { formOf, PAID, signedForm } from '../support/notification.ts';
import type { Sandbox } from '../support/sandbox.ts';
import { platformKey, SECRET, type World } from '../support/world.ts';
import { startWorld } from '../support/worlds.ts';

/*
 * Marked values go through every path of every function, failing ones too, with the log at its most talkative. None of
 * them may come out anywhere: not in the log, not in an answer, not in an error, not in a metric.
 */
const USER = '7077077077077';
const TOKEN = 'canary-token-canary-token-canary-token';
const APP_KEY = 'canaryAppKey';
const FREE_TEXT = 'canary-return-data';

const secret = { ...SECRET, appKey: APP_KEY, apiTokens: [TOKEN] };
const next = generateKeyPairSync('rsa', { modulusLength: 1024 })
  .privateKey.export({ format: 'pem', type: 'pkcs8' })
  .toString();
const keyLines = [secret.privateKey, next].flatMap((key) => key.split('\n').slice(1, -2));
const paid = { ...PAID, userId: USER, returnData: FREE_TEXT, promoDetail: FREE_TEXT };
const rsaSign = sign(paid, platformKey);
/** What every line of an error has. */
const NAMED = { code: expect.stringMatching(/^[A-Z_]+$/), reason: expect.stringMatching(/\S/) };

let world: World;
const outputs: string[] = [];
const answers: string[] = [];

beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

const store = (value: unknown) => world.secretsManager.put('secret', JSON.stringify(value));
const lookup = (more: object = {}) => JSON.stringify({ orderId: '1', siteId: USER, ...more });

/** Runs invocations in a new sandbox and keeps all that came out of it. */
async function inSandbox(
  name: 'query' | 'notify' | 'confirm',
  env: Record<string, string>,
  run: (sandbox: Sandbox, keep: (event: unknown) => Promise<void>) => Promise<void>,
): Promise<void> {
  const sandbox = world.sandbox(name, { LOG_LEVEL: 'DEBUG', SECRET_TTL_SECONDS: '0', ...env });
  await run(sandbox, async (event) => {
    answers.push(JSON.stringify(await sandbox.invoke(event)));
  });
  await sandbox.end();
  outputs.push(...sandbox.output);
}

describe('no marked value comes out', () => {
  test('of query', async () => {
    store(secret);
    const ask = queryEvent({ siteId: USER, headers: { authorization: `Bearer ${TOKEN}` } });
    await inSandbox('query', {}, async (_sandbox, keep) => {
      const echo = answerBody({ errno: 10000, errmsg: `bad ${USER} ${APP_KEY}` });
      const behaviours = [says(answerBody()), says(echo), says('', 500), says('<html>'), resets, hangs];
      for (const behaviour of behaviours) {
        world.baidu.always(behaviour);
        await keep(ask);
        await keep({ orderId: '1', siteId: USER });
      }
      world.baidu.always((request, response) => {
        says(
          answerBody({ errno: 10000, errmsg: `no: ${decodeURIComponent(request.url ?? '')} ${request.url}` }),
        )(request, response);
      });
      await keep(ask);
      store({ ...secret, privateKey: next });
      await keep(ask);
      world.secretsManager.fail({ error: 'InternalServiceError' });
      await keep(ask);
      world.secretsManager.fail(undefined);
      store(secret);
      await keep(queryEvent({ siteId: USER, headers: { authorization: `Bearer ${TOKEN}x` } }));
      await keep(queryEvent({ siteId: `${USER}x`, headers: { authorization: `Bearer ${TOKEN}` } }));
      await keep({ orderId: USER, siteId: `${USER}?` });
      world.baidu.always(says(answerBody()));
    });
  });

  test('of notify', async () => {
    store(secret);
    const genuine = notifyEvent(formOf({ ...paid, rsaSign }));
    await inSandbox('notify', {}, async (_sandbox, keep) => {
      await keep(genuine);
      await keep({ ...genuine, body: '', rawQueryString: formOf({ ...paid, rsaSign }) });
      await keep(notifyEvent(formOf({ ...paid, totalMoney: '1', rsaSign })));
      await keep(notifyEvent(formOf({ ...paid, userId: `${USER}x`, rsaSign })));
      await keep(notifyEvent(`${formOf({ ...paid, rsaSign })}&returnData=${FREE_TEXT}`));
      await keep(notifyEvent(`${formOf({ ...paid, rsaSign })}&%zz`));
      await keep(notifyEvent(signedForm({ ...paid, dealId: '5' }, platformKey)));
      for (const action of ['SendMessage', 'GetSecretValue']) {
        world.decide((moment) => (moment.startsWith(action) ? 'cut' : 'pass'));
        await keep(genuine);
      }
      world.decide(() => 'pass');
    });
  });

  test('of confirm', async () => {
    store(secret);
    await inSandbox('confirm', {}, async (_sandbox, keep) => {
      const event = sqsEvent([
        { messageId: 'a', body: lookup({ orderId: PAID['orderId'], notification: { ...paid, rsaSign } }) },
        { messageId: 'b', body: lookup({ notification: { ...paid, orderId: '1', rsaSign } }) },
        { messageId: 'e', body: lookup({ tpOrderId: 'own-1', orderId: undefined, notification: paid }) },
        { messageId: 'c', body: `${lookup()}nonsense` },
        { messageId: 'd', body: lookup({ siteId: `${USER}x` }) },
      ]);
      await keep(event);
      world.baidu.always(says(answerBody({ errno: 10002, errmsg: `${USER} ${APP_KEY}` })));
      await keep(event);
      await keep(snsEvent(lookup()));
      world.baidu.always(says(answerBody()));
      for (const action of ['Publish', 'GetItem', 'UpdateItem', 'query', 'GetSecretValue']) {
        world.decide((moment) => (moment.startsWith(action) ? 'cut' : 'pass'));
        await keep(sqsEvent([{ messageId: 'a', body: lookup({ orderId: String(answers.length) }) }]));
      }
      world.decide(() => 'pass');
    });
  });

  test('where the secret itself is at fault', async () => {
    const faulty = [
      { ...secret, privateKey: secret.privateKey.slice(0, -80) },
      { ...secret, privateKey: { pem: secret.privateKey } },
      { ...secret, apiTokens: [TOKEN, 'short-canary-token'], platformPublicKey: secret.privateKey },
      `${JSON.stringify(secret)},`,
    ];
    for (const value of faulty) {
      world.secretsManager.put('secret', typeof value === 'string' ? value : JSON.stringify(value));
      for (const name of ['query', 'notify', 'confirm'] as const) {
        await inSandbox(name, {}, async (_sandbox, keep) => {
          await keep(queryEvent({ siteId: USER, headers: { authorization: `Bearer ${TOKEN}` } }));
          await keep(notifyEvent(formOf({ ...paid, rsaSign })));
          await keep(sqsEvent([{ messageId: 'a', body: lookup() }]));
        });
      }
    }
  });

  test('and much did come out', () => {
    const signatures = world.baidu.requests.map(
      (url) => new URLSearchParams(url.split('?')[1]).get('sign') ?? '',
    );
    const hidden = [
      TOKEN,
      'short-canary-token',
      APP_KEY,
      FREE_TEXT,
      rsaSign,
      encodeURIComponent(rsaSign),
      ...keyLines,
    ];
    hidden.push(...signatures.filter(Boolean).flatMap((text) => [text, encodeURIComponent(text)]));
    const log = outputs.join('\n');
    const said = answers.join('\n');
    for (const value of hidden) {
      expect(log).not.toContain(value);
      expect(said).not.toContain(value);
    }
    // The caller named the user and gets the id back; the log never does.
    expect(log).not.toContain(USER);
    expect(outputs.length).toBeGreaterThan(80);
    expect(answers.length).toBeGreaterThan(60);
    expect(hidden.length).toBeGreaterThan(40);
    for (const line of outputs) expect(() => JSON.parse(line)).not.toThrow();
  });

  test('and each error names its code, its invocation and, where there is one, the innermost cause', () => {
    const lines = outputs.map((line) => JSON.parse(line));
    const errors = lines.filter(({ level }) => level === 'ERROR');
    expect(errors.length).toBeGreaterThan(30);
    for (const { code, reason } of errors) expect({ code, reason }).toEqual(NAMED);
    const inInit = ({ message, requestId }: Record<string, unknown>) =>
      requestId === undefined && message === 'secret not read';
    expect(errors.filter((line) => line.requestId !== 'sandbox' && !inInit(line))).toEqual([]);
    // What was cut is a reset connection in the end, whichever function saw it, and for whichever service.
    for (const code of [
      'CONFIGURATION_UNAVAILABLE',
      'QUEUE_UNAVAILABLE',
      'TOPIC_UNAVAILABLE',
      'LEDGER_UNAVAILABLE',
    ]) {
      const causes = lines.filter((line) => line.code === code).map(({ causeCode }) => causeCode);
      expect(causes, code).toContain('ECONNRESET');
    }
    const records = errors.filter(({ message }) => message === 'not confirmed');
    expect(new Set(records.map(({ code }) => code)).size).toBeGreaterThan(4);
  });
});
