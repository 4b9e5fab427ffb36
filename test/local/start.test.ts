import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, watch, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { type Outcome, startAgain } from '../support/again.ts';
import { occupy } from '../support/occupy.ts';

const root = path.resolve(import.meta.dirname, '../..');

interface Run {
  readonly child: ChildProcess;
  /** Where it may put what it needs for the time being. */
  readonly folder: string;
  readonly exit: Promise<number | null>;
  /** Resolves when the screen matches. */
  printed(pattern: RegExp): Promise<RegExpExecArray>;
}

const runs: Run[] = [];
afterEach(() => {
  for (const { child, folder } of runs.splice(0)) {
    if (child.exitCode === null) signalGroup(child, 'SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
});

/** Starts what `npm start` starts, in a process group of its own, as a shell does. */
function start(args: readonly string[] = [], more: Record<string, string> = {}): Run {
  const folder = mkdtempSync(path.join(tmpdir(), 'start-test-'));
  const child = spawn(process.execPath, ['local/start.ts', ...args], {
    ...{ cwd: root, detached: true, stdio: ['ignore', 'pipe', 'pipe'] },
    env: {
      ...process.env,
      TMPDIR: folder,
      LC_ALL: 'C.UTF-8',
      NO_COLOR: '1',
      FORCE_COLOR: undefined,
      ...more,
    },
  });
  let screen = '';
  const exit = once(child, 'exit').then(([code]) => code);
  const printed = async (pattern: RegExp) => {
    for (;;) {
      const match = pattern.exec(screen);
      if (match) return match;
      if (child.exitCode !== null || child.signalCode !== null) throw new Error(`It has ended: ${screen}`);
      await Promise.race([once(child, 'screen'), exit]);
    }
  };
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk) => {
      screen += chunk;
      child.emit('screen');
    });
  }
  const run = { child, folder, exit, printed };
  runs.push(run);
  return run;
}

const again = startAgain();
afterAll(() => again.end());

/** What it answers where it begins nothing, and what it leaves. */
async function asked(
  args: readonly string[],
  more: Readonly<Record<string, string>> = {},
): Promise<Outcome & { readonly left: string[] }> {
  const folder = mkdtempSync(path.join(tmpdir(), 'start-test-'));
  const environment = { TMPDIR: folder, LC_ALL: 'C.UTF-8', NO_COLOR: '1', ...more };
  const program = path.join(root, 'local/start.ts');
  const outcome = await again.run({ program, args, environment, folder: root, stdin: '' });
  const left = readdirSync(folder);
  rmSync(folder, { recursive: true });
  return { ...outcome, left };
}

/** Sends a signal to a process and all that it has started, as a terminal does; whether there was one. */
function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals | 0): boolean {
  try {
    return pid !== undefined && process.kill(-pid, signal);
  } catch {
    return false;
  }
}

/** Resolves when no process of the group is left; the last may be on its way out after its parent. */
async function gone(child: ChildProcess): Promise<void> {
  await expect.poll(() => signalGroup(child, 0), { timeout: 10_000 }).toBe(false);
}

const changes = () => execFileSync('git', ['status', '--porcelain'], { cwd: root }).toString();

/** What a line of the screen answers when it is pasted into a shell. */
const pasted = (line: string): unknown =>
  JSON.parse(execFileSync('sh', ['-c', line], { stdio: 'pipe' }).toString());

/**
 * Pays as the screen says; says why where the money does not settle. A machine that stands still for longer than Baidu
 * waits gets the notification once more, as in the field; an answer that comes in time must be the right one.
 */
function paidBy(pay: string): unknown {
  const first = pasted(pay) as { outcome: string; milliseconds: number };
  const stoodStill = first.outcome === 'repeat' && first.milliseconds > 1500;
  const result = stoodStill ? pasted(pay.replace(/\/pay'$/, "/notify'")) : first;
  expect(result).toMatchObject({ outcome: 'settled', why: { en: 'isConsumed is 2' } });
  return result;
}

/** Subscribes a queue to the topic; resolves with what takes its next message. */
async function subscribe(endpoint: string, TopicArn: string): Promise<() => Promise<unknown>> {
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const client = { endpoint, region: 'cn-north-1', credentials };
  const [sqs, sns] = [new SQSClient(client), new SNSClient(client)];
  await sqs.send(new CreateQueueCommand({ QueueName: 'my-orders' }));
  const Endpoint = 'arn:aws:sqs:cn-north-1:000000000000:my-orders';
  const Attributes = { RawMessageDelivery: 'true' };
  await sns.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint, Attributes }));
  const QueueUrl = `${endpoint}/000000000000/my-orders`;
  return async () => {
    const receive = new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 });
    const { Messages: [message] = [] } = await sqs.send(receive);
    for (const each of [sqs, sns]) each.destroy();
    return JSON.parse(message?.Body ?? 'null');
  };
}

describe('npm start', () => {
  test('says how an order becomes paid, in lines that work when pasted; Ctrl-C ends all of it and leaves nothing', async () => {
    const before = changes();
    const { printed, child, exit, folder } = start();
    await printed(/Ctrl-C ends everything/);
    const [, page = ''] = await printed(/open this +(http\S+)/);
    expect(await (await fetch(page)).text()).toContain('<title>Cashier sandbox</title>');

    const [ask = ''] = await printed(/^ {2}curl -H 'Authorization: .+'$/m);
    const [pay = ''] = await printed(/^ {2}curl .+\/pay'$/m);
    await printed(/refund audits +REFUND_AUDIT is approve/);
    const unpaid = { orderId: '1920891312', payment: { status: 'UNPAID' } };
    const [, endpoint = ''] = await printed(/queue, topic +(http\S+)/);
    const [, topicArn = ''] = await printed(/status topic +(arn:\S+)/);
    const published = await subscribe(endpoint, topicArn);
    expect(pasted(ask)).toMatchObject(unpaid);
    expect(paidBy(pay)).toMatchObject({ order: { orderId: unpaid.orderId } });
    expect(pasted(ask)).toMatchObject({ ...unpaid, payment: { status: 'PAID' } });
    expect(await published()).toMatchObject({ ...unpaid, payment: { status: 'PAID' } });
    const [, webhook = ''] = await printed(/webhook +(http\S+)/);
    expect((await fetch(webhook, { method: 'POST' })).status).toBe(400);
    expect(readdirSync(folder)).toHaveLength(1);

    signalGroup(child, 'SIGINT');
    expect(await exit).toBe(0);
    await gone(child);
    expect(readdirSync(folder)).toEqual([]);
    await expect(fetch(page)).rejects.toThrow('fetch failed');
    expect(changes()).toBe(before);
  }, 60_000);

  test('takes a platform key, speaks Chinese, and outlives the reader of its output', async () => {
    const keys = mkdtempSync(path.join(tmpdir(), 'platform-key-'));
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const file = path.join(keys, 'platform.pem');
    // PKCS#1, as Go reads it.
    writeFileSync(file, privateKey.export({ type: 'pkcs1', format: 'pem' }));
    const { printed, child, exit, folder } = start(['--platform-key', file], { LC_ALL: 'zh_CN.UTF-8' });
    await printed(/按 Ctrl-C 全部结束。/);
    rmSync(keys, { recursive: true });
    const [, shown] = await printed(/^ {2}平台公钥 +(\S+)$/m);
    expect(shown).toBe(publicKey.export({ type: 'spki', format: 'der' }).toString('base64'));
    const [ask = ''] = await printed(/^ {2}curl -H 'Authorization: .+'$/m);
    const [pay = ''] = await printed(/^ {2}curl .+\/pay'$/m);
    for (const stream of [child.stdout, child.stderr]) stream?.destroy();
    // notify has verified with that key.
    paidBy(pay);
    expect(pasted(ask)).toMatchObject({ payment: { status: 'PAID' } });
    signalGroup(child, 'SIGHUP');
    expect(await exit).toBe(0);
    expect(readdirSync(folder)).toEqual([]);
    await gone(child);
  }, 60_000);

  test.each([
    [['--colour'], 'There is no option --colour.'],
    [['--apps', '0'], '--apps must be a whole number from 1 to 100, not 0.'],
    [['--platform-key', 'nothing.pem'], '--platform-key: there is no file nothing.pem.'],
    [['--platform-key', 'package.json'], '--platform-key: package.json is not an RSA private key'],
    [['--lang', 'zh', '--port', '1'], '没有选项 --port。'],
  ])('refuses %j before anything is begun', async (args, words) => {
    const { code, stderr, left } = await asked(args);
    expect(stderr).toMatch(new RegExp(`^${words}.*\n\n.*\n\n  npm start -- \\[`, 'm'));
    expect({ code, left }).toEqual({ code: 2, left: [] });
  });

  test.each([
    [{ REFUND_AUDIT: 'maybe' }, 'REFUND_AUDIT must be one of undecided, refuse, approve.'],
    [{ BAIDU_STATUS_API: 'third' }, 'BAIDU_STATUS_API must be one of queryorderdetail, findByTpOrderId.'],
    [{ LOG_LEVEL: 'loud' }, 'LOG_LEVEL must be DEBUG, INFO, WARN or ERROR'],
  ])('refuses %j in the environment', async (environment, words) => {
    const { code, stderr, left } = await asked([], environment);
    expect(stderr.slice(0, words.length)).toBe(words);
    expect({ code, left }).toEqual({ code: 2, left: [] });
  });

  test.each([
    [['--help'], /--platform-key FILE +RSA private key/],
    [['--help', '--lang', 'zh'], /--platform-key FILE +给通知签名的 RSA 私钥/],
  ])('%j', async (args, words) => {
    expect(await asked(args)).toMatchObject({ code: 0, stdout: expect.stringMatching(words), left: [] });
  });

  test('takes another port where one is in use, and says so; answers refund audits as REFUND_AUDIT says', async () => {
    await Promise.all([occupy(3000), occupy(8620)]);
    const { printed, child, exit } = start([], { REFUND_AUDIT: 'refuse' });
    const [, service] = await printed(/^Port 3000 is in use\. The service has taken (\d+) instead\.$/m);
    const [, cashier] = await printed(/^Port 8620 is in use\. The cashier has taken (\d+) instead\.$/m);
    await printed(new RegExp(`open this +http://127\\.0\\.0\\.1:${cashier}$`, 'm'));
    await printed(new RegExp(`webhook +http://127\\.0\\.0\\.1:${service}/`));
    await printed(/refund audits +REFUND_AUDIT is refuse/);
    const [pay = ''] = await printed(/^ {2}curl .+\/pay'$/m);
    paidBy(pay);
    expect(pasted(pay.replace("/pay'", "/refunds'"))).toMatchObject({ audit: { outcome: 'refused' } });
    signalGroup(child, 'SIGINT');
    expect(await exit).toBe(0);
  }, 60_000);

  test('Ctrl-C while it is still starting leaves nothing either', async () => {
    const { child, exit, folder } = start();
    const watcher = watch(folder);
    await once(watcher, 'change');
    watcher.close();
    signalGroup(child, 'SIGINT');
    expect(await exit).toBe(0);
    expect(readdirSync(folder)).toEqual([]);
    await gone(child);
  }, 60_000);
});
