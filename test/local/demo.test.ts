import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const ROOT = path.resolve(import.meta.dirname, '../..');

test('npm run demo runs on Baidu’s second generation, too', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['local/demo.ts'], {
    cwd: ROOT,
    env: { ...process.env, BAIDU_STATUS_API: 'findByTpOrderId' },
  });
  expect(stdout).toContain('"api": "findByTpOrderId"');
  expect(stdout).toContain('the cashier     Answered by findOrderRefund: no refund');
  expect(stdout).not.toContain('signed text');
  expect(stdout).toMatch(/── Order 1920891312 is PAID ─+\n$/);
}, 60_000);
