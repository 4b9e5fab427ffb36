import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { COMPILED } from '../support/compiled.ts';

const root = path.resolve(import.meta.dirname, '../..');

/** Runs the demo; its exit code, what it printed, and what it left in its folder. */
async function demo(args: readonly string[], env: Record<string, string> = {}) {
  const folder = mkdtempSync(path.join(tmpdir(), 'demo-test-'));
  // osls keeps something of its own in a home.
  const home = mkdtempSync(path.join(tmpdir(), 'demo-home-'));
  const child = spawn(process.execPath, ['local/demo.ts', ...args], {
    cwd: root,
    env: {
      PATH: process.env['PATH'],
      HOME: home,
      TMPDIR: folder,
      NO_COLOR: '1',
      LANG: 'C.UTF-8',
      ...COMPILED,
      ...env,
    },
  });
  const closed = new Promise<number | null>((resolve) => child.on('close', resolve));
  const [out, err, code] = await Promise.all([text(child.stdout), text(child.stderr), closed]);
  const left = readdirSync(folder);
  for (const each of [folder, home]) rmSync(each, { recursive: true });
  return { code, out, err, left };
}

describe.concurrent('npm run demo', { timeout: 180_000 }, () => {
  test('ends with the status PAID', async () => {
    const { code, out, err, left } = await demo([]);
    expect({ code, err, left }).toEqual({ code: 0, err: '', left: [] });
    expect(out).toMatch(/── Order 1920891312 is PAID ─+\n$/);
    expect(out).toMatch(/^ {3}the cashier +Answered: paid$/m);
  });

  test('ends with the status PAID in Chinese, with nothing but names in English', async () => {
    const { code, out } = await demo([], { LANG: 'zh_CN.UTF-8' });
    expect(code).toBe(0);
    expect(out).toMatch(/── 订单 1920891312：PAID（已支付） ─+\n$/);
    expect(out).toMatch(/^ {3}收银台 +应答：支付成功$/m);
    expect(out).toMatch(/^ {3}百度 +款项结算（settled），用时/m);
    const prose = out.split('\n').filter((line) => line.startsWith('── ') || /^ {3}\S/.test(line));
    for (const line of prose)
      expect(line.replace(/https?:\S+|\{.*\}|[\w.+/=]{60,}/g, '')).not.toMatch(/[a-z]+ [a-z]+ /);
  });

  test('runs on Baidu’s second generation, too', async () => {
    const { code, out } = await demo([], { BAIDU_STATUS_API: 'findByTpOrderId' });
    expect(code).toBe(0);
    expect(out).toContain('"api": "findByTpOrderId"');
    expect(out).toContain('the cashier     Answered by findOrderRefund: no refund');
    expect(out).not.toContain('signed text');
    expect(out).toMatch(/── Order 1920891312 is PAID ─+\n$/);
  });

  test('refuses options that it does not know, and explains itself', async () => {
    const refused = await demo(['--fast']);
    expect(refused).toMatchObject({ code: 2, out: '', left: [] });
    expect(refused.err).toMatch(/^There is no option --fast\.\n\n.*\n\n {2}npm run demo\n/);
    expect(await demo(['--help', '--lang', 'zh'])).toMatchObject({
      code: 0,
      out: expect.stringContaining('从支付走到发布'),
    });
  });
});
