import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type LocalSecretsManager, startSecretsManager } from '../../local/secrets-manager.ts';
import { PLATFORM } from '../support/vectors.ts';
import { runDoctor } from './run.ts';

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
const TOKEN = 'a-token-of-the-mini-programs-backend';
const SECRET = {
  appId: '10026',
  appKey: 'MMM4oc',
  privateKey: privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64'),
  platformPublicKey: PLATFORM.publicKey,
  apiTokens: [TOKEN],
  dealId: '2500207776',
};
const publicKey = createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).toString('base64');

let folder: string;
let secretsManager: LocalSecretsManager;
const file = (name: string) => path.join(folder, name);
const aws = () => ({
  AWS_ENDPOINT_URL_SECRETS_MANAGER: secretsManager.url,
  AWS_REGION: 'cn-north-1',
  AWS_ACCESS_KEY_ID: 'local',
  AWS_SECRET_ACCESS_KEY: 'local',
});

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'doctor-'));
  secretsManager = await startSecretsManager();
  secretsManager.put('merchant', JSON.stringify(SECRET));
  await Promise.all([
    writeFile(file('good.json'), JSON.stringify(SECRET)),
    writeFile(file('bad.json'), JSON.stringify({ ...SECRET, apiTokens: ['short'] })),
    writeFile(file('genuine.txt'), PLATFORM.body),
    writeFile(file('forged.txt'), PLATFORM.body.replace('payMoney=1', 'payMoney=2')),
  ]);
});

afterAll(async () => {
  await secretsManager.close();
  await rm(folder, { recursive: true, force: true });
});

/** Nothing of these may ever be shown. */
function expectNoSecrets(shown: string): void {
  const signature = new URLSearchParams(PLATFORM.body).get('rsaSign') ?? '';
  for (const hidden of [TOKEN, SECRET.privateKey.slice(60, 90), signature.slice(0, 30), 'short']) {
    expect(shown).not.toContain(hidden);
  }
}

describe('npm run doctor', () => {
  test('ends with 0 for a good secret and a genuine notification', async () => {
    const { code, out, err } = await runDoctor([file('good.json'), '--notification', file('genuine.txt')]);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain('✓ privateKey         PKCS#8, bare base64, on one line; RSA, 1024 bits');
    expect(out).toContain(publicKey);
    expect(out).toMatch(/rsaSign {2}Baidu’s platform signed it/);
    expect(out).toMatch(/All is well\.\n$/);
    expectNoSecrets(out);
  });

  test('ends with 1 for what is to be mended', async () => {
    const { code, out } = await runDoctor([file('bad.json'), '--notification', file('forged.txt')]);
    expect(code).toBe(1);
    expect(out).toMatch(/✗ apiTokens\[0\] +has 5 characters/);
    expect(out).toMatch(/✗ rsaSign +does not verify\.\n +The key is right, but another text was signed/);
    expect(out).toMatch(/2 to mend\.\n$/);
    expectNoSecrets(out);
  });

  test.each([
    [['--lang', 'zh'], {}],
    [[], { LANG: 'zh_CN.UTF-8' }],
    [[], { LANG: 'en_US.UTF-8', LC_ALL: 'zh_TW' }],
  ])('speaks Chinese with %j and %j', async (args, env) => {
    const { out } = await runDoctor([...args, file('bad.json')], { env });
    expect(out).toMatch(/只有 5 个字符，至少要 32 个。/);
    expect(out).toMatch(/有 1 处需要修正。\n$/);
  });

  test('speaks English where it is asked to', async () => {
    const { out } = await runDoctor(['--lang', 'en', file('good.json')], { env: { LANG: 'zh_CN' } });
    expect(out).toContain('All is well.');
  });

  test('reads the secret, or the notification, from standard input', async () => {
    expect((await runDoctor(['-'], { stdin: JSON.stringify(SECRET) })).code).toBe(0);
    const args = [file('good.json'), '--notification', '-'];
    expect((await runDoctor(args, { stdin: PLATFORM.body })).code).toBe(0);
    expect((await runDoctor(args, { stdin: 'nonsense' })).code).toBe(1);
  });

  test('reads the secret from Secrets Manager', async () => {
    const { code, out } = await runDoctor(['--secret-id', 'merchant'], { env: aws() });
    expect(code).toBe(0);
    expect(out).toContain('Secret: merchant');
  });

  test('says why Secrets Manager has none', async () => {
    const absent = await runDoctor(['--secret-id', 'absent'], { env: aws() });
    expect(absent.code).toBe(1);
    expect(absent.out).toContain('has no secret of this name in this account and region.');
    secretsManager.fail({ error: 'AccessDeniedException' });
    const denied = await runDoctor(['--secret-id', 'merchant', '--lang', 'zh'], { env: aws() });
    secretsManager.fail(undefined);
    expect(denied.code).toBe(1);
    expect(denied.out).toContain('拒绝读取');
  });

  test('says that no region is set', async () => {
    const { AWS_REGION: _region, ...env } = aws();
    const { code, out } = await runDoctor(['--secret-id', 'merchant'], {
      env: { ...env, AWS_CONFIG_FILE: '/nonexistent', HOME: folder },
    });
    expect(code).toBe(1);
    expect(out).toContain('no region is set');
  });

  test('shows its help', async () => {
    const { code, out } = await runDoctor(['--help']);
    expect(code).toBe(0);
    expect(out).toContain('npm run doctor -- [options] SECRET.json');
    expect((await runDoctor(['--help', '--lang', 'zh'])).out).toContain('退出码');
  });

  test.each([
    [[]],
    [['a.json', 'b.json']],
    [['a.json', '--secret-id', 'x']],
    [['-', '--notification', '-']],
    [['--colour', 'a.json']],
    [['a.json', '--lang', 'fr']],
    [['/nonexistent/secret.json']],
  ])('ends with 2 for the arguments %j', async (args) => {
    const { code, out, err } = await runDoctor(args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain('npm run doctor');
  });
});
