import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { describe, expect, test, vi } from 'vitest';
import { publicKeyText, readPrivateKey, readPublicKey } from '../../lib/baidu/keys.ts';
import { verifyParams } from '../../lib/baidu/sign.ts';
import { parseMerchantSecret, parseNotificationSecret } from '../../lib/merchant/secret.ts';
import { isSelfTest, selfTestSigning, selfTestVerifying } from '../../lib/self-test.ts';
import { onlyApp } from '../support/apps.ts';
import { PLATFORM, SAMPLE } from '../support/vectors.ts';

vi.mock(import('../../lib/baidu/sign.ts'), { spy: true });

const verifying = (platformKeys: KeyObject[]) => ({
  ...{ appId: '10026', platformKeys, dealIds: undefined, keyTails: [] },
});

describe('selfTestSigning()', () => {
  test('signs, verifies, and shows the key as Baidu’s console does', () => {
    const privateKey = readPrivateKey(SAMPLE.privateKey);
    expect(selfTestSigning(onlyApp({ appId: '10026', appKey: 'MMM4oc', privateKey }))).toEqual({
      ok: true,
      keyBits: 1024,
      publicKey: createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).toString('base64'),
      appId: '10026',
      appKey: 'MMM4oc',
      rsaSha1: 'node',
    });
  });

  test('fails, and keeps why, where the runtime cannot sign with the key', () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    expect(() => selfTestSigning(onlyApp({ appId: '10026', appKey: 'MMM4oc', privateKey }))).toThrow(
      expect.objectContaining({
        code: 'INTERNAL_ERROR',
        message: 'This runtime cannot sign and verify with RSA-SHA1.',
        cause: new TypeError('The key must be RSA, not ec.'),
      }),
    );
  });
});

test('selfTestVerifying() shows the platform’s keys as Baidu’s console does', () => {
  const key = readPublicKey(PLATFORM.publicKey);
  expect(selfTestVerifying(onlyApp(verifying([key])))).toEqual({
    ok: true,
    appId: '10026',
    platformKeys: [{ keyBits: 1024, publicKey: PLATFORM.publicKey }],
    rsaSha1: 'node',
  });
});

describe('of several apps', () => {
  const app = (appId: string, more: object = {}) => ({
    ...{ appId, appKey: `MM${appId}`, privateKey: SAMPLE.privateKey },
    ...{ platformPublicKey: PLATFORM.publicKey, dealId: appId, ...more },
  });
  const secret = (...apps: object[]) => JSON.stringify({ apps });
  const key = { keyBits: 1024, publicKey: publicKeyText(readPrivateKey(SAMPLE.privateKey)) };

  test('selfTestSigning() shows the key of each, or of the one that is named', () => {
    const apps = parseMerchantSecret(secret(app('1'), app('2')));
    const both = ['1', '2'].map((appId) => ({ ...key, appId, appKey: `MM${appId}` }));
    expect(selfTestSigning(apps, { selfTest: true })).toEqual({ ok: true, apps: both, rsaSha1: 'node' });
    for (const appId of ['2', 2]) {
      expect(selfTestSigning(apps, { appId })).toEqual({ ok: true, ...both[1], rsaSha1: 'node' });
    }
    expect(() => selfTestSigning(apps, { appId: '3' })).toThrow('The appId is not of an app in the secret.');
    expect(() => selfTestSigning(apps, { appId: {} })).toThrow('The appId is not of an app in the secret.');
  });

  test('selfTestVerifying() shows the keys of each', () => {
    const apps = parseNotificationSecret(secret(app('1'), app('2')));
    const platformKeys = [{ keyBits: 1024, publicKey: PLATFORM.publicKey }];
    expect(selfTestVerifying(apps)).toEqual({
      ...{ ok: true, rsaSha1: 'node' },
      apps: [
        { appId: '1', platformKeys },
        { appId: '2', platformKeys },
      ],
    });
  });

  test.each([
    ['left out', { appKey: '' }, 'The secret’s apps[1].appKey must be a string that is not empty.'],
    ['found broken by it', { privateKey: 'x' }, 'The secret’s apps[1].privateKey is neither PEM'],
  ])('both say which one is %s, and test the others by name', (_name, more, message) => {
    const apps = parseMerchantSecret(secret(app('1'), app('2', more)));
    expect(() => selfTestSigning(apps)).toThrow(message);
    expect(() => selfTestSigning(apps, { appId: '2' })).toThrow(message);
    expect(selfTestSigning(apps, { appId: '1' })).toMatchObject({ ok: true, appId: '1' });
  });
});

test('both fail where the runtime does not verify what it signed', () => {
  const privateKey = readPrivateKey(SAMPLE.privateKey);
  for (const run of [
    () => selfTestSigning(onlyApp({ appId: '10026', appKey: 'MMM4oc', privateKey })),
    () => selfTestVerifying(onlyApp(verifying([]))),
  ]) {
    vi.mocked(verifyParams).mockReturnValueOnce(false);
    expect(run).toThrow(
      expect.objectContaining({
        code: 'INTERNAL_ERROR',
        message: 'This runtime cannot sign and verify with RSA-SHA1.',
      }),
    );
  }
});

test.each<[unknown, boolean]>([
  [{ selfTest: true }, true],
  [{ selfTest: true, orderId: '1' }, true],
  [{ selfTest: true, requestContext: {} }, false],
  [{ selfTest: 'true' }, false],
  [{}, false],
  [null, false],
  ['selfTest', false],
])('isSelfTest(%j) is %s', (event, expected) => {
  expect(isSelfTest(event)).toBe(expected);
});
