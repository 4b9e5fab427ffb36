import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readPublicKey } from '../../../local/cashier/signature/keys.ts';
import { canonicalText, encodeValues, sign, verify } from '../../../local/cashier/signature/signature.ts';
import vectors from './vectors.json' with { type: 'json' };

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });

describe('vectors that Baidu published', () => {
  test.each(vectors.sign)('$source: text and signature, byte for byte', (vector) => {
    const key = createPrivateKey(vector.privateKey);
    expect(canonicalText(vector.params)).toBe(vector.text);
    expect(sign(vector.params, key)).toBe(vector.signature);
    expect(verify(vector.params, vector.signature, createPublicKey(key))).toBe(true);
    expect(verify({ ...vector.params, totalAmount: '11301' }, vector.signature, createPublicKey(key))).toBe(
      false,
    );
  });

  test.each(vectors.notification)('$source: a notification of 2018 verifies', (vector) => {
    const params = Object.fromEntries(new URLSearchParams(vector.body));
    const signature = params['rsaSign'] ?? '';
    const key = readPublicKey(vector.platformPublicKey);
    expect(verify(params, signature, key)).toBe(true);
    expect(verify({ ...params, promoDetail: 'x' }, signature, key)).toBe(false);
    expect(verify(params, signature, publicKey)).toBe(false);
  });
});

describe('canonicalText(params)', () => {
  test('orders by the bytes of the names, I before K, and keeps empty values', () => {
    expect(canonicalText({ appKey: 'b', appId: 'a', promoDetail: '', Z: '1', é: '2' })).toBe(
      'Z=1&appId=a&appKey=b&promoDetail=&é=2',
    );
  });

  test('leaves sign, sign_type and rsaSign out, and nothing else', () => {
    expect(canonicalText({ sign: '1', sign_type: '2', rsaSign: '3', Sign: '4' })).toBe('Sign=4');
  });

  test('takes values as they are, never URL-encoded', () => {
    expect(canonicalText({ a: '100% & 中文 +/=' })).toBe('a=100% & 中文 +/=');
  });
});

test('encodeValues() writes values as Go’s url.QueryEscape does', () => {
  expect(encodeValues({ status: '-1', returnData: '少糖(热)! 加*冰~_.&=/', promoDetail: '' })).toEqual({
    status: '-1',
    returnData: '%E5%B0%91%E7%B3%96%28%E7%83%AD%29%21+%E5%8A%A0%2A%E5%86%B0~_.%26%3D%2F',
    promoDetail: '',
  });
});

describe('verify(params, signature, publicKey)', () => {
  test('accepts what sign made, and refuses it with any value changed', () => {
    const params = fc.dictionary(fc.string({ minLength: 1 }), fc.string({ unit: 'grapheme' }));
    fc.assert(
      fc.property(params, fc.string({ minLength: 1 }), (given, extra) => {
        const signature = sign(given, privateKey);
        expect(verify(given, signature, publicKey)).toBe(true);
        expect(verify({ ...given, changed: extra }, signature, publicKey)).toBe(false);
      }),
      { numRuns: 50 },
    );
  });

  test('accepts a signature without padding, refuses one that is not base64 or has bits to spare', () => {
    const signature = sign({ a: '1' }, privateKey);
    expect(verify({ a: '1' }, signature.replace(/=+$/, ''), publicKey)).toBe(true);
    expect(verify({ a: '1' }, '', publicKey)).toBe(false);
    expect(verify({ a: '1' }, `${signature}\n`, publicKey)).toBe(false);
    expect(verify({ a: '1' }, signature.replaceAll('+', ' ').replace(/^./, ' '), publicKey)).toBe(false);
  });
});
