import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { Finding } from '../../local/doctor/finding.ts';
import { diagnoseSecret } from '../../local/doctor/secret.ts';
import { PLATFORM, SAMPLE } from '../support/vectors.ts';

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
const pem = (key: KeyObject, type: 'pkcs1' | 'pkcs8') => key.export({ format: 'pem', type }).toString();
const bare = (key: KeyObject, type: 'pkcs1' | 'pkcs8') =>
  key.export({ format: 'der', type }).toString('base64');
const ownPublicKey = createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).toString('base64');
const TOKEN = 'a-token-of-the-mini-programs-backend';

const SECRET = {
  appId: '10026',
  appKey: 'MMM4oc',
  privateKey: pem(privateKey, 'pkcs1'),
  platformPublicKey: PLATFORM.publicKey,
  apiTokens: [TOKEN],
  dealId: '2500207776',
};

const diagnose = (changes: Record<string, unknown> = {}) =>
  diagnoseSecret(JSON.stringify({ ...SECRET, ...changes })).findings;

function about(findings: readonly Finding[], subject: string): Finding {
  const found = findings.find((finding) => finding.subject === subject);
  if (!found) throw new Error(`Nothing was found about ${subject}.`);
  return found;
}

const levels = (findings: readonly Finding[]) =>
  Object.fromEntries(findings.map(({ subject, level }) => [subject, level]));

describe('diagnoseSecret', () => {
  test('finds a good secret good, and shows the public keys to compare', () => {
    const findings = diagnose();
    expect(levels(findings)).toEqual({
      appId: 'good',
      appKey: 'good',
      privateKey: 'good',
      platformPublicKey: 'good',
      'apiTokens[0]': 'good',
      dealId: 'good',
      SHA1withRSA: 'good',
    });
    expect(about(findings, 'privateKey').detail).toContain(ownPublicKey);
    expect(about(findings, 'platformPublicKey').detail).toContain(PLATFORM.publicKey);
  });

  test('finds every fault at once', () => {
    const findings = diagnose({
      appId: 'abc',
      appKey: '',
      privateKey: 'nonsense!',
      platformPublicKey: undefined,
      apiTokens: ['short', TOKEN],
      dealId: 'x',
    });
    expect(levels(findings)).toEqual({
      appId: 'bad',
      appKey: 'bad',
      privateKey: 'bad',
      platformPublicKey: 'bad',
      'apiTokens[0]': 'bad',
      'apiTokens[1]': 'good',
      dealId: 'bad',
    });
  });

  test.each([
    [pem(privateKey, 'pkcs1'), 'PKCS#1, PEM, with line breaks; RSA, 1024 bits'],
    [pem(privateKey, 'pkcs8'), 'PKCS#8, PEM, with line breaks; RSA, 1024 bits'],
    [pem(privateKey, 'pkcs8').replaceAll('\n', '\r\n'), 'PKCS#8, PEM, lines end in CRLF; RSA, 1024 bits'],
    [
      pem(privateKey, 'pkcs1').replaceAll('\n', '\\n'),
      'PKCS#1, PEM, line breaks written as \\n; RSA, 1024 bits',
    ],
    [bare(privateKey, 'pkcs1'), 'PKCS#1, bare base64, on one line; RSA, 1024 bits'],
    [bare(privateKey, 'pkcs8'), 'PKCS#8, bare base64, on one line; RSA, 1024 bits'],
  ])('names the form of a private key', (key, form) => {
    expect(about(diagnose({ privateKey: key }), 'privateKey')).toMatchObject({
      level: 'good',
      text: { en: form },
    });
  });

  const ecKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const smallKey = generateKeyPairSync('rsa', { modulusLength: 768 }).privateKey;
  const encrypted = privateKey
    .export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'x' })
    .toString();

  test.each([
    [undefined, 'is missing.', '缺失。'],
    [
      encrypted,
      'is encrypted with a passphrase; store the key without one.',
      '带有口令加密，请保存不带口令的密钥。',
    ],
    [ownPublicKey, 'is not an RSA private key', '不是 PKCS#1 或 PKCS#8 格式的 RSA 私钥。'],
    [pem(privateKey, 'pkcs1').slice(0, 300), 'is neither PEM nor bare base64, or was cut.', '被截断了'],
    [pem(smallKey, 'pkcs1'), 'has 768 bits; the least is 1024.', '只有 768 位，至少要 1024 位。'],
    [pem(ecKey, 'pkcs8'), 'must be RSA, not ec.', '必须是 RSA 密钥，而不是 ec。'],
    [
      '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----',
      'is a PEM of another kind (CERTIFICATE).',
      '是另一种 PEM（CERTIFICATE）。',
    ],
    [SAMPLE.privateKey, 'is the sample key that Baidu prints', '示例密钥'],
  ])('says what is wrong with a private key', (key, en, zh) => {
    const { level, text } = about(diagnose({ privateKey: key }), 'privateKey');
    expect(level).toBe('bad');
    expect(text.en).toContain(en);
    expect(text.zh).toContain(zh);
  });

  test.each([
    [ownPublicKey, 'is your own public key'],
    [SECRET.privateKey, 'is a private key; a public one belongs there.'],
    [bare(privateKey, 'pkcs8'), 'is a private key; a public one belongs there.'],
    [PLATFORM.publicKey.slice(0, -20), 'is not an RSA public key in SPKI'],
    [42, 'must be a string, or a list of such.'],
    [null, 'is missing: no payment notification can be verified.'],
  ])('says what is wrong with a platform key', (key, en) => {
    const { level, text } = about(diagnose({ platformPublicKey: key }), 'platformPublicKey');
    expect(level).toBe('bad');
    expect(text.en).toContain(en);
  });

  test('examines each of several platform keys', () => {
    const findings = diagnose({ platformPublicKey: [PLATFORM.publicKey, ownPublicKey] });
    expect(levels(findings)).toMatchObject({ 'platformPublicKey[0]': 'good', 'platformPublicKey[1]': 'bad' });
  });

  test.each([
    [['short'], 'apiTokens[0]', 'bad', 'has 5 characters; it needs at least 32.'],
    [[`${TOKEN} x`], 'apiTokens[0]', 'bad', 'no HTTP header can carry it'],
    [[7], 'apiTokens[0]', 'bad', 'is not a string.'],
    [[TOKEN, TOKEN], 'apiTokens[1]', 'note', 'is the same as one before it.'],
    [[TOKEN, `${TOKEN}2`], 'apiTokens[1]', 'good', '37 characters'],
    [[], 'apiTokens', 'bad', 'must be a list of strings, one at least.'],
    [TOKEN, 'apiTokens', 'bad', 'must be a list of strings, one at least.'],
    [undefined, 'apiTokens', 'bad', 'is missing.'],
  ])('examines the tokens %j', (apiTokens, subject, level, en) => {
    const found = about(diagnose({ apiTokens }), subject);
    expect(found.level).toBe(level);
    expect(found.text.en).toContain(en);
  });

  test.each([
    [{ appId: 10026 }, 'appId', 'good', '10026'],
    [{ appId: 0 }, 'appId', 'bad', 'must be a positive whole number, or its digits.'],
    [{ appKey: 'MMM4oc ' }, 'appKey', 'bad', 'has blanks before or behind it'],
    [{ appKey: 7 }, 'appKey', 'bad', 'must be a string that is not empty.'],
    [{ dealId: [1, '2'] }, 'dealId', 'good', '1, 2'],
    [{ dealId: undefined }, 'dealId', 'note', 'is not given'],
    [{ dealId: '01' }, 'dealId', 'bad', 'must be digits, or a list of such.'],
    [{ platform_public_key: '' }, 'platform_public_key', 'bad', 'platformPublicKey is meant?'],
    [{ privatekey: '' }, 'privatekey', 'bad', 'privateKey is meant?'],
    [{ comment: '' }, 'comment', 'note', 'is not a field that the service reads.'],
  ])('examines the field in %j', (changes, subject, level, en) => {
    const found = about(diagnose(changes), subject);
    expect(found.level).toBe(level);
    expect(found.text.en).toContain(en);
  });

  test.each([
    ['', 'is empty'],
    ['nonsense', 'is not JSON: it must be an object'],
    [SECRET.privateKey, 'but a key by itself'],
    [bare(privateKey, 'pkcs8'), 'but a key by itself'],
    [`\ufeff${JSON.stringify(SECRET)}`, 'byte order mark'],
    [JSON.stringify(JSON.stringify(SECRET)), 'encoded twice'],
    ['[]', 'not an object'],
    ['{"appId": "1",}', 'line 1, column 15: it has a comma too many'],
    ['{\n  “appId”: "1"}', 'line 2, column 3: it holds curly quotes'],
    ['{"privateKey": "-----BEGIN RSA PRIVATE KEY-----\nMIIC"}', 'real line breaks'],
    ['{"appId": "1"', 'is not JSON, at line 1'],
  ])('says why %j cannot be read', (text, en) => {
    const [found, ...more] = diagnoseSecret(text).findings;
    expect(more).toEqual([]);
    expect(found).toMatchObject({ level: 'bad', subject: 'JSON' });
    expect(found?.text.en).toContain(en);
  });

  test('has Chinese words for every finding', () => {
    const cases = [{}, { appId: 'x', appKey: '', dealId: 'x', apiTokens: [7], platformPublicKey: 42 }];
    for (const { text } of cases.flatMap((changes) => diagnose(changes))) {
      expect(text.zh).toMatch(/\p{Script=Han}|^[\w ,]+$/u);
    }
  });
});
