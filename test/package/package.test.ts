import type { ChildProcess } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { globSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as source from '../../lib/baidu/index.ts';
import { type Cashier, startCashier } from '../../local/cashier/index.ts';
import { read, readPage } from '../docs/markdown.ts';
import { PAID, signedForm } from '../support/notification.ts';
import { PLATFORM, SAMPLE } from '../support/vectors.ts';
import { type Installation, installLibrary } from './install.ts';
import { publicTypes } from './public.ts';

/** Every command of the page is run here: one installs, the programs are started. */
const PAGE = readPage('lib/baidu/README.md');
const [server = '', express = '', ask = '', askByOwnId = ''] = PAGE.blocks
  .filter(({ language }) => language === 'js')
  .map(({ text }) => text);

const platform = generateKeyPairSync('rsa', { modulusLength: 1024 });
const ORDER = { orderId: '1920891312', userId: '3747777038', tpOrderId: '3028903626' };
const REFUNDED = { ...ORDER, refundBatchId: '152713835', refundStatus: '1' };
const ASKED = { ...ORDER, refundBatchId: '152713835', applyRefundMoney: '9800' };

let library: Installation;
let cashier: Cashier;
beforeAll(async () => {
  library = await installLibrary();
  cashier = await startCashier({
    merchantPublicKey: source.publicKeyText(source.readPrivateKey(SAMPLE.privateKey)),
    platformPrivateKey: platform.privateKey,
  });
  cashier.createOrder({ ...ORDER, totalMoney: 9900, returnData: '座位 7&8', title: '咖啡' });
  await cashier.pay(ORDER.orderId, {});
}, 60_000);
afterAll(async () => {
  await cashier?.close();
  await library?.remove();
});

/** A program that asks Baidu asks the cashier. */
const atTheCashier = (program: string) =>
  program
    .replaceAll('createBaiduClient({})', `createBaiduClient({ queryUrl: '${cashier.queryUrl}' })`)
    .replaceAll(
      'createMerchantOrderClient({})',
      `createMerchantOrderClient({ openapiUrl: '${cashier.openapiUrl}' })`,
    );

describe('the package', () => {
  test('is small, and holds its pages, types and sources, and no dependency', () => {
    expect(statSync(library.tarball).size).toBeLessThan(80_000);
    const installed = path.join(library.folder, 'node_modules/baidu-payment-status');
    const files = globSync('**/*', { cwd: installed });
    for (const page of ['README.md', 'README.zh-CN.md', 'LICENSE', 'CHANGELOG.md'])
      expect(files).toContain(page);
    expect(files).toContain('index.d.ts');
    for (const code of files.filter((file) => file.endsWith('.js'))) {
      expect(files).toContain(`${code}.map`);
      const map = JSON.parse(readFileSync(path.join(installed, `${code}.map`), 'utf8'));
      expect(map.sourcesContent[0]).toBe(read(`lib/baidu/${code.replace(/js$/, 'ts')}`));
    }
    const manifest = JSON.parse(readFileSync(path.join(installed, 'package.json'), 'utf8'));
    const { name, version, license } = JSON.parse(read('package.json'));
    expect(manifest).toMatchObject({ name, version, license, sideEffects: false, engines: { node: '>=22' } });
    for (const field of ['dependencies', 'peerDependencies', 'scripts', 'private'])
      expect(manifest).not.toHaveProperty(field);
  });

  test('has the names that the source has, and nothing else of it can be reached', async () => {
    const program = `
      import * as library from 'baidu-payment-status';
      const inner = await import('baidu-payment-status/sign.js').catch(({ code }) => code);
      console.log(JSON.stringify([Object.keys(library).sort(), inner]));`;
    const [names, inner] = JSON.parse(await library.run('names.js', program));
    expect(names).toEqual(Object.keys(source).sort());
    expect(inner).toBe('ERR_PACKAGE_PATH_NOT_EXPORTED');
  });

  test('can be required by a program that is no module', async () => {
    const program = "console.log(require('baidu-payment-status').refundAnswer().msg);";
    expect(await library.run('required.cjs', program)).toBe('success\n');
  });

  test('verifies what Baidu published, refuses what is forged, and loads no HTTP client for that', async () => {
    const program = `
      import { parsePaymentNotification, readPrivateKey, readPublicKey, signParams } from 'baidu-payment-status';
      const { SAMPLE, PLATFORM, FOREIGN } = JSON.parse(process.env.VECTORS);
      const platformKeys = [readPublicKey(PLATFORM.publicKey)];
      const codeOf = (form, keys) => {
        try {
          return parsePaymentNotification(form, { platformKeys, ...keys }).status;
        } catch ({ code }) {
          return code;
        }
      };
      console.log(JSON.stringify({
        sign: signParams(SAMPLE.params, readPrivateKey(SAMPLE.privateKey)),
        genuine: codeOf(PLATFORM.body),
        parsed: codeOf(Object.fromEntries(new URLSearchParams(PLATFORM.body))),
        forged: codeOf(PLATFORM.body.replace('payMoney=1', 'payMoney=2')),
        cut: codeOf(PLATFORM.body.replace('&status=2', '%26status%3D2')),
        foreign: codeOf(PLATFORM.body, { platformKeys: [readPublicKey(FOREIGN)] }),
        deal: codeOf(PLATFORM.body, { dealIds: ['1'] }),
        http: process.moduleLoadList.some((name) => /NativeModule (https|_http_client)$/.test(name)),
      }));`;
    const FOREIGN = source.publicKeyText(platform.publicKey);
    const env = { VECTORS: JSON.stringify({ SAMPLE, PLATFORM, FOREIGN }) };
    expect(JSON.parse(await library.run('vectors.js', program, env))).toEqual({
      sign: SAMPLE.signature,
      genuine: 'PAID',
      parsed: 'PAID',
      forged: 'INVALID_SIGNATURE',
      cut: 'INVALID_NOTIFICATION',
      foreign: 'INVALID_SIGNATURE',
      deal: 'UNKNOWN_DEAL',
      http: false,
    });
  });

  test('is public in what this says, and a change of it is a change of the version', async () => {
    await expect(publicTypes(library.built)).toMatchFileSnapshot('public.txt');
  });
});

describe('the examples of the doc comments', () => {
  const names = Object.keys(source);
  const sources = globSync('lib/baidu/**/*.ts').map((file) => readFileSync(file, 'utf8'));

  /** The example that stands before an export, with what it says that a line gives as a check. */
  function exampleOf(name: string): string {
    for (const text of sources) {
      const [before = ''] = text.split(new RegExp(`^export (?:function|class) ${name}\\b`, 'm'));
      const [, example] = /@example\n((?: \*.*\n)+?) \*\/\n$/.exec(before) ?? [];
      if (example === undefined || before === text) continue;
      return example
        .replaceAll(/^ \* ?/gm, '')
        .replaceAll(/^( *)(.+); \/\/ => (.+)$/gm, '$1assert.deepEqual($2, $3);');
    }
    return '';
  }

  const program = () => {
    const given = {
      privateKeyPem: SAMPLE.privateKey,
      platformPublicKey: source.publicKeyText(platform.publicKey),
      paymentForm: signedForm(PAID, platform.privateKey),
      refundForm: signedForm(REFUNDED, platform.privateKey),
      auditForm: signedForm(ASKED, platform.privateKey),
      ...{ smartAppKey: cashier.smartAppKey, smartAppSecret: cashier.smartAppSecret },
    };
    const constants = Object.entries(given).map(
      ([name, text]) => `const ${name}: string = ${JSON.stringify(text)};`,
    );
    const examples = names.map((name) => `await (async () => {\n${exampleOf(name)}\n})();`);
    return atTheCashier(
      [
        "import assert from 'node:assert/strict';",
        `import { ${names.join(', ')} } from 'baidu-payment-status';`,
        ...constants,
        ...examples,
        "console.log('done');",
      ].join('\n'),
    );
  };

  test.each(names)('there is one for %s', (name) => {
    expect(exampleOf(name)).toContain(name);
  });

  test('run with the package', async () => {
    expect(await library.run('examples.ts', program())).toBe('done\n');
  });

  test.each(['nodenext', 'bundler'] as const)('are of the right types under %s, strictly', async (module) => {
    const wrong = `import { parsePaymentNotification } from 'baidu-payment-status';\nparsePaymentNotification(1, {});\n`;
    const found = await library.check({ [`${module}.ts`]: program(), [`${module}-wrong.ts`]: wrong }, module);
    expect(found.split('\n').filter((line) => /^\S/.test(line))).toEqual([
      expect.stringMatching(`^${module}-wrong\\.ts\\(2,\\d+\\): error .*'number' is not assignable`),
    ]);
  });
});

describe('the page, as somebody follows it', () => {
  let child: ChildProcess | undefined;
  let url = '';
  beforeAll(async () => {
    const env = { PLATFORM_PUBLIC_KEY: source.publicKeyText(platform.publicKey), PORT: '0' };
    const started = await library.start('server.js', server, env);
    child = started.child;
    url = `http://127.0.0.1:${/^listening on (\d+)$/.exec(started.line)?.[1]}`;
  });
  afterAll(() => child?.kill());

  async function post(route: string, body: string) {
    const response = await fetch(url + route, { method: 'POST', body });
    return { status: response.status, body: await response.json() };
  }

  test('installs what it says', () => {
    expect(PAGE.blocks.filter(({ language }) => language === 'sh').map(({ text }) => text)).toEqual([
      'npm install baidu-payment-status',
    ]);
    expect(path.basename(library.tarball)).toMatch(/^baidu-payment-status-\d/);
  });

  test('settles a payment of the cashier’s', async () => {
    cashier.setNotifyUrl(`${url}/baidu/payment-notify`);
    const { orderId } = cashier.createOrder({
      tpOrderId: 'T-2',
      totalMoney: 9900,
      returnData: '少糖 & 加冰',
    });
    expect(await cashier.pay(orderId, {})).toMatchObject({ status: 200, outcome: 'settled' });
  });

  test('answers a refund and an audit, and takes each at its own address only', async () => {
    const refund = signedForm(REFUNDED, platform.privateKey);
    const audit = signedForm(ASKED, platform.privateKey);
    expect(await post('/baidu/refund-notify', refund)).toEqual({
      status: 200,
      body: { errno: 0, msg: 'success', data: {} },
    });
    expect(await post('/baidu/refund-audit', audit)).toEqual({
      status: 200,
      body: { errno: 0, msg: 'success', data: { auditStatus: 3, calculateRes: { refundPayMoney: 9800 } } },
    });
    expect(await post('/baidu/payment-notify', refund)).toEqual({
      status: 400,
      body: {
        errno: 400,
        msg: 'INVALID_NOTIFICATION: This is a refund notification: it belongs to /baidu/refund-notify.',
      },
    });
  });

  test('takes the query string where the body is empty, and refuses the rest', async () => {
    const form = signedForm(PAID, platform.privateKey);
    expect(await post(`/baidu/payment-notify?${form}`, '')).toMatchObject({
      status: 200,
      body: { errno: 0 },
    });
    const forged = form.replace('payMoney=11300', 'payMoney=1');
    for (const body of [forged, 'hello', '', 'x'.repeat(65 * 1024)]) {
      expect(await post('/baidu/payment-notify', body)).toMatchObject({ status: 400, body: { errno: 400 } });
    }
    expect(await post('/other', form)).toMatchObject({ status: 404, body: { errno: 404 } });
  });

  test('settles a payment in Express, and refuses what is forged in JSON', async () => {
    const modules = path.resolve(import.meta.dirname, '../../node_modules/express');
    symlinkSync(modules, path.join(library.folder, 'node_modules/express'));
    const env = { PLATFORM_PUBLIC_KEY: source.publicKeyText(platform.publicKey), PORT: '0' };
    const started = await library.start('express.js', express, env);
    const address = `http://127.0.0.1:${/\d+$/.exec(started.line)?.[0]}/baidu/payment-notify`;
    cashier.setNotifyUrl(address);
    const { orderId } = cashier.createOrder({ tpOrderId: 'T-3', totalMoney: 9900 });
    expect(await cashier.pay(orderId, {})).toMatchObject({ status: 200, outcome: 'settled' });
    for (const [body, status, msg] of [
      ['hello', 400, 'INVALID_NOTIFICATION'],
      [`${signedForm(PAID, platform.privateKey)}`.replace('=11300', '=1'), 400, 'INVALID_SIGNATURE'],
      ['x'.repeat(65 * 1024), 413, 'try again'],
    ] as const) {
      const answer = await fetch(address, { method: 'POST', body });
      expect([answer.status, await answer.json()]).toEqual([status, { errno: status, msg }]);
    }
    started.child.kill();
  });

  test('asks Baidu', async () => {
    writeFileSync(path.join(library.folder, 'merchant.pem'), SAMPLE.privateKey);
    expect(await library.run('ask.js', atTheCashier(ask))).toBe('PAID NONE\n');
  });

  test('asks Baidu by the own id', async () => {
    const env = { SMART_APP_KEY: cashier.smartAppKey, SMART_APP_SECRET: cashier.smartAppSecret };
    expect(await library.run('own.js', atTheCashier(askByOwnId), env)).toBe('PAID 9900\n');
  });
});
