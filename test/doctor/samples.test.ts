import {
  checkPrimeSync,
  createPrivateKey,
  generateKeyPairSync,
  generatePrimeSync,
  type KeyObject,
} from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { publicKeyText } from '../../lib/baidu/keys.ts';
import { SAMPLE_JAVA_KEY_START, SAMPLE_PLATFORM_KEY, SAMPLE_PUBLIC_KEY } from '../../local/doctor/samples.ts';
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
        ['smartAppKey', 'note', 'and smartAppSecret are not given'],
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

  test.each(['docs/operations/second-generation.md', 'docs/operations/second-generation.zh-CN.md'])(
    'is refused as in the command of %s',
    (page) => {
      const command = /--arg smartAppKey (\S+) --arg smartAppSecret (\S+)/.exec(read(page));
      const [, smartAppKey, smartAppSecret] = command ?? [];
      const findings = diagnose({ smartAppKey, smartAppSecret });
      for (const field of ['smartAppKey', 'smartAppSecret']) {
        expect(about(findings, field)).toMatchObject({ level: 'bad' });
        expect(about(findings, field).text.en).toContain('(设置 → 开发设置)');
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
      ['smartAppKey', 'bad'],
      ['smartAppSecret', 'bad'],
    ]);
  });

  test.each([
    [{ appId: 10026 }, 'appId', SAMPLE_VALUE],
    [{ appKey: 'MMMabc' }, 'appKey', 'Yours is in Baidu’s console (支付管理).'],
    [{ dealId: ['470193087', 470193086] }, 'dealId', SAMPLE_VALUE],
    [
      { apiTokens: ['at-least-32-characters-of-randomness'] },
      'apiTokens[0]',
      'everyone has it. Make your own with: openssl rand -hex 32',
    ],
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

  test('is refused in the second sample pair, the one for Java', () => {
    const key = keyThatBegins(SAMPLE_JAVA_KEY_START);
    expect(publicKeyText(key).startsWith(SAMPLE_JAVA_KEY_START)).toBe(true);
    const privateKey = key.export({ format: 'der', type: 'pkcs8' }).toString('base64');
    const own = about(diagnose({ privateKey }), 'privateKey');
    expect(own.level).toBe('bad');
    expect(own.text.en).toContain('is of a sample pair that Baidu prints in its documentation: everyone has');
    expect(about(diagnose({ platformPublicKey: publicKeyText(key) }), 'platformPublicKey').level).toBe('bad');
  });

  test('is what the vectors are', () => {
    expect(SAMPLE_PLATFORM_KEY).toBe(PLATFORM.publicKey);
  });

  test('is not what a merchant has', () => {
    expect(diagnose({}).map(({ level }) => level)).toEqual([
      ...Array.from({ length: 6 }, () => 'good'),
      'note',
    ]);
    const own = about(diagnose({ apiTokens: ['your-own-words-may-well-be-a-token'] }), 'apiTokens[0]');
    expect(own.level).toBe('good');
  });
});

/**
 * An RSA key whose public half begins as given: only the beginning of the published pair is at hand here. The second
 * prime is sought where its product with the first has these digits in front.
 */
function keyThatBegins(start: string): KeyObject {
  const big = (bytes: Buffer) => BigInt(`0x${bytes.toString('hex')}`);
  // SPKI of 1024 bits: 29 bytes come before the modulus.
  const digits = Buffer.from(start, 'base64').subarray(29);
  const wanted = big(Buffer.concat([digits, Buffer.alloc(128 - digits.length, 0x80)]));
  const e = 65537n;
  for (;;) {
    const p = generatePrimeSync(512, { bigint: true });
    const q = nextPrime(wanted / p);
    const phi = (p - 1n) * (q - 1n);
    if (phi % e === 0n) continue;
    const d = inverse(e, phi);
    const parts = { n: p * q, e, d, p, q, dp: d % (p - 1n), dq: d % (q - 1n), qi: inverse(q, p) };
    const jwk = Object.entries(parts).map(([name, value]) => [name, base64url(value)]);
    return createPrivateKey({ key: { kty: 'RSA', ...Object.fromEntries(jwk) }, format: 'jwk' });
  }
}

function nextPrime(from: bigint): bigint {
  let candidate = from | 1n;
  while (!checkPrimeSync(candidate)) candidate += 2n;
  return candidate;
}

/** By Euclid's algorithm. */
function inverse(value: bigint, modulus: bigint): bigint {
  let [r, next] = [modulus, value % modulus];
  let [t, nextT] = [0n, 1n];
  while (next !== 0n) {
    const quotient = r / next;
    [r, next] = [next, r - quotient * next];
    [t, nextT] = [nextT, t - quotient * nextT];
  }
  return t < 0n ? t + modulus : t;
}

function base64url(value: bigint): string {
  const hex = value.toString(16);
  return Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex').toString('base64url');
}
