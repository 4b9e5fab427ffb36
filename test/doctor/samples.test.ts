import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { publicKeyText } from '../../lib/baidu/keys.ts';
import { SAMPLE_PLATFORM_KEY, SAMPLE_PUBLIC_KEY } from '../../local/doctor/samples.ts';
import { diagnoseSecret } from '../../local/doctor/secret.ts';
import { PLATFORM, SAMPLE } from '../support/vectors.ts';
import { about, expectTranslated, wordsOf } from './words.ts';

const root = path.resolve(import.meta.dirname, '../..');
const read = (file: string) => readFileSync(path.join(root, file), 'utf8');

const OWN = {
  appId: '10031',
  appKey: 'MMMx7q',
  privateKey: generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey.export({
    format: 'pem',
    type: 'pkcs8',
  }),
  platformPublicKey: publicKeyText(generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey),
  apiTokens: ['a-token-of-the-mini-programs-backend'],
  dealId: '470193087',
};

const diagnose = (changes: object) => {
  const { findings } = diagnoseSecret(JSON.stringify({ ...OWN, ...changes }));
  expectTranslated(findings);
  return findings;
};

const SAMPLE_VALUE = 'is the documentation’s sample value';
const PLACEHOLDER = 'is a placeholder';

describe('what documentation prints', () => {
  test.each(['docs/operations/deploy.md', 'docs/operations/deploy.zh-CN.md'])(
    'is refused as in %s, every field',
    (page) => {
      const [, json = ''] = /```json\n(\{\s+"appId"[\s\S]*?)```/.exec(read(page)) ?? [];
      const findings = diagnoseSecret(json).findings;
      expect(findings.map(({ subject, level, text }) => [subject, level, text.en.split(/[,:]/)[0]])).toEqual([
        ['appId', 'bad', SAMPLE_VALUE],
        ['appKey', 'bad', SAMPLE_VALUE],
        ['privateKey', 'bad', PLACEHOLDER],
        ['platformPublicKey', 'bad', PLACEHOLDER],
        ['apiTokens[0]', 'bad', SAMPLE_VALUE],
        ['dealId', 'bad', SAMPLE_VALUE],
      ]);
    },
  );

  test.each(['README.md', 'README.zh-CN.md', 'docs/operations/deploy.md', 'docs/operations/deploy.zh-CN.md'])(
    'is refused as in the commands of %s',
    (page) => {
      const command = /--arg appId (\S+) --arg appKey (\S+) --arg dealId (\S+)/.exec(read(page));
      const [, appId, appKey, dealId] = command ?? [];
      const findings = diagnose({ appId, appKey, dealId });
      for (const field of ['appId', 'appKey', 'dealId']) {
        expect(about(findings, field)).toMatchObject({ level: 'bad' });
        expect(about(findings, field).text.en).toContain(SAMPLE_VALUE);
      }
    },
  );

  test('is refused as in events/secret.json, every field', () => {
    const { findings } = diagnoseSecret(read('events/secret.json'));
    expect(findings.map(({ subject, level }) => [subject, level])).toEqual([
      ['appId', 'bad'],
      ['appKey', 'bad'],
      ['privateKey', 'bad'],
      ['platformPublicKey[0]', 'bad'],
      ['platformPublicKey[1]', 'bad'],
      ['apiTokens[0]', 'bad'],
      ['dealId', 'bad'],
    ]);
  });

  test.each([
    [{ appId: 10026 }, 'appId', SAMPLE_VALUE],
    [{ appKey: 'MMMabc' }, 'appKey', SAMPLE_VALUE],
    [{ dealId: ['470193087', 470193086] }, 'dealId', SAMPLE_VALUE],
    [{ apiTokens: ['at-least-32-characters-of-randomness'] }, 'apiTokens[0]', 'everyone has it'],
    [{ apiTokens: ["one of the secret's apiTokens, at least 32 characters"] }, 'apiTokens[0]', PLACEHOLDER],
    [{ apiTokens: ['<token>'] }, 'apiTokens[0]', PLACEHOLDER],
    [{ appKey: '<appKey>' }, 'appKey', PLACEHOLDER],
    [{ appKey: 'MMM...' }, 'appKey', PLACEHOLDER],
    [{ appKey: 'your-app-key' }, 'appKey', PLACEHOLDER],
    [{ privateKey: 'YOUR PRIVATE KEY' }, 'privateKey', PLACEHOLDER],
    [{ privateKey: SAMPLE.privateKey }, 'privateKey', 'of a sample pair that Baidu prints'],
    [{ platformPublicKey: SAMPLE_PUBLIC_KEY }, 'platformPublicKey', 'of a sample pair that Baidu prints'],
    [
      { platformPublicKey: PLATFORM.publicKey },
      'platformPublicKey',
      'the platform key of Baidu’s sample app',
    ],
  ])('is refused in %j', (changes, subject, words) => {
    const found = about(diagnose(changes), subject);
    expect(found.level).toBe('bad');
    expect(wordsOf(found)).toContain(words);
  });

  test('is what the vectors are', () => {
    expect(SAMPLE_PLATFORM_KEY).toBe(PLATFORM.publicKey);
  });

  test('is not what a merchant has', () => {
    expect(diagnose({}).map(({ level }) => level)).toEqual(Array.from({ length: 6 }, () => 'good'));
    const own = about(diagnose({ apiTokens: ['your-own-words-may-well-be-a-token'] }), 'apiTokens[0]');
    expect(own.level).toBe('good');
  });
});
