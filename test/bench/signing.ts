import { execFileSync } from 'node:child_process';
import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { signParams, verifyParams } from '../../lib/baidu/sign.ts';

/** Operations in a second of processor time: the best of several turns, as every other is disturbed. */
export interface SigningSpeed {
  readonly bits: number;
  readonly sign: number;
  readonly verify: number;
  readonly opensslSign: number;
  readonly opensslVerify: number;
}

const PARAMS = { appId: '10026', appKey: 'MMM4oc', orderId: '1920891312', siteId: '3747777038' };

/** Signs and verifies a query's parameters with the service's own code, in turn with `openssl speed`. */
export function measureSigning(bits: number, turns: number): SigningSpeed {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: bits });
  const publicKey = createPublicKey(privateKey);
  const best = { bits, sign: 0, verify: 0, opensslSign: 0, opensslVerify: 0 };
  for (let turn = 0; turn < turns; turn++) {
    const openssl = opensslSpeed(bits);
    const ours = ourSpeed(privateKey, publicKey);
    best.sign = Math.max(best.sign, ours.sign);
    best.verify = Math.max(best.verify, ours.verify);
    best.opensslSign = Math.max(best.opensslSign, openssl.sign);
    best.opensslVerify = Math.max(best.opensslVerify, openssl.verify);
  }
  return best;
}

/** The version of the `openssl` that is compared with. */
export function opensslVersion(): string {
  return execFileSync('openssl', ['version'], { encoding: 'utf8' }).split(' (')[0] ?? '';
}

function ourSpeed(privateKey: KeyObject, publicKey: KeyObject) {
  const signature = signParams(PARAMS, privateKey);
  return {
    sign: perSecond(() => signParams(PARAMS, privateKey)),
    verify: perSecond(() => verifyParams(PARAMS, signature, publicKey)),
  };
}

/** By this thread's processor time in user mode over a second, as `openssl speed` counts. */
function perSecond(run: () => unknown): number {
  const startedAt = performance.now();
  const before = process.threadCpuUsage();
  let count = 0;
  do {
    for (let block = 0; block < 100; block++) run();
    count += 100;
  } while (performance.now() - startedAt < 1000);
  return (count / process.threadCpuUsage(before).user) * 1e6;
}

function opensslSpeed(bits: number): { sign: number; verify: number } {
  const output = execFileSync('openssl', ['speed', '-seconds', '1', `rsa${bits}`], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const columns = output.trim().split('\n').at(-1)?.trim().split(/\s+/) ?? [];
  const [sign, verify] = columns.slice(-2).map(Number);
  if (!sign || !verify) throw new Error(`openssl speed printed something else:\n${output}`);
  return { sign, verify };
}
