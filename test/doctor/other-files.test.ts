import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { diagnoseSecret } from '../../local/doctor/secret.ts';
import { expectTranslated, wordsOf } from './words.ts';

const root = path.resolve(import.meta.dirname, '../..');
const read = (file: string) => readFileSync(path.join(root, file), 'utf8');

describe('another file in the place of the secret', () => {
  const events = readdirSync(path.join(root, 'events')).filter(
    (name) => name.endsWith('.json') && name !== 'secret.json',
  );

  test('there are events to try', () => {
    expect(events.length).toBeGreaterThan(20);
  });

  test.each([
    ...events.map((name) => `events/${name}`),
    'package.json',
    'tsconfig.json',
    'examples/baidu-cloud-function/config.example.json',
  ])('is told in one finding: %s', (file) => {
    const { findings } = diagnoseSecret(read(file));
    expectTranslated(findings);
    expect(findings).toMatchObject([{ level: 'bad' }]);
    expect(findings.map((finding) => wordsOf(finding)).join()).toContain(
      'The secret is a JSON object with appId',
    );
  });

  test.each([
    [{ SecretString: '{}', ARN: 'x' }, 'add --query SecretString --output text'],
    [{ requestContext: {}, body: '' }, 'or an event that holds one'],
    [{ Records: [] }, 'another file'],
    [{ dealId: '1', tpOrderId: '2', rsaSign: 'x' }, 'a payment notification'],
    [{ orderId: '1', siteId: '2' }, 'another file'],
    [{ selfTest: true }, 'another file'],
    [{ ok: true, keyBits: 1024, appId: '1', appKey: 'x' }, 'another file'],
    [{ kty: 'RSA' }, 'another file'],
    [{ BAIDU_SECRET_ID: 'x' }, 'another file'],
    [{ serviceUrl: 'x', apiToken: 'x' }, 'another file'],
    [{ prod: { appId: '1', appKey: 'x' } }, 'another file'],
    [{ colour: 'red' }, 'another file'],
    [{}, 'another file'],
  ])('is recognised: %j', (json, words) => {
    const { findings } = diagnoseSecret(JSON.stringify(json));
    expectTranslated(findings);
    expect(findings).toMatchObject([{ level: 'bad', subject: 'secret' }]);
    expect(findings[0]?.text.en).toContain(words);
  });

  test.each([{ appId: '1' }, { app_key: 'x' }, { privateKey: 'x', orderId: '1' }])(
    'is not seen in what may be the secret: %j',
    (json) => {
      expect(diagnoseSecret(JSON.stringify(json)).findings.length).toBeGreaterThan(4);
    },
  );
});
