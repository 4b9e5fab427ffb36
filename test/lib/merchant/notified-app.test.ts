import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ServiceError } from '../../../lib/baidu/errors.ts';
import { publicKeyText } from '../../../lib/baidu/keys.ts';
import { checkNotification, parseNotification } from '../../../lib/baidu/webhook/notification.ts';
import { checkRefundNotification, parseRefundNotification } from '../../../lib/baidu/webhook/refund.ts';
import { appsOfForm } from '../../../lib/merchant/notified-app.ts';
import { parseNotificationSecret } from '../../../lib/merchant/secret.ts';
import { PAID, signed } from '../../support/notification.ts';

const pairs = [0, 1, 2].map(() => generateKeyPairSync('rsa', { modulusLength: 1024 }));
const keyOf = (index: number) => pairs[index]?.privateKey as (typeof pairs)[number]['privateKey'];
/** A platform's key in each of the forms in which it may stand in a secret. */
const FORMS = pairs.map(({ publicKey }) => [
  publicKeyText(publicKey),
  String(publicKey.export({ format: 'pem', type: 'spki' })),
  String(publicKey.export({ format: 'pem', type: 'pkcs1' })),
]);
const text = (index: number) => FORMS[index]?.[0];

const app = (n: number, platformPublicKey: unknown, dealId?: unknown) => ({
  ...{ appId: String(n), platformPublicKey, dealId },
});
const read = (...apps: object[]) => parseNotificationSecret(JSON.stringify({ apps }));
const paid = (key: number, dealId = '1') => checkNotification(signed({ ...PAID, dealId }, keyOf(key)));
const refunded = (key: number) =>
  checkRefundNotification(signed({ orderId: '1', refundBatchId: 'a', refundStatus: '1' }, keyOf(key)));

/** The appId of the app that a payment is of, or why it is none's. */
function ownerOf(apps: ReturnType<typeof read>, form: ReturnType<typeof paid>): string | undefined {
  try {
    const [{ app: owner, value }, ...others] = appsOfForm(apps, form, parseNotification);
    expect(others).toEqual([]);
    expect(value.orderId).toBe(PAID['orderId']);
    return owner.appId;
  } catch (error) {
    if (error instanceof ServiceError) return error.code;
    throw error;
  }
}

describe('appsOfForm()', () => {
  test('finds the app by the platform’s key', () => {
    const apps = read(app(1, text(0)), app(2, [text(1)]));
    expect([0, 1, 2].map((key) => ownerOf(apps, paid(key)))).toEqual(['1', '2', 'INVALID_SIGNATURE']);
  });

  test('finds it by the deal where apps share the key', () => {
    const apps = read(app(1, text(0), [1, 2]), app(2, text(0), [3]), app(3, text(1)));
    expect(['1', '2', '3', '4'].map((deal) => ownerOf(apps, paid(0, deal)))).toEqual([
      ...['1', '1', '2', 'UNKNOWN_DEAL'],
    ]);
    expect(ownerOf(apps, paid(1, '3'))).toBe('3');
  });

  test('parses one key where the deal tells whose it is', () => {
    const apps = read(app(1, text(0), 1), app(2, 'not looked at', 2), app(3, text(1), 3));
    expect(ownerOf(apps, paid(1, '3'))).toBe('3');
  });

  test('names each app that a refund can be of, which names no deal', () => {
    const apps = read(app(1, text(0), 1), app(2, [text(1), text(0)], 2), app(3, text(2)));
    const ownersOf = (key: number) =>
      appsOfForm(apps, refunded(key), parseRefundNotification).map(({ app: { appId } }) => appId);
    expect([0, 1, 2].map(ownersOf)).toEqual([['1', '2'], ['2'], ['3']]);
  });

  describe('where an app is left out', () => {
    test.each<[string, object, ReturnType<typeof paid>, string]>([
      ['a key that cannot be read', app(2, 'x'), paid(1), 'CONFIGURATION_UNAVAILABLE'],
      ['a key that cannot be read, and this deal', app(2, 'x', 1), paid(1), 'CONFIGURATION_UNAVAILABLE'],
      ['a key that cannot be read, and other deals', app(2, 'x', 2), paid(1), 'INVALID_SIGNATURE'],
      ['no key', app(2, undefined), paid(1), 'CONFIGURATION_UNAVAILABLE'],
      ['no key, and other deals', app(2, undefined, 2), paid(1), 'INVALID_SIGNATURE'],
      ['this key, but no deal that can be read', app(2, text(1), 'x'), paid(1), 'CONFIGURATION_UNAVAILABLE'],
      ['this key, but no appId', { platformPublicKey: text(1) }, paid(1), 'CONFIGURATION_UNAVAILABLE'],
      ['another key, and no appId', { platformPublicKey: text(1) }, paid(2), 'UNKNOWN_DEAL'],
      ['this key and deal, as the first app has', app(2, text(0), 1), paid(0), 'CONFIGURATION_UNAVAILABLE'],
      ['key and deal of the first app, for another', app(2, text(0), 1), paid(0, '9'), 'INVALID_SIGNATURE'],
    ])('one with %s: %s', (_name, broken, form, expected) => {
      const first = app(1, text(0), [1, 2]);
      expect(ownerOf(read(first, broken, app(3, text(2), 3)), form)).toBe(expected);
    });

    test('the others take what is theirs', () => {
      const apps = read(app(1, text(0)), app(2, 'x'), app(3, undefined), app(4, text(1)));
      expect([0, 1].map((key) => ownerOf(apps, paid(key)))).toEqual(['1', '4']);
    });
  });
});

describe('properties', () => {
  const key = fc.integer({ min: 0, max: 2 });
  const keys = fc.array(
    key.chain((index) => fc.constantFrom(...(FORMS[index] ?? []))),
    { minLength: 1, maxLength: 2 },
  );
  const deals = fc.option(fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 3 }), {
    nil: undefined,
  });
  const anApp = fc.record({ platformPublicKey: keys, dealId: deals });
  const twoApps = fc.tuple(anApp, anApp).map(([first, second]) => [
    { appId: '1', ...first },
    { appId: '2', ...second },
  ]);
  const notified = fc.tuple(key, fc.integer({ min: 1, max: 4 })).map(([by, deal]) => paid(by, String(deal)));

  test('of any two apps and any notification of either, at most one app accepts it', () => {
    fc.assert(
      fc.property(twoApps, notified, (secrets, notification) => {
        const alone = secrets.filter((secret) => ownerOf(read(secret), notification) === secret.appId);
        const owner = together(secrets, notification);
        if (alone.length === 1) expect([alone[0]?.appId, 'CONFIGURATION_UNAVAILABLE']).toContain(owner);
        // Both would have taken it: the secret cannot be right, and neither does.
        else if (alone.length === 2) expect(owner).toBe('CONFIGURATION_UNAVAILABLE');
        else expect(['INVALID_SIGNATURE', 'UNKNOWN_DEAL', 'CONFIGURATION_UNAVAILABLE']).toContain(owner);
      }),
      { numRuns: 300 },
    );
  });

  test('neither does the order of the apps matter, nor a third one that is broken', () => {
    fc.assert(
      fc.property(twoApps, notified, (secrets, notification) => {
        const owner = together(secrets, notification);
        expect(together(secrets.toReversed(), notification)).toBe(owner);
        const withBroken = together([...secrets, { appId: '3' }], notification);
        expect(withBroken).toBe(/^\d$/.test(String(owner)) ? owner : 'CONFIGURATION_UNAVAILABLE');
      }),
      { numRuns: 100 },
    );
  });

  /** What becomes of a notification in a secret of these apps; a secret of which none is left is unavailable, too. */
  function together(secrets: object[], notification: ReturnType<typeof paid>): string | undefined {
    try {
      return ownerOf(read(...secrets), notification);
    } catch (error) {
      return (error as ServiceError).code;
    }
  }
});
