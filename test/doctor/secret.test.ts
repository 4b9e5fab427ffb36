import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { publicKeyText } from '../../lib/baidu/keys.ts';
import type { Finding } from '../../local/doctor/finding.ts';
import { diagnoseSecret } from '../../local/doctor/secret.ts';
import { SAMPLE } from '../support/vectors.ts';
import { about, expectTranslated } from './words.ts';

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
const pem = (key: KeyObject, type: 'pkcs1' | 'pkcs8') => key.export({ format: 'pem', type }).toString();
const ownPublicKey = publicKeyText(privateKey);
const TOKEN = 'a-token-of-the-mini-programs-backend';

const platformKey = publicKeyText(generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey);

const SECRET = {
  appId: '10031',
  appKey: 'MMMx7q',
  privateKey: pem(privateKey, 'pkcs1'),
  platformPublicKey: platformKey,
  apiTokens: [TOKEN],
  dealId: '470193087',
};

const diagnose = (changes: Record<string, unknown> = {}) =>
  diagnoseSecret(JSON.stringify({ ...SECRET, ...changes })).findings;

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
      smartAppKey: 'note',
    });
    expect(about(findings, 'privateKey').detail).toContain(ownPublicKey);
    expect(about(findings, 'platformPublicKey').detail).toContain(platformKey);
  });

  test('finds every fault at once', () => {
    const findings = diagnose({
      appId: 'abc',
      appKey: '',
      privateKey: 'nonsense!',
      platformPublicKey: 'x',
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
      smartAppKey: 'note',
    });
  });

  test.each([
    [undefined, 'is missing.', '缺失。'],
    [7, 'must be a string.', '必须是字符串。'],
    [SAMPLE.privateKey, 'is of a sample pair that Baidu prints', '示例密钥'],
  ])('says what is wrong with a private key', (key, en, zh) => {
    const { level, text } = about(diagnose({ privateKey: key }), 'privateKey');
    expect(level).toBe('bad');
    expect(text.en).toContain(en);
    expect(text.zh).toContain(zh);
  });

  test.each([
    [ownPublicKey, 'is your own public key'],
    [42, 'must be a string, or a list of such.'],
  ])('says what is wrong with a platform key', (key, en) => {
    const { level, text } = about(diagnose({ platformPublicKey: key }), 'platformPublicKey');
    expect(level).toBe('bad');
    expect(text.en).toContain(en);
  });

  test.each([[undefined], [null], [[]]])('asks for a platform key that is %j', (platformPublicKey) => {
    const found = about(diagnose({ platformPublicKey }), 'platformPublicKey');
    expect(found.level).toBe('bad');
    expect(found.text.en).toContain('no payment notification can be verified');
    const text = JSON.stringify({ ...SECRET, platformPublicKey });
    const { findings } = diagnoseSecret(text, { withoutPlatformKey: true });
    const later = about(findings, 'platformPublicKey');
    expect(later.level).toBe('warning');
    expect(later.text.en).toContain('notify answers 503 to every payment notification');
  });

  test('examines each of several platform keys', () => {
    const findings = diagnose({ platformPublicKey: [platformKey, ownPublicKey] });
    expect(levels(findings)).toMatchObject({ 'platformPublicKey[0]': 'good', 'platformPublicKey[1]': 'bad' });
  });

  test.each([
    [['short'], 'apiTokens[0]', 'bad', 'has 5 characters; it needs at least 32.'],
    [[`${TOKEN} x`], 'apiTokens[0]', 'bad', 'no HTTP header can carry it'],
    [[7], 'apiTokens[0]', 'bad', 'is not a string.'],
    [[TOKEN, `${TOKEN}2`], 'apiTokens[1]', 'good', '37 characters'],
    [['x1y2z3a'.repeat(6)], 'apiTokens[0]', 'warning', 'has only 7 different characters: it can be guessed.'],
    [['0123456789abcdef'.repeat(2)], 'apiTokens[0]', 'good', '32 characters'],
    [[], 'apiTokens', 'bad', 'must be a list of strings, one at least.'],
    [TOKEN, 'apiTokens', 'bad', 'must be a list of strings, one at least.'],
    [undefined, 'apiTokens', 'bad', 'is missing.'],
  ])('examines the tokens %j', (apiTokens, subject, level, en) => {
    const found = about(diagnose({ apiTokens }), subject);
    expect(found.level).toBe(level);
    expect(found.text.en).toContain(en);
  });

  test.each([
    [{ appId: 10031 }, 'appId', 'good', '10031'],
    [{ appId: 0 }, 'appId', 'bad', 'must be a positive whole number, or its digits.'],
    [{ appKey: 'MMMx7q ' }, 'appKey', 'bad', 'holds a blank'],
    [{ appKey: 'MMM\u200bx7q' }, 'appKey', 'bad', 'a character that is not ASCII (some cannot be seen)'],
    [{ appKey: 'MMM x7q' }, 'appKey', 'bad', 'holds a blank'],
    [{ appKey: 7 }, 'appKey', 'bad', 'must be a string that is not empty.'],
    [{ dealId: [1, '2'] }, 'dealId', 'good', '1, 2'],
    [{ dealId: undefined }, 'dealId', 'note', 'is not given'],
    [{ dealId: '01' }, 'dealId', 'bad', 'must be digits, or a list of such.'],
    [{ platform_public_key: '' }, 'platform_public_key', 'bad', 'platformPublicKey is meant?'],
    [{ privatekey: '' }, 'privatekey', 'bad', 'privateKey is meant?'],
    [{ apiTokens: undefined, api_token: '' }, 'api_token', 'bad', 'apiTokens is meant?'],
    [{ publicKey: '' }, 'publicKey', 'note', 'is not a field that the service reads.'],
    [{ comment: '' }, 'comment', 'note', 'is not a field that the service reads.'],
  ])('examines the field in %j', (changes, subject, level, en) => {
    const found = about(diagnose(changes), subject);
    expect(found.level).toBe(level);
    expect(found.text.en).toContain(en);
  });

  test('says how one token is written', () => {
    const detail = (apiTokens: unknown) => about(diagnose({ apiTokens }), 'apiTokens').detail;
    expect(detail(TOKEN)).toMatchObject([
      { en: expect.stringMatching(/^One token is a list, too: \["…"\]\./) },
    ]);
    expect(detail([])).toEqual([]);
  });

  test('knows the App Key of the mini-program by its form', () => {
    const { level, text } = about(diagnose({ appKey: 'GNCUnYeQg0LBSLWRNUMhtEkOL9PNBbAe' }), 'appKey');
    expect(level).toBe('bad');
    expect(text.en).toContain('the mini-program’s own App Key');
    expect(text.en).toContain('The payment appKey belongs here, MM and a few letters');
    expect(text.zh).toContain('这里应填支付的 appKey（MM 开头');
  });

  test('has Chinese words for every finding', () => {
    const cases = [
      {},
      { appId: 'x', appKey: '', dealId: 'x', apiTokens: [7], platformPublicKey: 42 },
      { appId: 'x', appKey: '7', apiTokens: ['x'], platformPublicKey: null, token: '', dealId: null },
      { appKey: ' 7', apiTokens: [TOKEN, TOKEN, 'x'.repeat(32), ` ${TOKEN}`], private_key: '', more: '' },
    ];
    expectTranslated(cases.flatMap((changes) => diagnose(changes)));
  });
});
