import { once } from 'node:events';
import { describe, expect, vi } from 'vitest';
import { MESSAGE } from './queue-reader.ts';
import { SAMPLE, test } from './queue-shop.ts';

/** What the log names of an error. */
const NAME = expect.stringMatching(/^\w+$/);

describe.concurrent('the queue reader', () => {
  test('that could not delete a message gets it again, and marks once', async ({ shop }) => {
    const queue = await shop.openQueue({ visibilitySeconds: 1 });
    let cuts = 0;
    queue.decide((moment) => (moment === 'DeleteMessage asked' && ++cuts <= 3 ? 'cut' : 'pass'));
    const copy = await shop.copy();
    await queue.send(MESSAGE);
    const reader = shop.read(queue, copy);
    await reader.says('well again');
    expect(reader.lines().slice(1)).toMatchObject([
      { message: 'paid' },
      { message: 'in trouble', step: 'delete', error: NAME },
      { message: 'already' },
      { message: 'well again' },
    ]);
    await vi.waitUntil(async () => (await queue.count()) === 0);
    expect(await copy.order(SAMPLE.tpOrderId)).toMatchObject({ marks: 1 });
  });

  test('that was killed between marking and deleting marks once', async ({ shop }) => {
    const queue = await shop.openQueue({ visibilitySeconds: 1 });
    const copy = await shop.copy();
    await queue.send(MESSAGE);
    const first = shop.read(queue, copy);
    queue.decide((moment) => {
      if (moment !== 'DeleteMessage asked') return 'pass';
      first.child.kill('SIGKILL');
      return 'cut';
    });
    expect(await first.ended).toBe('SIGKILL');
    expect(await copy.order(SAMPLE.tpOrderId)).toMatchObject({ marks: 1 });
    expect(await queue.count()).toBe(1);

    queue.decide(() => 'pass');
    await shop.read(queue, copy).says('already');
    await vi.waitUntil(async () => (await queue.count()) === 0);
    expect(await copy.order(SAMPLE.tpOrderId)).toMatchObject({ marks: 1 });
  });

  test('waits longer and longer while SQS is away, says so once, and goes on', async ({ shop }) => {
    const queue = await shop.openQueue();
    // The SDK itself asks three times each time.
    const asked: number[] = [];
    queue.decide((moment) => {
      if (moment === 'ReceiveMessage asked') asked.push(performance.now());
      return asked.length <= 9 ? 'cut' : 'pass';
    });
    await queue.send(MESSAGE);
    const reader = shop.read(queue);
    await reader.says('paid');
    expect(reader.lines()).toMatchObject([
      { message: 'reading' },
      { message: 'in trouble', step: 'receive', error: NAME },
      { message: 'well again', step: 'receive' },
      { message: 'paid' },
    ]);
    const [first = 0, , , second = 0, , , third = 0, , , fourth = 0] = asked;
    expect(second - first).toBeGreaterThan(990);
    expect(third - second).toBeGreaterThan(1990);
    expect(fourth - third).toBeGreaterThan(3990);
  });

  test('asks again where SQS never answers', async ({ shop }) => {
    const queue = await shop.openQueue();
    let asked = 0;
    queue.decide((moment) => (moment === 'ReceiveMessage asked' && ++asked === 1 ? 'hang' : 'pass'));
    await queue.send(MESSAGE);
    await shop.read(queue, { haste: 10 }).says('paid');
    expect(asked).toBe(2);
  });

  test('names an error of orders.js without its words, and takes the message up again', async ({ shop }) => {
    const queue = await shop.openQueue({ visibilitySeconds: 1 });
    const copy = await shop.copy();
    const reader = shop.read(queue, { ...copy, asks: true });
    const answers = ['break', 'go on'];
    reader.child.on('message', () => reader.child.send(answers.shift() ?? 'go on'));
    await queue.send(MESSAGE);
    await reader.says('well again');
    expect(reader.lines().slice(1)).toMatchObject([
      { message: 'in trouble', step: 'handle', error: 'ER_DUP' },
      { message: 'paid' },
      { message: 'well again' },
    ]);
    await vi.waitUntil(async () => (await queue.count()) === 0);
    expect(reader.screen()).not.toContain('Duplicate');
    expect(await copy.order(SAMPLE.tpOrderId)).toMatchObject({ marks: 1 });
  });

  test('names each step that is in trouble, and is not well before it is', async ({ shop }) => {
    const queue = await shop.openQueue({ visibilitySeconds: 2 });
    const copy = await shop.copy();
    const reader = shop.read(queue, { ...copy, asks: true });
    const answers = ['break', 'go on'];
    let broken = false;
    let cuts = 0;
    reader.child.on('message', () => {
      broken = true;
      reader.child.send(answers.shift() ?? 'go on');
    });
    queue.decide((moment) => (broken && moment === 'ReceiveMessage asked' && ++cuts <= 3 ? 'cut' : 'pass'));
    await queue.send(MESSAGE);
    await reader.says('well again', 2);
    expect(reader.lines().slice(1)).toMatchObject([
      { message: 'in trouble', step: 'handle' },
      { message: 'in trouble', step: 'receive' },
      { message: 'well again', step: 'receive' },
      { message: 'paid' },
      { message: 'well again', step: 'handle' },
    ]);
  });

  test.for(['SIGTERM', 'SIGINT'] as const)(
    'ends at %s after the message in hand',
    async (signal, { shop }) => {
      const queue = await shop.openQueue();
      const copy = await shop.copy();
      await queue.send(MESSAGE);
      await queue.send(MESSAGE);
      const reader = shop.read(queue, { ...copy, asks: true });
      await once(reader.child, 'message');
      reader.child.kill(signal);
      reader.child.send('go on');
      expect(await reader.ended).toBe(0);
      expect(reader.lines().map((line) => line.message)).toEqual(['reading', 'paid', 'stopped']);
      expect(await copy.order(SAMPLE.tpOrderId)).toMatchObject({ marks: 1 });
      expect(await queue.count()).toBe(1);
    },
  );

  test.for([
    ['it waits for a message', 'hang'],
    ['SQS is away', 'cut'],
  ] as const)('ends at SIGTERM while %s', async ([, fate], { shop }) => {
    const queue = await shop.openQueue();
    const asked = new Promise<void>((resolve) => {
      queue.decide(() => {
        resolve();
        return fate;
      });
    });
    const reader = shop.read(queue);
    await asked;
    if (fate === 'cut') await reader.says('in trouble');
    reader.child.kill('SIGTERM');
    expect(await reader.ended).toBe(0);
    expect(reader.lines().at(-1)).toEqual({ message: 'stopped' });
  });

  const QUEUE_URL = 'https://sqs.cn-north-1.amazonaws.com.cn/123456789012/paid-orders';
  test.for<Record<string, string>>([
    { AWS_REGION: 'cn-north-1' },
    { AWS_REGION: 'cn-north-1', QUEUE_URL: 'paid-orders' },
    { QUEUE_URL },
  ])('says what is missing in %j', async (environment, { shop }) => {
    const reader = shop.read({ environment });
    expect(await reader.ended).toBe(1);
    expect(reader.screen()).toBe('QUEUE_URL must be the URL of the queue, and AWS_REGION its region.\n');
  });
});
