import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { publicKeyText } from '../../lib/baidu/keys.ts';
import { startCashier } from '../../local/cashier/index.ts';
import { SAMPLE_ORDER } from '../../local/cashier/orders/sample-order.ts';
import { type LocalSecretsManager, startSecretsManager } from '../../local/stack/secrets-manager.ts';
import { PAID, signedForm } from '../support/notification.ts';
import { PLATFORM } from '../support/vectors.ts';
import { examined, runDoctor } from './run.ts';

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
const platform = generateKeyPairSync('rsa', { modulusLength: 1024 });
const TOKEN = 'a-token-of-the-mini-programs-backend';
const SECRET = {
  appId: '10031',
  appKey: 'MMMx7q',
  privateKey: privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64'),
  platformPublicKey: publicKeyText(platform.publicKey),
  apiTokens: [TOKEN],
  dealId: '470193087',
};
const publicKey = publicKeyText(privateKey);
const genuine = signedForm({ ...PAID, dealId: SECRET.dealId }, platform.privateKey);

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
    writeFile(file('genuine.txt'), genuine),
    writeFile(file('forged.txt'), genuine.replace('payMoney=11300', 'payMoney=1130')),
  ]);
});

afterAll(async () => {
  await secretsManager.close();
  await rm(folder, { recursive: true, force: true });
});

/** Nothing of these may ever be shown. */
function expectNoSecrets(shown: string): void {
  const signature = new URLSearchParams(genuine).get('rsaSign') ?? '';
  for (const hidden of [TOKEN, SECRET.privateKey.slice(60, 90), signature.slice(0, 30), 'short']) {
    expect(shown).not.toContain(hidden);
  }
}

describe('npm run doctor', () => {
  test('ends with 0 for a good secret and a genuine notification', async () => {
    const { code, out, err } = await runDoctor([file('good.json'), '--notification', file('genuine.txt')]);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain('✓ privateKey         RSA, 1024 bits');
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
    expect((await runDoctor(args, { stdin: genuine })).code).toBe(0);
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

  test('goes on without a platform key where that is asked for, and warns', async () => {
    const { platformPublicKey: _later, ...first } = SECRET;
    await writeFile(file('first.json'), JSON.stringify(first));
    const refused = await examined(file('first.json'));
    expect(refused.code).toBe(1);
    expect(refused.out).toMatch(/✗ platformPublicKey +is missing: no payment notification can be verified/);
    expect(refused.out).toContain('before a first deployment: --without-platform-key.');
    const { code, out } = await runDoctor([file('first.json'), '--without-platform-key']);
    expect(code).toBe(0);
    expect(out).toMatch(/! platformPublicKey +is missing: until it is there, notify answers 503/);
    expect(out).toMatch(/Nothing to mend; 1 warning\.\n$/);
    const zh = await examined(file('first.json'), { withoutPlatformKey: true, language: 'zh' });
    expect(zh.out).toMatch(/没有需要修正之处；有 1 条警告。\n$/);
    const checked = await examined(file('first.json'), { notification: file('genuine.txt') });
    expect(checked.code).toBe(1);
    expect(checked.out).toMatch(/✗ rsaSign +cannot be checked/);
  });

  test('takes the notification that Baidu’s platform signed in 2018, and says whose key that is', async () => {
    await writeFile(file('2018.json'), JSON.stringify({ ...SECRET, platformPublicKey: PLATFORM.publicKey }));
    await writeFile(file('2018.txt'), PLATFORM.body);
    const { code, out } = await examined(file('2018.json'), { notification: file('2018.txt') });
    expect(code).toBe(1);
    expect(out).toMatch(/✗ platformPublicKey +is the platform key of Baidu’s sample application/);
    expect(out).toMatch(/✓ rsaSign +Baidu’s platform signed it/);
  });

  test('shows control characters of a stranger escaped, wherever they stand', async () => {
    const painted = '\u001b[2J\u001b[H\u202e  ✓ rsaSign  Baidu’s platform signed it\nAll is well.\n\u009b8m';
    const stranger = generateKeyPairSync('rsa', { modulusLength: 1024 });
    const forged = signedForm({ ...PAID, returnData: painted, dealId: SECRET.dealId }, stranger.privateKey);
    await writeFile(file('odd.json'), JSON.stringify({ ...SECRET, appKey: painted, [painted]: 1 }));
    for (const args of [[], ['--lang', 'zh']]) {
      const { code, out } = await runDoctor([...args, file('odd.json'), '--notification', '-'], {
        stdin: forged,
      });
      expect(code).toBe(1);
      expect(out.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
      expect(out).toContain('returnData=\\u{1b}[2J\\u{1b}[H\\u{202e}  ✓ rsaSign');
      expect(out).toMatch(/^ {2}· \\u\{1b\}\[2J/m);
      expect(out).not.toMatch(/^All is well/m);
    }
    for (const args of [[`--${painted.slice(0, 9)}`], [`${painted.slice(0, 9)}.json`]]) {
      const { out, err } = await runDoctor(args);
      expect(out + err).toContain('\\u{1b}[2J');
      expect((out + err).replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    }
  });

  test('says once that a secret and its notification are the sandbox’s', async () => {
    const cashier = await startCashier();
    const { promise: body, resolve } = Promise.withResolvers<string>();
    cashier.setDeliver(async (form) => {
      resolve(form);
      return { status: 200, body: '{"errno":0,"msg":"success","data":{"isConsumed":2}}' };
    });
    cashier.createOrder(SAMPLE_ORDER);
    await cashier.pay(SAMPLE_ORDER.orderId);
    await writeFile(
      file('sandbox.json'),
      JSON.stringify({
        ...{ ...SECRET, appId: cashier.appId, appKey: cashier.appKey, dealId: cashier.dealId },
        platformPublicKey: cashier.platformPublicKey,
      }),
    );
    await cashier.close();
    await writeFile(file('sandbox.txt'), await body);
    const request = { notification: file('sandbox.txt') };
    const { code, out } = await examined(file('sandbox.json'), request);
    expect(out).toMatch(/! sandbox +appId, appKey and dealId are those of the local cashier/);
    expect(out).not.toContain('sample value');
    expect(out).toMatch(/Nothing to mend; 1 warning\.\n$/);
    expect(code).toBe(0);
    const zh = await examined(file('sandbox.json'), { ...request, language: 'zh' });
    expect(zh.out).toContain('这是沙盒的 secret');
    // Without such a notification they may be left over from the documentation.
    const alone = await examined(file('sandbox.json'));
    expect(alone.code).toBe(1);
    expect(alone.out).toMatch(/3 to mend\.\n$/);
    await writeFile(file('sandbox.txt'), signedForm({ ...PAID, dealId: '470193086' }, privateKey));
    expect((await examined(file('sandbox.json'), request)).code).toBe(1);
  });

  test.each([
    [['npm_config_notification', 'x'], '--notification'],
    [['npm_config_secret_id', 'true'], '--secret-id'],
    [['npm_config_lang', 'zh'], '--lang'],
  ])('says that npm kept the option of %j', async ([name = '', value = ''], option) => {
    const { code, out, err } = await runDoctor([file('good.json')], { env: { [name]: value } });
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(`write -- before it, npm run doctor -- ${option}`);
  });

  test.each([
    [[JSON.stringify(SECRET)]],
    [[SECRET.privateKey]],
    [[`-----BEGIN PRIVATE KEY-----${TOKEN}`]],
    [['--secret-id', JSON.stringify(SECRET)]],
    [['good.json', '--notification', genuine]],
    [['good.json', '--notification', `https://example.com/pay?${genuine}`]],
  ])('shows nothing of content in the place of a name', async (args) => {
    const { code, out, err } = await runDoctor(args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain('Name a file, not what is in it.');
    expectNoSecrets(err);
  });

  test('says in Chinese what was not asked rightly', async () => {
    const { code, err } = await runDoctor(['a.json', 'b.json'], { env: { LANG: 'zh_CN.UTF-8' } });
    expect(code).toBe(2);
    expect(err).toMatch(/^请给出一个 secret：/);
  });

  test.each([
    [[]],
    [['a.json', 'b.json']],
    [['a.json', '--secret-id', 'x']],
    [['-', '--notification', '-']],
    [['--colour', 'a.json']],
    [['a.json', '--lang', 'fr']],
  ])('ends with 2 for the arguments %j', async (args) => {
    const { code, out, err } = await runDoctor(args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain('npm run doctor');
  });
});
