import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { describe, expect, test, vi } from 'vitest';
import { readPrivateKey, readPublicKey } from '../../lib/baidu/keys.ts';
import { verifyParams } from '../../lib/baidu/sign.ts';
import { isSelfTest, selfTestSigning, selfTestVerifying } from '../../lib/self-test.ts';
import { PLATFORM, SAMPLE } from '../support/vectors.ts';

vi.mock(import('../../lib/baidu/sign.ts'), { spy: true });

describe('selfTestSigning()', () => {
  test('signs, verifies, and shows the key as Baidu’s console does', () => {
    const privateKey = readPrivateKey(SAMPLE.privateKey);
    expect(selfTestSigning({ appId: '10026', appKey: 'MMM4oc', privateKey })).toEqual({
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
    expect(() => selfTestSigning({ appId: '10026', appKey: 'MMM4oc', privateKey })).toThrow(
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
  expect(selfTestVerifying({ platformKeys: [key], dealIds: undefined })).toEqual({
    ok: true,
    platformKeys: [{ keyBits: 1024, publicKey: PLATFORM.publicKey }],
    rsaSha1: 'node',
  });
});

test('both fail where the runtime does not verify what it signed', () => {
  const privateKey = readPrivateKey(SAMPLE.privateKey);
  for (const run of [
    () => selfTestSigning({ appId: '10026', appKey: 'MMM4oc', privateKey }),
    () => selfTestVerifying({ platformKeys: [], dealIds: undefined }),
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
