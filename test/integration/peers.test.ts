import { generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Cashier, startCashier } from '../../local/cashier/index.ts';
import { diagnoseNotification } from '../../local/doctor/notification.ts';
import { type LocalAws, startAws } from '../../local/stack/aws.ts';
import { notifyEvent } from '../../local/stack/events.ts';
import { type LocalSecretsManager, startSecretsManager } from '../../local/stack/secrets-manager.ts';
import { coldStart, contextOf } from '../support/cold-start.ts';
import { DRINK, WRITTEN } from '../support/encoders.ts';
import { formOf, PAID } from '../support/notification.ts';

/*
 * How programs of others sign and verify, against the webhook as it is deployed, the sandbox and the doctor: raw or
 * encoded as their language does it, empty fields kept or dropped.
 */

const platform = generateKeyPairSync('rsa', { modulusLength: 1024 });
const merchant = generateKeyPairSync('rsa', { modulusLength: 1024 });

/** A program of somebody else: what it makes of a value, and whether it leaves empty fields out. */
interface Peer {
  readonly name: string;
  readonly write: (value: string) => string;
  readonly drops: boolean;
}

const WAYS: readonly (readonly [string, (value: string) => string])[] = [
  ['raw', (value) => value],
  // Of all the values here it is this one alone that an encoder changes.
  ...Object.entries(WRITTEN).map(
    ([name, written]) => [name, (value: string) => (value === DRINK ? written : value)] as const,
  ),
];

const PEERS: readonly Peer[] = WAYS.flatMap(([name, write]) => [
  { name, write, drops: false },
  { name: `${name}, empties dropped`, write, drops: true },
]);

/** The text that a peer signs. */
function textOf({ write, drops }: Peer, fields: Readonly<Record<string, string>>): string {
  return Object.keys(fields)
    .filter((name) => name !== 'rsaSign' && !(drops && fields[name] === ''))
    .sort()
    .map((name) => `${name}=${write(fields[name] ?? '')}`)
    .join('&');
}

const signedBy = (peer: Peer, fields: Readonly<Record<string, string>>, key: KeyObject) =>
  sign('sha1', Buffer.from(textOf(peer, fields)), key).toString('base64');

const EMPTY = { promoDetail: '', returnData: '' };
const FILLED = { promoDetail: DRINK, returnData: DRINK };

let aws: LocalAws;
let secretsManager: LocalSecretsManager;
let notify: (event: unknown, context: unknown) => Promise<unknown>;
beforeAll(async () => {
  [aws, secretsManager] = await Promise.all([startAws(), startSecretsManager()]);
  const platformPublicKey = platform.publicKey.export({ type: 'spki', format: 'pem' });
  secretsManager.put('secret', JSON.stringify({ appId: 10026, platformPublicKey }));
  notify = await coldStart('notify', {
    ...aws.environment,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: secretsManager.url,
    BAIDU_SECRET_ID: 'secret',
    PAYMENT_QUEUE_URL: aws.paymentQueueUrl,
    LOG_LEVEL: 'SILENT',
  });
});
afterAll(() => Promise.all([aws.close(), secretsManager.close()]));

describe.each(PEERS)('a notification that is signed $name', (peer) => {
  test.each([
    // What is left out of the text was sent all the same.
    ['without free text', EMPTY, !peer.drops],
    ['with free text', FILLED, true],
  ])('%s: the webhook and the doctor say the same of it', async (_name, free, genuine) => {
    const fields = { ...PAID, ...free };
    const form = formOf({ ...fields, rsaSign: signedBy(peer, fields, platform.privateKey) });
    const answer = (await notify(notifyEvent(form), contextOf())) as { statusCode: number; body: string };
    expect(answer.statusCode).toBe(genuine ? 200 : 403);
    expect(JSON.parse(answer.body)).toMatchObject(
      genuine ? { errno: 0, data: { isConsumed: 2 } } : { errno: 403 },
    );
    const findings = diagnoseNotification(form, {
      ...{ appId: '10026', appKey: 'MMM4oc', platformKeys: [platform.publicKey] },
      ...{ merchantKey: merchant.privateKey, dealIds: undefined },
    });
    const said = findings.find(({ subject }) => subject === 'rsaSign');
    expect(said?.level).toBe(genuine ? 'good' : 'bad');
    if (!genuine) expect(JSON.stringify(said?.detail)).toContain('Empty fields were left out');
  });
});

describe.each(['raw', 'encoded'] as const)('a notification of the sandbox that signs %s', (signValues) => {
  let cashier: Cashier;
  const forms: string[] = [];
  beforeAll(async () => {
    cashier = await startCashier({
      ...{ signValues, platformPrivateKey: platform.privateKey },
      deliver: async (form) => {
        forms.push(form);
        return { status: 200, body: '{"errno":0,"msg":"success","data":{"isConsumed":2}}' };
      },
    });
    for (const free of [EMPTY, FILLED]) {
      const { orderId } = cashier.createOrder({ tpOrderId: 'T-1', totalMoney: 1, ...free });
      await cashier.pay(orderId);
    }
  });
  afterAll(() => cashier.close());

  // The sandbox encodes as Baidu’s own demo server does, which is in Go.
  const text = { raw: DRINK, encoded: WRITTEN['Go url.QueryEscape'] }[signValues];

  test.each(PEERS)('is genuine to who verifies $name, if that is how it was signed', (peer) => {
    const accepted = forms.map((form) => {
      const fields = Object.fromEntries(new URLSearchParams(form));
      const signature = Buffer.from(fields['rsaSign'] ?? '', 'base64');
      return verify('sha1', Buffer.from(textOf(peer, fields)), platform.publicKey, signature);
    });
    // Whoever drops empties, or encodes otherwise, hears of it here and not from Baidu.
    expect(accepted).toEqual([!peer.drops, peer.write(DRINK) === text]);
  });
});

describe('a query to the sandbox', () => {
  let cashier: Cashier;
  const order = { orderId: '1920891312', userId: '3747777038', tpOrderId: 'T-1', totalMoney: 1 };
  beforeAll(async () => {
    // An app key in which every encoder shows itself: the ids of a query hold nothing to encode.
    cashier = await startCashier({ appKey: DRINK, merchantPublicKey: merchant.publicKey });
    cashier.createOrder(order);
  });
  afterAll(() => cashier.close());

  test.each(PEERS)('is taken where it is signed raw, and not else: $name', async (peer) => {
    const fields = { appId: '10026', appKey: DRINK, orderId: order.orderId, siteId: order.userId };
    const query = new URLSearchParams({ ...fields, sign: signedBy(peer, fields, merchant.privateKey) });
    const answer = await (await fetch(`${cashier.queryUrl}?${query}`)).json();
    const raw = peer.write(DRINK) === DRINK;
    expect(answer).toMatchObject({ errno: raw ? 0 : 10000 });
    const said = cashier.timeline(order.orderId).at(-1)?.note?.en;
    expect(said).toContain(raw ? 'Answered: unpaid' : 'the right key signed another text');
  });
});
