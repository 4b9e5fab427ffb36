import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ServiceError } from '../../../lib/baidu/errors.ts';
import { publicKeyText } from '../../../lib/baidu/keys.ts';
import {
  parseMerchantSecret,
  parseNotificationSecret,
  parseQuerySecret,
} from '../../../lib/merchant/secret.ts';
import { PLATFORM, SAMPLE } from '../../support/vectors.ts';

const secret = {
  appId: '10026',
  appKey: 'MMM4oc',
  privateKey: SAMPLE.privateKey,
  platformPublicKey: PLATFORM.publicKey,
  apiTokens: ['t'.repeat(32)],
};
const write = (changes: Record<string, unknown>) => JSON.stringify({ ...secret, ...changes });

describe('parseMerchantSecret()', () => {
  test.each([
    ['"10026"', '10026'],
    ['10026', '10026'],
    ['9223372036854775807', '9223372036854775807'],
    ['"9223372036854775807"', '9223372036854775807'],
  ])('reads the appId %s to the last digit', (written, appId) => {
    const text = JSON.stringify(secret).replace('"10026"', written);
    expect(parseMerchantSecret(text).all).toMatchObject([{ appId, appKey: 'MMM4oc' }]);
  });

  test('asks for nothing that it does not use', () => {
    const { appId, appKey, privateKey } = secret;
    const { all } = parseMerchantSecret(JSON.stringify({ appId, appKey, privateKey }));
    expect(all).toMatchObject([{ appId }]);
  });

  test.each([
    ['appId', 'x'],
    ['appId', 0],
    ['appId', -1],
    ['appId', 1.5],
    ['appId', '１'],
    ['appId', '9223372036854775808'],
    ['appId', ['1']],
    ['appKey', undefined],
    ['appKey', ''],
    ['appKey', 123],
    ['privateKey', undefined],
    ['privateKey', { pem: SAMPLE.privateKey }],
    ['privateKey', PLATFORM.publicKey],
  ])('names the field at fault: %s = %j', (field, value) => {
    expect(() => parseMerchantSecret(write({ [field]: value }))).toThrow(`The secret’s ${field} `);
  });

  test.each(['', '{', 'null', '[]', '"text"', '1'])('refuses what is no JSON object: %j', (text) => {
    expect(() => parseMerchantSecret(text)).toThrow('The secret is not a JSON object.');
  });

  test('repeats nothing of a secret that is not JSON', () => {
    try {
      parseMerchantSecret(`{"appKey": "MMM4oc", "privateKey": "${SAMPLE.privateKey}"}`);
      expect.unreachable();
    } catch (error) {
      expect(error).not.toHaveProperty('cause');
      expect(String(error)).not.toMatch(/MMM4oc|MIIC/);
    }
  });
});

describe('parseQuerySecret()', () => {
  test('keeps the tokens as digests', () => {
    const [app] = parseQuerySecret(write({})).all;
    expect(app?.tokenDigests.map((digest) => digest.toString('hex'))).toEqual([
      '8408c6d2a7b286b16d526315e5e8216cf36a7148cdbbd6e064762cd75ec5ae66',
    ]);
  });

  test.each([undefined, [], 'token'.repeat(10), ['t'.repeat(31)], [1e40], [null], [secret.apiTokens[0], '']])(
    'refuses the tokens %j',
    (apiTokens) => {
      expect(() => parseQuerySecret(write({ apiTokens }))).toThrow('The secret’s apiTokens must ');
    },
  );
});

describe('parseNotificationSecret()', () => {
  test.each([
    ['one key', PLATFORM.publicKey, 1],
    ['a list', [PLATFORM.publicKey, PLATFORM.publicKey], 2],
    ['a PEM', `-----BEGIN PUBLIC KEY-----\n${PLATFORM.publicKey}\n-----END PUBLIC KEY-----`, 1],
  ])('reads %s', (_name, platformPublicKey, count) => {
    const [app] = parseNotificationSecret(write({ platformPublicKey })).all;
    expect(app?.platformKeys.map(publicKeyText)).toEqual(Array(count).fill(PLATFORM.publicKey));
  });

  test.each([
    [undefined, undefined],
    [null, undefined],
    [470193086, ['470193086']],
    ['470193086', ['470193086']],
    [
      ['1', 2],
      ['1', '2'],
    ],
  ])('reads the dealId %j', (dealId, expected) => {
    const dealIds = parseNotificationSecret(write({ dealId })).all[0]?.dealIds;
    expect(dealIds && [...dealIds]).toEqual(expected);
  });

  test.each([
    ['platformPublicKey', undefined],
    ['platformPublicKey', []],
    ['platformPublicKey', [PLATFORM.publicKey, 1]],
    ['platformPublicKey', SAMPLE.privateKey],
    ['platformPublicKey', ''],
    ['dealId', 'x'],
    ['dealId', []],
    ['dealId', ['1', {}]],
    ['dealId', 0],
    ['appId', 'x'],
  ])('names the field at fault: %s = %j', (field, value) => {
    expect(() => parseNotificationSecret(write({ [field]: value }))).toThrow(`The secret’s ${field} `);
  });
});

test.each<[string, string, unknown, (text: string) => unknown]>([
  ['appId', 'must be a positive whole number, or its digits', 0, parseMerchantSecret],
  ['appKey', 'must be a string that is not empty', '', parseMerchantSecret],
  ['privateKey', 'must be a string', null, parseMerchantSecret],
  ['apiTokens', 'must be a list of strings, one at least', [], parseQuerySecret],
  ['apiTokens', 'must hold strings of at least 32 characters', ['short'], parseQuerySecret],
  ['platformPublicKey', 'is missing', null, parseNotificationSecret],
  ['platformPublicKey', 'must be a string, or a list of such', 1, parseNotificationSecret],
  ['dealId', 'must be digits, or a list of such', 'x', parseNotificationSecret],
])('the secret’s %s %s: not %j', (field, what, value, parse) => {
  expect(() => parse(write({ [field]: value }))).toThrow(
    expect.objectContaining({
      code: 'CONFIGURATION_UNAVAILABLE',
      message: `The secret’s ${field} ${what}.`,
    }),
  );
});

test('any secret at all is read or refused with the one code', () => {
  const value = fc.oneof(fc.jsonValue(), fc.constantFrom(...Object.values(secret)));
  const text = fc.oneof(
    fc.string(),
    fc.json(),
    fc
      .record({
        appId: value,
        appKey: value,
        privateKey: value,
        platformPublicKey: value,
        apiTokens: value,
        dealId: value,
      })
      .map((object) => JSON.stringify(object)),
  );
  fc.assert(
    fc.property(
      text,
      fc.constantFrom(parseMerchantSecret, parseQuerySecret, parseNotificationSecret),
      (written, parse) => {
        try {
          parse(written);
        } catch (error) {
          expect(error).toBeInstanceOf(ServiceError);
          expect(error).toHaveProperty('code', 'CONFIGURATION_UNAVAILABLE');
        }
      },
    ),
    { numRuns: 2000 },
  );
});
