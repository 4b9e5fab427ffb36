import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { publicKeyText } from '../../../lib/baidu/keys.ts';
import { type Apps, appNamedIn } from '../../../lib/merchant/apps.ts';
import {
  parseConfirmSecret,
  parseMerchantSecret,
  parseNotificationSecret,
  parseQuerySecret,
} from '../../../lib/merchant/secret.ts';
import { SAMPLE } from '../../support/vectors.ts';

const platforms = [1, 2].map(() => generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey);
const [one, two] = platforms.map(publicKeyText);
const pem = platforms[0]?.export({ format: 'pem', type: 'pkcs1' });

/** The n-th of several apps. */
const app = (n: number, changes: Record<string, unknown> = {}) => ({
  appId: String(n),
  appKey: `MM${n}`,
  privateKey: SAMPLE.privateKey,
  platformPublicKey: one,
  apiTokens: [String(n).repeat(32)],
  dealId: [n],
  ...changes,
});
const write = (...apps: unknown[]) => JSON.stringify({ apps });
type Parse = (text: string) => Apps<{ readonly appId: string | undefined }>;
const PARSERS: Parse[] = [parseMerchantSecret, parseQuerySecret, parseNotificationSecret, parseConfirmSecret];

describe('a secret of several apps', () => {
  test.each(PARSERS)('gives each by its appId: %o', (parse) => {
    const apps = parse(write(app(1), app(2, { appId: 2 })));
    expect(apps.all.map(({ appId }) => appId)).toEqual(['1', '2']);
    expect(apps.broken).toEqual([]);
    expect(apps.find('2')).toBe(apps.all[1]);
    expect(appNamedIn({ appId: 2 }, apps)).toBe(apps.all[1]);
  });

  test.each(PARSERS)('asks which one is meant, and knows no other: %o', (parse) => {
    const apps = parse(write(app(1), app(2)));
    const refused = (message: string) => expect.objectContaining({ code: 'INVALID_REQUEST', message });
    const which = refused('The secret holds several apps: appId must name one of them.');
    expect(() => apps.find(undefined)).toThrow(which);
    for (const event of [null, 'text', {}, { appId: null }]) {
      expect(() => appNamedIn(event, apps)).toThrow(which);
    }
    for (const appId of ['3', '', '02', [], {}, true]) {
      expect(() => appNamedIn({ appId }, apps)).toThrow(refused('The appId is not of an app in the secret.'));
    }
  });

  test('asks it of one app that is left of two, too: nobody’s question may change its meaning', () => {
    const apps = parseMerchantSecret(write(app(1), app(2, { appKey: '' })));
    expect(() => apps.find(undefined)).toThrow('appId must name one of them');
  });

  test('asks it of nobody where there is one', () => {
    for (const text of [write(app(1)), JSON.stringify(app(1))]) {
      const apps = parseMerchantSecret(text);
      expect(apps.find(undefined)).toBe(apps.all[0]);
      expect(() => apps.find('2')).toThrow('The appId is not of an app in the secret.');
    }
  });

  test.each<[unknown, string]>([
    [{ apps: [] }, 'The secret’s apps must be a list of apps, one at least.'],
    [{ apps: {} }, 'The secret’s apps must be a list of apps, one at least.'],
    [{ apps: null }, 'The secret’s apps must be a list of apps, one at least.'],
    [{ apps: [app(1)], appId: '1' }, 'The secret’s apps must stand alone: nothing may be beside it.'],
    [{ apps: [null] }, 'The secret’s apps[0] must hold the fields of an app.'],
    [{ apps: [{}] }, 'The secret’s apps[0] must hold the fields of an app.'],
  ])('is refused as %j', (secret, message) => {
    for (const parse of PARSERS) {
      expect(() => parse(JSON.stringify(secret))).toThrow(
        expect.objectContaining({ code: 'CONFIGURATION_UNAVAILABLE', message }),
      );
    }
  });
});

describe('an app that is not what it must be', () => {
  test.each<[string, Record<string, unknown>, Parse]>([
    ['appId must be a positive whole number, or its digits.', { appId: 'x' }, parseNotificationSecret],
    ['appId must be a positive whole number, or its digits.', { appId: undefined }, parseNotificationSecret],
    ['appKey must be a string that is not empty.', { appKey: 7 }, parseMerchantSecret],
    ['privateKey must be a string.', { privateKey: undefined }, parseConfirmSecret],
    ['apiTokens must hold strings of at least 32 characters.', { apiTokens: ['x'] }, parseQuerySecret],
    ['platformPublicKey is missing.', { platformPublicKey: [] }, parseNotificationSecret],
    ['dealId must be digits, or a list of such.', { dealId: 'x' }, parseNotificationSecret],
    [
      'smartAppSecret must be a string that is not empty, as smartAppKey is there.',
      { smartAppKey: 'x' },
      parseQuerySecret,
    ],
    [
      'smartAppKey must be a string that is not empty, as smartAppSecret is there.',
      { smartAppSecret: 'x' },
      parseConfirmSecret,
    ],
    [
      'smartAppKey must be a string that is not empty.',
      { smartAppKey: '', smartAppSecret: 'x' },
      parseMerchantSecret,
    ],
  ])('is left out, and its place is named: apps[1].%s', (what, changes, parse) => {
    const apps = parse(write(app(1), app(2, changes), app(3)));
    expect(apps.all.map(({ appId }) => appId)).toEqual(['1', '3']);
    const error = { code: 'CONFIGURATION_UNAVAILABLE', message: `The secret’s apps[1].${what}` };
    expect(apps.broken).toMatchObject([{ place: 'apps[1].', error }]);
    expect(() => apps.find('2')).toThrow(expect.objectContaining(error));
    expect(apps.find('3')).toBe(apps.all[1]);
  });

  test('is meant by every appId that is nobody’s, where its own cannot be read', () => {
    const { find } = parseMerchantSecret(write(app(1), app(2, { appId: null })));
    expect(() => find('7')).toThrow('The secret’s apps[1].appId must be');
  });

  test('is found by its key when that is needed, and stops no other', () => {
    const apps = parseMerchantSecret(write(app(1), app(2, { privateKey: 'x' }), app(3)));
    expect(apps.broken).toEqual([]);
    expect(() => apps.find('2').privateKey).toThrow(
      'The secret’s apps[1].privateKey is neither PEM nor bare base64, or was cut.',
    );
    expect(apps.find('3').privateKey.type).toBe('private');
    const { keys } = parseConfirmSecret(write(app(1), app(2, { platformPublicKey: 'x' }))).find('2');
    expect(() => keys().platformKeys).toThrow('The secret’s apps[1].platformPublicKey is neither PEM');
  });

  test('is the first, and the next one that has a good key serves', () => {
    const broken = [app(1, { appKey: '' }), app(2, { privateKey: 'x' })];
    const apps = parseQuerySecret(write(...broken, app(3)));
    expect(apps.all).toHaveLength(1);
    expect(apps.broken.map(({ appId }) => appId)).toEqual(['1', '2']);
    expect(() => parseQuerySecret(write(...broken))).toThrow('The secret’s apps[0].appKey must be');
  });

  test('parses a key once', () => {
    const [merchant] = parseQuerySecret(write(app(1))).all;
    expect(merchant?.privateKey).toBe(merchant?.privateKey);
    const [notified] = parseNotificationSecret(write(app(1))).all;
    expect(notified?.platformKeys).toBe(notified?.platformKeys);
  });
});

describe('apps that contradict each other', () => {
  const TOKEN = 't'.repeat(32);

  test.each<[string, Record<string, unknown>, Record<string, unknown>, Parse]>([
    ['appId is the appId of apps[0], too.', { appId: '7' }, { appId: 7 }, parseMerchantSecret],
    ['appId is the appId of apps[0], too.', { appId: '7' }, { appId: 7 }, parseNotificationSecret],
    [
      'apiTokens[1] is a token of apps[0], too.',
      { apiTokens: [TOKEN] },
      { apiTokens: ['x'.repeat(32), TOKEN] },
      parseQuerySecret,
    ],
    [
      'dealId[1] is a deal of apps[0], too, as is a platformPublicKey.',
      { dealId: ['5', '7'] },
      { dealId: [6, 7], platformPublicKey: [two, one] },
      parseNotificationSecret,
    ],
    [
      'platformPublicKey is that of apps[0], too: each of the two must name its dealId.',
      { dealId: undefined },
      { dealId: 7 },
      parseNotificationSecret,
    ],
    [
      'platformPublicKey is that of apps[0], too: each of the two must name its dealId.',
      { dealId: 7 },
      { dealId: undefined, platformPublicKey: pem },
      parseNotificationSecret,
    ],
  ])('are left out, the others serve on: apps[1].%s', (what, first, second, parse) => {
    const apps = parse(write(app(1, first), app(2, second), app(3, { platformPublicKey: two })));
    const error = { code: 'CONFIGURATION_UNAVAILABLE', message: `The secret’s apps[1].${what}` };
    expect(apps.broken).toMatchObject([{ error }, { error }]);
    expect(apps.all).toEqual([expect.objectContaining({ appId: '3' })]);
  });

  test('contradict also one that is broken for another reason', () => {
    const [first, second] = [{ apiTokens: [TOKEN], appKey: '' }, { apiTokens: [TOKEN] }];
    expect(parseQuerySecret(write(app(1, first), app(2, second), app(3))).all).toHaveLength(1);
  });

  test('do not where their platform keys differ, or their deals', () => {
    const different = write(
      app(1, { dealId: undefined }),
      app(2, { dealId: undefined, platformPublicKey: two }),
    );
    for (const text of [different, write(app(1), app(2))]) {
      expect(parseNotificationSecret(text).all).toHaveLength(2);
    }
  });
});

test('no value of a secret is ever in what is said of it', () => {
  const CANARY = 'canary-of-the-secret-0123456789abcdef';
  const field = fc.constantFrom(...Object.keys(app(1)), 'smartAppKey', 'smartAppSecret', 'apps');
  const value = fc.oneof(fc.constant(CANARY), fc.constant([CANARY]), fc.constant({ a: CANARY }));
  const changes = fc.array(fc.dictionary(field, value, { noNullPrototype: true }), {
    minLength: 1,
    maxLength: 3,
  });
  fc.assert(
    fc.property(changes, fc.constantFrom(...PARSERS), (each, parse) => {
      try {
        const apps = parse(write(...each.map((change) => app(1, change))));
        for (const { error } of apps.broken) expect(String(error)).not.toContain(CANARY);
      } catch (error) {
        expect(error).toHaveProperty('code', 'CONFIGURATION_UNAVAILABLE');
        expect(String(error)).not.toContain(CANARY);
      }
    }),
  );
});
