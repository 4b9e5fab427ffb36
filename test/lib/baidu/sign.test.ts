import { createHash, createPublicKey, generateKeyPairSync, privateEncrypt, sign } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { canonicalText } from '../../../lib/baidu/canonical.ts';
import { readPrivateKey, readPublicKey } from '../../../lib/baidu/keys.ts';
import { signParams, verifyParams } from '../../../lib/baidu/sign.ts';
import { anyText } from '../../support/any-text.ts';
import { PLATFORM, SAMPLE } from '../../support/vectors.ts';

const samplePrivate = readPrivateKey(SAMPLE.privateKey);
const samplePublic = createPublicKey(samplePrivate);
const platformKey = readPublicKey(PLATFORM.publicKey);
const platformParams = Object.fromEntries(new URLSearchParams(PLATFORM.body));
const platformSign = platformParams['rsaSign'] ?? '';

describe('canonicalText()', () => {
  test('orders by the bytes of the names and keeps empty values', () => {
    expect(canonicalText({ appKey: 'k', b: '', appId: '1' })).toBe('appId=1&appKey=k&b=');
  });

  test('orders by UTF-8 bytes, not by UTF-16 units', () => {
    expect(canonicalText({ '\u{1F600}': '2', '\uFF5E': '1' })).toBe('\uFF5E=1&\u{1F600}=2');
  });

  test('compares bytes only where a name lies beyond U+FFFF', () => {
    const compare = vi.spyOn(Buffer, 'compare');
    expect(canonicalText({ 名: '2', b: '1', a: '' })).toBe('a=&b=1&名=2');
    expect(compare).not.toHaveBeenCalled();
    compare.mockRestore();
  });

  test('leaves out the signature’s own names and nothing else', () => {
    expect(canonicalText({ sign: 'a', sign_type: 'RSA', rsaSign: 'b', Sign: 'c' })).toBe('Sign=c');
  });

  test('takes values as they are, not URL-encoded', () => {
    expect(canonicalText({ a: '支付 &=%2B+' })).toBe('a=支付 &=%2B+');
  });

  test('refuses a value that is no string', () => {
    const params = { orderId: 1920891312 } as unknown as Record<string, string>;
    expect(() => canonicalText(params)).toThrow(new TypeError('The value of orderId must be a string.'));
  });

  test('refuses a lone surrogate', () => {
    expect(() => canonicalText({ a: '\ud800' })).toThrow('lone surrogate');
  });

  test('equals a model that knows nothing of it', () => {
    const model = (params: Record<string, string>) =>
      Object.keys(params)
        .filter((name) => name !== 'sign' && name !== 'sign_type' && name !== 'rsaSign')
        .map((name) => Buffer.from(name).toString('hex'))
        .sort()
        .map((hex) => Buffer.from(hex, 'hex').toString())
        .map((name) => `${name}=${params[name]}`)
        .join('&');
    const names = fc.oneof(anyText(), fc.constantFrom('sign', 'sign_type', 'rsaSign', '__proto__'));
    fc.assert(
      fc.property(fc.dictionary(names, anyText()), (params) => {
        expect(canonicalText(params)).toBe(model(params));
      }),
      { numRuns: 2000 },
    );
  });
});

describe('signParams()', () => {
  test('makes the signature that Baidu prints', () => {
    expect(canonicalText(SAMPLE.params)).toBe(SAMPLE.text);
    expect(signParams(SAMPLE.params, samplePrivate)).toBe(SAMPLE.signature);
  });

  test('takes no public key', () => {
    expect(() => signParams({ a: '1' }, samplePublic)).toThrow('The key is a public key, not a private one.');
  });

  test.each([
    ['EC', generateKeyPairSync('ec', { namedCurve: 'P-256' }), 'The key must be RSA, not ec.'],
    ['RSA-PSS', generateKeyPairSync('rsa-pss', { modulusLength: 1024 }), 'The key must be RSA, not rsa-pss.'],
    [
      '512 bits',
      generateKeyPairSync('rsa', { modulusLength: 512 }),
      'The key has 512 bits; the least is 1024.',
    ],
  ])('takes no key of another kind: %s', (_name, { privateKey, publicKey }, message) => {
    expect(() => signParams({ a: '1' }, privateKey)).toThrow(message);
    expect(() => verifyParams({ a: '1' }, SAMPLE.signature, publicKey)).toThrow(message);
  });
});

test('a key that is good is looked at once, and still for one use only', () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
  const details = vi.spyOn(publicKey, 'asymmetricKeyDetails', 'get');
  const signature = signParams(SAMPLE.params, privateKey);
  for (let turn = 0; turn < 3; turn++) expect(verifyParams(SAMPLE.params, signature, publicKey)).toBe(true);
  expect(details).toHaveBeenCalledTimes(1);
  expect(() => signParams(SAMPLE.params, publicKey)).toThrow('is a public key');
});

describe('verifyParams()', () => {
  test('accepts what Baidu’s platform signed', () => {
    expect(verifyParams(platformParams, platformSign, platformKey)).toBe(true);
  });

  test('accepts a signature without its padding', () => {
    expect(verifyParams(platformParams, platformSign.replace(/=+$/, ''), platformKey)).toBe(true);
  });

  test('refuses the merchant’s own key', () => {
    expect(verifyParams(platformParams, platformSign, samplePublic)).toBe(false);
  });

  test('takes no private key', () => {
    expect(() => verifyParams(SAMPLE.params, SAMPLE.signature, samplePrivate)).toThrow('is a private key');
  });

  const start = SAMPLE.signature.slice(0, -1);
  test.each([
    ['empty', ''],
    ['a blank inside', `${start.slice(0, 40)} ${start.slice(40)}=`],
    ['a new line at the end', `${SAMPLE.signature}\n`],
    ['the URL alphabet', SAMPLE.signature.replaceAll('+', '-').replaceAll('/', '_')],
    ['text behind the padding', `${SAMPLE.signature}AAAA`],
    ['too much padding', `${SAMPLE.signature}=`],
    ['stray bits in the last character', `${start.slice(0, -1)}1=`],
    ['a NUL', `${SAMPLE.signature}\0`],
    ['one byte less', Buffer.from(SAMPLE.signature, 'base64').subarray(1).toString('base64')],
    [
      'a zero byte before',
      Buffer.concat([Buffer.of(0), Buffer.from(SAMPLE.signature, 'base64')]).toString('base64'),
    ],
  ])('refuses base64 that is not canonical, or of another length: %s', (_name, signature) => {
    expect(Buffer.from(signature, 'base64')).toBeInstanceOf(Buffer);
    expect(verifyParams(SAMPLE.params, signature, samplePublic)).toBe(false);
  });

  test('refuses SHA-256, and PKCS#1 padding with the digest laid bare', () => {
    const text = Buffer.from(SAMPLE.text);
    const sha256 = sign('RSA-SHA256', text, samplePrivate).toString('base64');
    const bare = privateEncrypt(samplePrivate, createHash('sha1').update(text).digest()).toString('base64');
    expect(verifyParams(SAMPLE.params, sha256, samplePublic)).toBe(false);
    expect(verifyParams(SAMPLE.params, bare, samplePublic)).toBe(false);
  });

  test('accepts what signParams() made of any parameters, and nothing with one character changed', () => {
    const text = anyText({ maxLength: 20 });
    const params = fc.dictionary(text, text, { minKeys: 1, maxKeys: 8 });
    fc.assert(
      fc.property(params, fc.nat(), fc.nat({ max: 255 }), (signed, position, byte) => {
        const signature = signParams(signed, samplePrivate);
        expect(verifyParams(signed, signature, samplePublic)).toBe(true);

        const names = Object.keys(signed);
        const name = names[position % names.length] ?? '';
        const changed = { ...signed, [name]: `${signed[name]}x` };
        expect(verifyParams(changed, signature, samplePublic)).toBe(
          canonicalText(changed) === canonicalText(signed),
        );

        const bytes = Buffer.from(signature, 'base64');
        const index = position % bytes.length;
        const was = bytes[index];
        bytes[index] = byte;
        expect(verifyParams(signed, bytes.toString('base64'), samplePublic)).toBe(was === byte);
      }),
      { numRuns: 500 },
    );
  });
});
