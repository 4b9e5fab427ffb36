import { constants, createHash, createPublicKey, privateEncrypt } from 'node:crypto';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { readPrivateKey, readPublicKey } from '../../../lib/baidu/keys.ts';
import { onlyApp } from '../../support/apps.ts';
import { PLATFORM, SAMPLE } from '../../support/vectors.ts';

/** What the runtime does when it is asked for RSA-SHA1; as Node does it, unless a test says otherwise. */
const runtime = vi.hoisted(() => ({ refusal: undefined as Error | undefined, asked: 0 }));

/** Fedora's OpenSSL refuses SHA-1 in a signature; SHA-256, RSA itself and SHA-1 as a hash go on working there. */
vi.mock(import('node:crypto'), async (importOriginal) => {
  const original = await importOriginal();
  const refusing =
    <Args extends unknown[], Result>(work: (...args: Args) => Result) =>
    (...args: Args): Result => {
      if (!/^(rsa-)?sha1$/i.test(String(args[0]))) return work(...args);
      runtime.asked++;
      if (runtime.refusal) throw runtime.refusal;
      return work(...args);
    };
  const changed = {
    sign: refusing(original.sign as (...args: unknown[]) => unknown) as typeof original.sign,
    verify: refusing(original.verify as (...args: unknown[]) => unknown) as typeof original.verify,
  };
  return { ...original, ...changed, default: { ...original.default, ...changed } };
});

const privateKey = readPrivateKey(SAMPLE.privateKey);
const publicKey = createPublicKey(privateKey);
const platformKey = readPublicKey(PLATFORM.publicKey);
const { rsaSign = '', ...platformParams } = Object.fromEntries(new URLSearchParams(PLATFORM.body));

beforeEach(() => {
  vi.resetModules();
  runtime.asked = 0;
  runtime.refusal = Object.assign(new Error('error:03000098:digital envelope routines::invalid digest'), {
    code: 'ERR_OSSL_EVP_INVALID_DIGEST',
  });
});

describe('in a runtime that forbids RSA-SHA1', () => {
  test('signParams() makes the signature that Baidu prints, and asks the runtime once only', async () => {
    const { rsaSha1, signParams } = await import('../../../lib/baidu/sign.ts');
    expect(rsaSha1()).toBe('node');
    for (let turn = 0; turn < 3; turn++) expect(signParams(SAMPLE.params, privateKey)).toBe(SAMPLE.signature);
    expect(rsaSha1()).toBe('by-hand');
    expect(runtime.asked).toBe(1);
  });

  test('verifyParams() accepts what Baidu’s platform signed, and nothing else', async () => {
    const { rsaSha1, verifyParams } = await import('../../../lib/baidu/sign.ts');
    expect(verifyParams(platformParams, rsaSign, platformKey)).toBe(true);
    expect(rsaSha1()).toBe('by-hand');
    expect(verifyParams(platformParams, rsaSign.replace(/=+$/, ''), platformKey)).toBe(true);
    expect(verifyParams({ ...platformParams, payMoney: '2' }, rsaSign, platformKey)).toBe(false);
    expect(verifyParams(platformParams, rsaSign, publicKey)).toBe(false);
    expect(verifyParams(SAMPLE.params, `${SAMPLE.signature}=`, publicKey)).toBe(false);
    expect(verifyParams(SAMPLE.params, '', publicKey)).toBe(false);
  });

  const hash = createHash('sha1').update(SAMPLE.text).digest();
  const prefix = Buffer.from('3021300906052b0e03021a05000414', 'hex');
  const info = Buffer.concat([prefix, hash]);
  const fill = (bytes: number) => Buffer.alloc(bytes, 0xff);
  const block = (...parts: Buffer[]) => Buffer.concat(parts);
  /** RSA over 128 bytes as they are. */
  const raw = (bytes: Buffer) =>
    privateEncrypt({ key: privateKey, padding: constants.RSA_NO_PADDING }, bytes);
  /** RSA over bytes that are padded as they should be. */
  const padded = (bytes: Buffer) => privateEncrypt(privateKey, bytes);
  const zero = Buffer.of(0);
  const one = Buffer.of(1);

  test('what is forged below is forged around a form that is accepted', async () => {
    const { verifyParams } = await import('../../../lib/baidu/sign.ts');
    for (const good of [raw(block(zero, one, fill(90), zero, info)), padded(info)]) {
      expect(verifyParams(SAMPLE.params, good.toString('base64'), publicKey)).toBe(true);
    }
  });

  test.each<[string, Buffer]>([
    ['the hash laid bare', padded(hash)],
    ['a byte behind the hash', padded(block(info, zero))],
    ['a byte before the prefix', padded(block(zero, info))],
    ['the prefix without NULL', padded(block(Buffer.from('301f300706052b0e03021a0414', 'hex'), hash))],
    [
      'the prefix of SHA-256',
      padded(block(Buffer.from('3031300d060960864801650304020105000420', 'hex'), hash)),
    ],
    ['the prefix of MD5', padded(block(Buffer.from('3020300c06082a864886f70d020505000410', 'hex'), hash))],
    ['one byte of the prefix', padded(block(Buffer.from('3021300906052b0e03021a05000415', 'hex'), hash))],
    ['a hash that was cut', padded(info.subarray(0, -1))],
    ['rubbish behind a short padding', raw(block(zero, one, fill(8), zero, info, fill(82)))],
    ['padding of type 2', raw(block(zero, Buffer.of(2), fill(90), zero, info))],
    ['padding with a hole', raw(block(zero, one, fill(40), Buffer.of(0xfe), fill(49), zero, info))],
    ['no padding at all', raw(block(Buffer.alloc(93), info))],
    ['nothing', padded(Buffer.alloc(0))],
    ['a zero byte before', block(zero, padded(info))],
    ['a byte less', padded(info).subarray(1)],
    ['a number beyond the key’s', fill(128)],
  ])('verifyParams() refuses %s', async (_name, signature) => {
    const { rsaSha1, verifyParams } = await import('../../../lib/baidu/sign.ts');
    expect(verifyParams(SAMPLE.params, signature.toString('base64'), publicKey)).toBe(false);
    expect(rsaSha1()).toBe('by-hand');
    // Node's own way says the same.
    runtime.refusal = undefined;
    vi.resetModules();
    const own = await import('../../../lib/baidu/sign.ts');
    expect(own.verifyParams(SAMPLE.params, signature.toString('base64'), publicKey)).toBe(false);
    expect(own.rsaSha1()).toBe('node');
  });

  test('the self-tests say which way it went', async () => {
    const { selfTestSigning, selfTestVerifying } = await import('../../../lib/self-test.ts');
    const app = { appId: '10026', appKey: 'MMM4oc', privateKey };
    expect(selfTestSigning(onlyApp(app))).toMatchObject({ ok: true, rsaSha1: 'by-hand' });
    expect(
      selfTestVerifying(
        onlyApp({ appId: '1', platformKeys: [platformKey], dealIds: undefined, keyTails: [] }),
      ),
    ).toMatchObject({
      ok: true,
      rsaSha1: 'by-hand',
    });
  });
});

test('another failure of the runtime is no reason to do it by hand', async () => {
  runtime.refusal = Object.assign(new Error('out of memory'), { code: 'ERR_OSSL_MALLOC_FAILURE' });
  const { rsaSha1, signParams, verifyParams } = await import('../../../lib/baidu/sign.ts');
  expect(() => signParams(SAMPLE.params, privateKey)).toThrow('out of memory');
  expect(() => verifyParams(SAMPLE.params, SAMPLE.signature, publicKey)).toThrow('out of memory');
  expect(rsaSha1()).toBe('node');
});
