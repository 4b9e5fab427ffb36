import { createPrivateKey, createPublicKey, createSecretKey, generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { keyBits, keyFault, publicKeyText, readPrivateKey, readPublicKey } from '../../../lib/baidu/keys.ts';
import { signParams } from '../../../lib/baidu/sign.ts';
import { PLATFORM, SAMPLE } from '../../support/vectors.ts';

const pkcs1 = SAMPLE.privateKey;
const pkcs8 = readPrivateKey(pkcs1).export({ format: 'pem', type: 'pkcs8' }).toString();
const publicPem = createPublicKey(pkcs1).export({ format: 'pem', type: 'spki' }).toString();
const publicPkcs1 = createPublicKey(pkcs1).export({ format: 'pem', type: 'pkcs1' }).toString();
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const small = generateKeyPairSync('rsa', { modulusLength: 1023 });
const bare = (pem: string) => pem.replace(/-----[^-]+-----|\s/g, '');

const WRITINGS: [string, (pem: string) => string][] = [
  ['PEM', (pem) => pem],
  ['\\n as two characters', (pem) => pem.replaceAll('\n', '\\n')],
  ['\\r\\n as four characters', (pem) => pem.replaceAll('\n', '\\r\\n')],
  ['\\n escaped twice', (pem) => pem.replaceAll('\n', '\\\\n')],
  ['CRLF', (pem) => pem.replaceAll('\n', '\r\n')],
  ['no line breaks', (pem) => pem.replaceAll('\n', '')],
  ['the label of the other encoding', (pem) => pem.replaceAll(' RSA', '')],
  ['blanks for line breaks', (pem) => pem.replaceAll('\n', ' ')],
  ['blank lines around', (pem) => `\n\n  ${pem}\n\n`],
  ['bare base64', bare],
  ['bare base64 in lines', (pem) => pem.replace(/-----[^-]+-----\n/g, '')],
  [
    'bare base64 with \\n as two characters',
    (pem) => pem.replace(/-----[^-]+-----\n/g, '').replaceAll('\n', '\\n'),
  ],
];

/** The sample key with a bit of some of its numbers flipped, at an offset in bytes; OpenSSL still reads it. */
function damaged(names: readonly ('n' | 'd' | 'dp')[], at: number): string {
  const jwk = createPrivateKey(pkcs1).export({ format: 'jwk' });
  for (const name of names) {
    const number = Buffer.from(jwk[name] ?? '', 'base64url');
    number.writeUInt8((number.at(at) ?? 0) ^ 1, at < 0 ? number.length + at : at);
    jwk[name] = number.toString('base64url');
  }
  const key = createPrivateKey({ key: jwk, format: 'jwk' });
  return key.export({ format: 'pem', type: 'pkcs1' }).toString();
}

describe('readPrivateKey()', () => {
  test.each(WRITINGS)('reads PKCS#1 and PKCS#8 written as %s', (_name, write) => {
    for (const pem of [pkcs1, pkcs8]) {
      expect(signParams(SAMPLE.params, readPrivateKey(write(pem)))).toBe(SAMPLE.signature);
    }
  });

  test.each([
    ['another modulus', damaged(['n'], 0)],
    ['a modulus with which nothing can be signed', damaged(['n'], -1)],
    ['other exponents', damaged(['d', 'dp'], 5)],
  ])('refuses a damaged key: %s', (_name, pem) => {
    expect(() => readPrivateKey(pem)).toThrow(
      'The secret’s privateKey is damaged: what it signs does not verify; copy it again.',
    );
  });

  test('reads 2048 bits', () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const pem = privateKey.export({ format: 'pem', type: 'pkcs1' }).toString();
    expect(readPrivateKey(pem).equals(privateKey)).toBe(true);
  });

  test.each([
    ['a public key as PEM', publicPem, 'is a public key; a private one belongs there'],
    ['a public key as bare base64', bare(publicPem), 'is a public key; a private one belongs there'],
    ['EC', ec.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(), 'must be RSA, not ec'],
    [
      'EC in its own PEM',
      ec.privateKey.export({ format: 'pem', type: 'sec1' }).toString(),
      'is a PEM of another kind',
    ],
    ['1023 bits', small.privateKey.export({ format: 'pem', type: 'pkcs1' }).toString(), 'has 1023 bits'],
    [
      'encrypted',
      small.privateKey
        .export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'x' })
        .toString(),
      'is encrypted with a passphrase',
    ],
    [
      'encrypted, in the old way',
      small.privateKey
        .export({ format: 'pem', type: 'pkcs1', cipher: 'aes-256-cbc', passphrase: 'x' })
        .toString(),
      'is encrypted with a passphrase',
    ],
    ['cut', pkcs1.slice(0, 300), 'is neither PEM nor bare base64'],
    ['cut inside the base64', pkcs1.replace(/MIIC.{60}\n/, ''), 'is not an RSA private key'],
    ['empty', '', 'is neither PEM nor bare base64'],
    ['words before it', `Bag Attributes\n${pkcs1}`, 'is neither PEM nor bare base64'],
    ['words behind it', `${pkcs1}\nBag Attributes`, 'is neither PEM nor bare base64'],
    ['a PKCS#1 public key as PEM', publicPkcs1, 'is a public key; a private one belongs there'],
    ['words', 'My key is secret.', 'is neither PEM nor bare base64'],
  ])('refuses %s, without a word of it', (_name, text, message) => {
    let thrown: unknown;
    try {
      readPrivateKey(text);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toHaveProperty('code', 'CONFIGURATION_UNAVAILABLE');
    expect(thrown).not.toHaveProperty('cause');
    expect(String(thrown)).toContain(`The secret’s privateKey ${message}`);
    if (text.length > 100) expect(String(thrown)).not.toContain(text.slice(60, 80));
  });
});

describe('readPublicKey()', () => {
  test.each(WRITINGS)('reads SPKI written as %s', (_name, write) => {
    expect(publicKeyText(readPublicKey(write(publicPem)))).toBe(bare(publicPem));
  });

  test('reads PKCS#1', () => {
    expect(publicKeyText(readPublicKey(publicPkcs1))).toBe(bare(publicPem));
  });

  test('reads the key that Baidu’s console shows', () => {
    expect(publicKeyText(readPublicKey(PLATFORM.publicKey))).toBe(PLATFORM.publicKey);
  });

  test.each([
    ['a private key as PEM', pkcs1, 'is a private key; a public one belongs there'],
    ['a private key as bare base64', bare(pkcs1), 'is a private key'],
    ['a private key as bare PKCS#8', bare(pkcs8), 'is a private key'],
    ['EC', ec.publicKey.export({ format: 'pem', type: 'spki' }).toString(), 'must be RSA, not ec'],
    ['1023 bits', small.publicKey.export({ format: 'pem', type: 'spki' }).toString(), 'has 1023 bits'],
    [
      'a certificate',
      publicPem.replaceAll('PUBLIC KEY', 'CERTIFICATE'),
      'is a PEM of another kind (CERTIFICATE)',
    ],
    ['no key', 'AAAA', 'is not an RSA public key in SPKI, as Baidu’s console shows it.'],
  ])('refuses %s', (_name, text, message) => {
    expect(() => readPublicKey(text)).toThrow(`The secret’s platformPublicKey ${message}`);
  });
});

test.each([readPrivateKey, readPublicKey])('%o says so where the variable of a key is not set', (readKey) => {
  // @ts-expect-error: what a program without types hands over
  expect(() => readKey(undefined)).toThrow(TypeError);
});

describe('publicKeyText()', () => {
  test('is the public half of a private key', () => {
    expect(publicKeyText(readPrivateKey(pkcs1))).toBe(bare(publicPem));
  });
});

describe('keyBits()', () => {
  test('is the size of an RSA key, and 0 for any other', () => {
    expect(keyBits(readPrivateKey(pkcs1))).toBe(1024);
    expect(keyBits(ec.publicKey)).toBe(0);
    expect(keyBits(createSecretKey(Buffer.alloc(32)))).toBe(0);
  });
});

describe('keyFault()', () => {
  test('says what is wrong with a key, each time', () => {
    for (let count = 0; count < 2; count++) {
      expect(keyFault(createSecretKey(Buffer.alloc(32)))).toBe('must be RSA, not symmetric');
      expect(keyFault(ec.publicKey)).toBe('must be RSA, not ec');
      expect(keyFault(small.publicKey)).toBe('has 1023 bits; the least is 1024');
    }
  });
});
