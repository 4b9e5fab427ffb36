import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { readPrivateKey } from '../../lib/keys.ts';
import { selfTest } from '../../lib/self-test.ts';
import { SAMPLE } from '../support/vectors.ts';

describe('selfTest()', () => {
  test('signs, verifies, and shows the key as Baidu’s console does', () => {
    const privateKey = readPrivateKey(SAMPLE.privateKey);
    expect(selfTest({ appId: '10026', appKey: 'MMM4oc', privateKey })).toEqual({
      ok: true,
      keyBits: 1024,
      publicKey: createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).toString('base64'),
      appId: '10026',
      appKey: 'MMM4oc',
    });
  });

  test('fails, and keeps why, where the runtime cannot sign with the key', () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    expect(() => selfTest({ appId: '10026', appKey: 'MMM4oc', privateKey })).toThrow(
      expect.objectContaining({
        code: 'INTERNAL_ERROR',
        message: 'This runtime cannot sign with RSA-SHA1 and the loaded key.',
        cause: new TypeError('The key must be RSA, not ec.'),
      }),
    );
  });
});
