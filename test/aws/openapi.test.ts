import { execFile } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { SAMPLE_ORDER } from '../../local/cashier/orders/sample-order.ts';
import { type Stack, startStack } from '../../local/stack/stack.ts';
import { root } from '../template/package.ts';
import { type SigningProxy, startSigningProxy } from './signing-proxy.ts';

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });

let stack: Stack;
let proxy: SigningProxy;
beforeAll(async () => {
  stack = await startStack({ cashier: { platformPrivateKey: privateKey } });
  proxy = await startSigningProxy(stack.gateway.url, { privateKey, dealId: stack.cashier.dealId });
});
afterAll(async () => {
  await proxy.close();
  await stack.close();
});

/** Runs schemathesis over the description, with a fixed seed; what it says, and whether it found nothing. */
async function drive(): Promise<{ ok: boolean; said: string }> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'schemathesis-'));
  const here = (name: string) => path.join(import.meta.dirname, name);
  const args = [
    ...['--config-file', here('schemathesis.toml'), 'run', path.join(root, 'docs', 'openapi.yaml')],
    ...['--url', proxy.url, '--header', `Authorization: Bearer ${stack.apiToken}`],
    ...['--phases', 'examples,coverage,fuzzing', '--max-examples', '50', '--seed', '1'],
    // An HTTP API answers what no route takes with 404, whatever the method.
    ...['--exclude-checks', 'unsupported_method'],
    // Less than 8 s is what the description promises for a query, whatever Baidu does.
    ...['--max-response-time', '8', '--continue-on-failure', '--suppress-health-check', 'all'],
  ];
  try {
    return await new Promise((resolve) => {
      // Where it keeps what it found.
      const options = { cwd: folder, maxBuffer: 1e8 };
      execFile(path.join(inject('tools').python, 'schemathesis'), args, options, (failed, out, error) =>
        resolve({ ok: !failed, said: out + error }),
      );
    });
  } finally {
    await rm(folder, { recursive: true });
  }
}

test('schemathesis gets no answer from any route that the description does not have', async () => {
  const order = stack.cashier.createOrder({ ...SAMPLE_ORDER });
  await stack.cashier.pay(order.orderId);
  const { ok, said } = await drive();
  expect(ok, said).toBe(true);
  // Otherwise it would only have knocked.
  for (const route of ['payment-notify', 'refund-notify', 'refund-audit']) {
    expect(proxy.seen).toContain(`POST /baidu/${route} 200`);
    expect(proxy.seen).toContain(`POST /baidu/${route} 400`);
  }
  for (const status of [200, 400, 401, 502]) {
    const answers = [...proxy.seen].filter((line) => line.endsWith(`/payment-status ${status}`));
    expect(answers).not.toEqual([]);
  }
});
