import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Finding } from '../../local/doctor/finding.ts';
import { diagnoseSecret } from '../../local/doctor/secret.ts';
import { about, expectTranslated, wordsOf } from './words.ts';

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
const small = generateKeyPairSync('rsa', { modulusLength: 768 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const ed25519 = generateKeyPairSync('ed25519');
const dsa = generateKeyPairSync('dsa', { modulusLength: 1024, divisorLength: 160 }).privateKey;
const pss = generateKeyPairSync('rsa-pss', { modulusLength: 1024 }).privateKey;

type PrivateType = 'pkcs1' | 'pkcs8' | 'sec1';
const pem = (key: KeyObject, type: PrivateType) => key.export({ format: 'pem', type }).toString();
const der = (key: KeyObject, type: PrivateType) => key.export({ format: 'der', type });
const bare = (key: KeyObject, type: PrivateType) => der(key, type).toString('base64');
const publicPem = (key: KeyObject, type: 'spki' | 'pkcs1' = 'spki') =>
  key.export({ format: 'pem', type }).toString();
const publicBare = publicKey.export({ format: 'der', type: 'spki' }).toString('base64');

const PKCS1 = pem(privateKey, 'pkcs1');
const PKCS8 = pem(privateKey, 'pkcs8');

/** A PEM block around bytes. */
const block = (label: string, bytes: Buffer) =>
  `-----BEGIN ${label}-----\n${bytes.toString('base64')}\n-----END ${label}-----\n`;

/** A DER value with a short length, which is all that the doctor looks at in what it cannot read. */
const value = (tag: number, ...content: Buffer[]) => {
  const bytes = Buffer.concat(content);
  return Buffer.concat([Buffer.from([tag, bytes.length]), bytes]);
};
const sequence = (...content: Buffer[]) => value(0x30, ...content);

/** A key in the form of OpenSSH, as far as the type of its public half: PROTOCOL.key. */
const openSsh = (type: string) =>
  block('OPENSSH PRIVATE KEY', Buffer.from(`openssh-key-v1\0\0\0\0\x04none\0\0\0\x04none\0\0\0\0${type}`));

const ecParameters = block('EC PARAMETERS', Buffer.from('06082a8648ce3d030107', 'hex'));
const sm2 = Buffer.from(
  der(ec, 'pkcs8').toString('hex').replace('2a8648ce3d030107', '2a811ccf5501822d'),
  'hex',
);
const pkcs12 = sequence(value(0x02, Buffer.of(3)), sequence(Buffer.alloc(9)));
const certificate = sequence(
  sequence(Buffer.alloc(9)),
  sequence(Buffer.alloc(9)),
  value(0x03, Buffer.alloc(9)),
);
const certificateAndKey = readFileSync(
  path.resolve(import.meta.dirname, '../examples/localhost.pem'),
  'utf8',
);

const locked = { cipher: 'aes-256-cbc', passphrase: 'x', format: 'pem' } as const;
const lockedBare = privateKey.export({ ...locked, format: 'der', type: 'pkcs8' }).toString('base64');

/** Said where no command makes a right key of what was pasted. */
const GENRSA = 'What belongs there is an RSA private key, as openssl genrsa';

function examine(field: 'privateKey' | 'platformPublicKey', key: unknown): Finding {
  const { findings } = diagnoseSecret(JSON.stringify({ appId: '10031', [field]: key }));
  expectTranslated(findings);
  return about(findings, field);
}

/** What must never be shown of a key: any 16 characters of a line of its base64. */
function expectNothingOf(key: unknown, words: string): void {
  for (const part of String(key).match(/[A-Za-z0-9+/]{16,}/g) ?? []) {
    expect(words).not.toContain(part.slice(0, 16));
    expect(words).not.toContain(part.slice(-16));
  }
}

describe('a private key', () => {
  test.each([
    ['PKCS#1, PEM, with line breaks', PKCS1],
    ['PKCS#8, PEM, with line breaks', PKCS8],
    ['PKCS#8, PEM, lines end in CRLF', PKCS8.replaceAll('\n', '\r\n')],
    ['PKCS#1, PEM, line breaks written as \\n', PKCS1.replaceAll('\n', '\\n')],
    ['PKCS#1, bare base64, on one line', bare(privateKey, 'pkcs1')],
    ['PKCS#8, bare base64, on one line', bare(privateKey, 'pkcs8')],
    ['PKCS#8, PEM, on one line', PKCS8.replaceAll('\n', ' ')],
  ])('is taken as %s', (_form, key) => {
    expect(examine('privateKey', key)).toMatchObject({
      level: 'good',
      text: { en: 'RSA, 1024 bits' },
    });
  });

  const base64 = bare(privateKey, 'pkcs8');

  test.each([
    [
      'of openssl ecparam -genkey',
      ecParameters + pem(ec, 'sec1'),
      'is a key of the kind EC, not RSA.',
      GENRSA,
    ],
    ['EC, PKCS#8', pem(ec, 'pkcs8'), 'is a key of the kind EC, not RSA.', GENRSA],
    ['EC, SEC 1, bare', bare(ec, 'sec1'), 'is a key of the kind EC, not RSA.', GENRSA],
    ['SM2', sm2.toString('base64'), 'is a key of the kind SM2, not RSA.', GENRSA],
    ['Ed25519', pem(ed25519.privateKey, 'pkcs8'), 'is a key of the kind ED25519, not RSA.', GENRSA],
    ['DSA', pem(dsa, 'pkcs8'), 'is a key of the kind DSA, not RSA.', GENRSA],
    ['DSA, old', block('DSA PRIVATE KEY', Buffer.alloc(9)), 'is a key of the kind DSA, not RSA.', GENRSA],
    ['RSA-PSS', pem(pss, 'pkcs8'), 'is a key of the kind RSA-PSS, not RSA.', GENRSA],
    ['too small', pem(small.privateKey, 'pkcs1'), 'has 768 bits; the least is 1024.', GENRSA],
    [
      'encrypted, PKCS#8',
      privateKey.export({ ...locked, type: 'pkcs8' }),
      'is encrypted with a passphrase',
      'openssl rsa -in encrypted.pem',
    ],
    [
      'encrypted, PKCS#1',
      privateKey.export({ ...locked, type: 'pkcs1' }),
      'is encrypted with a passphrase',
      'openssl rsa -in encrypted.pem',
    ],
    ['encrypted, bare', lockedBare, 'is encrypted with a passphrase', 'openssl rsa -in encrypted.pem'],
    ['of OpenSSH', openSsh('ssh-rsa'), 'is a key in OpenSSH’s own form.', 'ssh-keygen -p -m PEM'],
    ['of OpenSSH, Ed25519', openSsh('ssh-ed25519'), 'is a key in OpenSSH’s own form.', 'ssh-keygen'],
    ['of OpenSSH, public', `ssh-rsa AAAA${base64} me@here`, 'is a key in OpenSSH’s own form.', 'ssh-keygen'],
    ['of PuTTY', 'PuTTY-User-Key-File-3: ssh-rsa\nEncryption: none', 'is not base64: it is no key', ''],
    ['a JWK', privateKey.export({ format: 'jwk' }), 'must be a string.', ''],
    [
      'a JWK as text',
      JSON.stringify(privateKey.export({ format: 'jwk' })),
      'is not base64: it is no key',
      '',
    ],
    ['a p12', pkcs12.toString('base64'), 'is no key, or its beginning was cut', ''],
    [
      'a Java KeyStore',
      Buffer.from('feedfeed00000002', 'hex').toString('base64'),
      'is no key, or its beginning was cut',
      '',
    ],
    ['a certificate', block('CERTIFICATE', certificate), 'is a PEM of another kind (CERTIFICATE).', GENRSA],
    ['a certificate, bare', certificate.toString('base64'), 'is no key, or its beginning was cut', ''],
    ['another PEM', block('PKCS7', Buffer.alloc(9)), 'is a PEM of another kind (PKCS7).', GENRSA],
    ['with its certificate', certificateAndKey, 'has more in it than one key.', 'openssl rsa -in key.pem'],
    [
      'with attributes',
      `Bag Attributes\n    localKeyID: 01\n${PKCS8}`,
      'has more in it than one key.',
      'openssl rsa -in key.pem',
    ],
    ['in quotes', `"${PKCS8}"`, 'has more in it than one key.', 'openssl rsa -in key.pem'],
    ['public', publicPem(publicKey), 'is a public key; a private one belongs there.', GENRSA],
    ['public, bare', publicBare, 'is a public key; a private one belongs there.', GENRSA],
    [
      'public, PKCS#1',
      publicPem(publicKey, 'pkcs1'),
      'is a public key; a private one belongs there.',
      GENRSA,
    ],
    ['without its end', PKCS1.slice(0, 300), 'was cut or altered', 'It has 300 characters.'],
    ['without its beginning', PKCS1.slice(300), 'was cut or altered', 'characters'],
    ['cut in the middle', base64.slice(0, 300) + base64.slice(340), 'was cut: of its', '30 are missing'],
    ['cut, bare', base64.slice(0, 400), 'was cut: of its', 'are missing'],
    ['cut by a character', base64.slice(0, 401), 'was cut, or lost a character.', 'It has 401 characters.'],
    ['cut at its head', base64.slice(40), 'is no key, or its beginning was cut', 'begins with MI'],
    [
      'changed',
      `${base64.slice(0, 60)}${'AAAA'.repeat(20)}${base64.slice(140)}`,
      'is damaged: what it signs',
      '',
    ],
    [
      'changed in its head',
      `${base64.slice(0, 12)}AAAA${base64.slice(16)}`,
      'is damaged, or no key in PKCS#1, PKCS#8 or SPKI.',
      '',
    ],
    ['twice', `AAA${base64.replace(/=*$/, '=')}`.repeat(2), 'is not base64', ''],
    ['with other hyphens', PKCS8.replaceAll('-----', '----'), 'was cut or altered', ''],
    ['without blanks', PKCS8.replaceAll(/\s/g, ''), 'was cut or altered', ''],
    [
      'in the URL alphabet',
      `${base64.replaceAll('+', '-').replaceAll('/', '_')}_-`,
      'in the URL alphabet of base64',
      '',
    ],
    ['URL-encoded', `${encodeURIComponent(base64)}%2B`, 'is URL-encoded', ''],
    [
      'encoded twice',
      Buffer.from(PKCS8).toString('base64'),
      'is a PEM that was encoded in base64 once more.',
      'openssl base64 -d',
    ],
    ['binary', der(privateKey, 'pkcs8').toString('utf8'), 'is not base64: it is no key', ''],
    [
      'a file’s name',
      'merchant.pem',
      'is the name of a file, or a command or variable of the shell',
      '--rawfile',
    ],
    [
      'a file’s path',
      '/home/me/keys/merchant.key',
      'is the name of a file, or a command or variable of the shell',
      '--rawfile',
    ],
    [
      'a file’s URL',
      'file://merchant.pem',
      'is the name of a file, or a command or variable of the shell',
      '--rawfile',
    ],
    ['a command', '$(cat merchant.pem)', 'is the name of a file, or a command or variable of the shell', ''],
    ['a variable', '$PRIVATE_KEY', 'is the name of a file, or a command or variable of the shell', ''],
    ['empty', '', 'is empty.', GENRSA],
    [
      'the placeholder',
      '-----BEGIN PRIVATE KEY-----\nMIIE…\n-----END PRIVATE KEY-----\n',
      'is a placeholder',
      '',
    ],
    ['nonsense', 'nonsense!', 'is not base64: it is no key', ''],
    ['no string', 7, 'must be a string.', ''],
    ['missing', undefined, 'is missing.', ''],
  ])('is refused that is %s', (_name, key, text, advice) => {
    const found = examine('privateKey', key);
    expect(found.level).toBe('bad');
    expect(found.text.en).toContain(text);
    expect(wordsOf(found)).toContain(advice);
    expectNothingOf(typeof key === 'object' ? JSON.stringify(key) : key, wordsOf(found));
  });
});

describe('a platform key', () => {
  test.each([
    ['SPKI, bare base64, on one line', publicBare],
    ['SPKI, PEM, with line breaks', publicPem(publicKey)],
    ['PKCS#1, PEM, with line breaks', publicPem(publicKey, 'pkcs1')],
  ])('is taken as %s', (_form, key) => {
    const found = examine('platformPublicKey', key);
    expect(found).toMatchObject({ level: 'good', text: { en: 'RSA, 1024 bits' } });
  });

  const CONSOLE = 'What belongs there is 平台公钥';

  test.each([
    ['private', PKCS1, 'is a private key; a public one belongs there.', CONSOLE],
    ['private, bare', bare(privateKey, 'pkcs8'), 'is a private key; a public one belongs there.', CONSOLE],
    ['encrypted', privateKey.export({ ...locked, type: 'pkcs8' }), 'is encrypted with a passphrase', CONSOLE],
    ['a certificate', block('CERTIFICATE', certificate), 'is a PEM of another kind (CERTIFICATE).', CONSOLE],
    ['Ed25519', publicPem(ed25519.publicKey), 'is a key of the kind ED25519, not RSA.', CONSOLE],
    ['too small', publicPem(small.publicKey), 'has 768 bits; the least is 1024.', CONSOLE],
    ['cut', publicBare.slice(0, -20), 'was cut: of its 162 bytes', CONSOLE],
    ['the placeholder', 'MIGfMA0GCSqGSIb3DQEBAQUAA4GN…', 'is a placeholder', ''],
    ['empty', '', 'is empty.', 'leave the field out'],
  ])('is refused that is %s', (_name, key, text, advice) => {
    const found = examine('platformPublicKey', key);
    expect(found.level).toBe('bad');
    expect(found.text.en).toContain(text);
    expect(wordsOf(found)).toContain(advice);
    expect(wordsOf(found)).not.toContain('merchant.pem');
  });
});
