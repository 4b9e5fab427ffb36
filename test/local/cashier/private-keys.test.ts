import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Cashier, startCashier } from '../../../local/cashier/index.ts';
import { holdsPrivateKey, withoutPrivateKeys } from '../../../local/cashier/signature/private-keys.ts';
import { ask, merchantKeys, SAMPLE, signedQuery } from './merchant.ts';

const keys = [1024, 2048, 4096].map((modulusLength) => generateKeyPairSync('rsa', { modulusLength }));
const pem = (key: KeyObject, type: 'pkcs1' | 'pkcs8') => key.export({ type, format: 'pem' }).toString();
const bare = (key: KeyObject, type: 'pkcs1' | 'pkcs8') =>
  key.export({ type, format: 'der' }).toString('base64');

/** How people hold a private key, and how it arrives. */
const FORMS = keys.flatMap(({ privateKey }) =>
  (['pkcs1', 'pkcs8'] as const).flatMap((type) => [
    pem(privateKey, type),
    pem(privateKey, type).replaceAll('\n', '\r\n'),
    pem(privateKey, type).replaceAll('\n', '\\n'),
    pem(privateKey, type).replaceAll('\n', ''),
    pem(privateKey, type).replace(/-----END.*\n/, ''),
    bare(privateKey, type),
    bare(privateKey, type).replace(/=+$/, ''),
    bare(privateKey, type).replace(/.{64}/g, '$&\n'),
    bare(privateKey, type).replaceAll('+', '-').replaceAll('/', '_'),
    bare(privateKey, type).replaceAll('+', ' '),
    Buffer.from(pem(privateKey, type)).toString('base64'),
  ]),
);
const WRITTEN: readonly ((text: string) => string)[] = [
  (text) => text,
  (text) => encodeURIComponent(text),
  (text) => encodeURIComponent(encodeURIComponent(text)),
  (text) => new URLSearchParams({ a: text }).toString().slice(2),
  (text) => JSON.stringify(text),
];

/** Whether anything is left of a key: a run of it that nobody can guess. */
function leftOf(key: string, text: string): string[] {
  const runs = key.match(/[A-Za-z0-9]{12,}/g) ?? [];
  return runs.filter((run) => text.includes(run));
}

describe('withoutPrivateKeys()', () => {
  test('leaves nothing of a key, however it is written, and all of what is beside it', () => {
    for (const form of FORMS) {
      for (const write of WRITTEN) {
        const text = `GET /query?appId=1&appKey=${write(form)}&orderId=7, "x"`;
        expect(holdsPrivateKey(text)).toBe(true);
        const shown = withoutPrivateKeys(text);
        expect(leftOf(form, shown)).toEqual([]);
        expect(shown).toMatch(
          /^GET \/query\?appId=1&appKey="?\[private key removed [^\]]*\]"?&orderId=7, "x"$/,
        );
      }
    }
  });

  test('leaves public keys, signatures and everything else as they are', () => {
    for (const { publicKey } of keys) {
      for (const type of ['spki', 'pkcs1'] as const) {
        const forms = [
          publicKey.export({ type, format: 'pem' }).toString(),
          publicKey.export({ type, format: 'der' }).toString('base64'),
        ];
        for (const form of [...forms, ...forms.map((each) => Buffer.from(each).toString('base64'))]) {
          for (const write of WRITTEN) expect(withoutPrivateKeys(write(form))).toBe(write(form));
        }
      }
    }
    const { sign } = signedQuery({ appId: '1', appKey: 'MMM4oc' } as Cashier);
    for (const text of [String(sign), '-----BEGIN CERTIFICATE-----MIIB', 'PRIVATE KEY', '']) {
      expect(withoutPrivateKeys(text)).toBe(text);
    }
  });
});

describe('a cashier that is sent a private key', () => {
  const own = merchantKeys.privateKey;
  let cashier: Cashier;
  const seen: unknown[] = [];
  beforeAll(async () => {
    cashier = await startCashier({
      merchantPublicKey: merchantKeys.publicKey,
      deliver: async () => ({ status: 200, body: JSON.stringify({ errno: 1, msg: pem(own, 'pkcs8') }) }),
    });
    cashier.subscribe((event) => seen.push(event));
    cashier.createOrder(SAMPLE);
  });
  afterAll(() => cashier.close());

  /** Nothing of the key may be on a time line, in an event, or in what was answered. */
  function expectNothingOf(key: string, answer: unknown): void {
    const lines = [...cashier.timeline(null), ...cashier.timeline(SAMPLE.orderId)];
    expect(leftOf(key, JSON.stringify([seen, lines, cashier.orders(), answer]))).toEqual([]);
  }

  test.each(['appKey', 'sign', 'privateKey'])('as %s of a query', async (name) => {
    for (const key of [pem(own, 'pkcs1'), bare(own, 'pkcs8')]) {
      const answer = await ask(cashier, { ...signedQuery(cashier), [name]: key });
      expect(answer).toMatchObject({ status: 200, errno: 10001, data: [] });
      for (const words of [answer.errmsg, answer.msg]) {
        expect(words).toMatch(
          new RegExp(`^参数错误：参数 ${name} 中含有私钥：沙盒已将其删除.*\\(${name} holds a private key`),
        );
      }
      expect(cashier.timeline(SAMPLE.orderId).at(-1)).toMatchObject({
        tone: 'bad',
        note: { en: expect.stringContaining(`${name} holds a private key: it was removed here`) },
      });
      expectNothingOf(key, answer);
    }
  });

  test('as the name of a parameter', async () => {
    const key = bare(own, 'pkcs1');
    const answer = await ask(cashier, { ...signedQuery(cashier), [key]: '' });
    expect(answer).toMatchObject({ errno: 10001 });
    expectNothingOf(key, answer);
  });

  test.each(['/oauth/2.0/token', '/rest/2.0/smartapp/pay/paymentservice/findByTpOrderId'])(
    'in a form or a parameter of %s',
    async (path) => {
      const key = pem(own, 'pkcs8');
      const form = new URLSearchParams({ client_secret: key, pmAppKey: key });
      const url = `${cashier.openapiUrl}${path}`;
      for (const response of [
        await fetch(url, { method: 'POST', body: form }),
        await fetch(`${url}?${form}`),
      ]) {
        const answer = await response.text();
        const isForm = response.url === url;
        // Only a token is asked for by a form; of another's nothing is read.
        if (path.includes('token') || !isForm) expect(answer).toContain('client_secret holds a private key');
        expectNothingOf(key, answer);
      }
    },
  );

  test('by a webhook, in the place of an answer', async () => {
    await cashier.pay(SAMPLE.orderId);
    const hop = cashier.timeline(SAMPLE.orderId).findLast(({ kind }) => kind === 'notification');
    expect(hop?.note?.en).toMatch(/errno is 1, not 0 \(\[private key removed .*\]\)$/);
    expectNothingOf(pem(own, 'pkcs8'), '');
  });

  test.each(['connection', 'orders'])('by a script, at /api/%s', async (route) => {
    for (const key of [pem(own, 'pkcs1'), bare(own, 'pkcs1'), bare(own, 'pkcs8')]) {
      const response = await fetch(`${cashier.url}/api/${route}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ merchantPublicKey: key, tpOrderId: key, totalMoney: 1 }),
      });
      const answer = await response.json();
      expect(answer).toMatchObject({
        code: 'INVALID',
        message: 'a private key was sent, which was thrown away: only its public half belongs here',
      });
      expectNothingOf(key, answer);
    }
  });
});

test('the App Secret in the address of a token is not kept either', async () => {
  const cashier = await startCashier();
  const { smartAppKey: client_id, smartAppSecret: client_secret } = cashier;
  await fetch(`${cashier.openapiUrl}/oauth/2.0/token?${new URLSearchParams({ client_id, client_secret })}`);
  const hops = JSON.stringify(cashier.timeline(null));
  await cashier.close();
  expect(hops).toContain('client_secret=…');
  expect(hops).not.toContain(client_secret);
});
