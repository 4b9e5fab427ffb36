import { setTimeout as delay } from 'node:timers/promises';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { describe, expect, test } from 'vitest';
import { sqsEvent } from '../../local/stack/events.ts';
import { startWorker } from '../../local/stack/worker.ts';
import {
  batch,
  bySequence,
  DONE,
  inWorld,
  lookup,
  paying,
  published,
  type Told,
} from '../support/confirming.ts';
import { drain } from '../support/queue.ts';
import type { Sandbox } from '../support/sandbox.ts';

describe('two workers at one order', () => {
  test(
    'of which the older answer comes last, 12 times: it is not told after the newer one, nor at all',
    inWorld(async (world) => {
      const env = { BAIDU_ATTEMPT_TIMEOUT_MS: '5000' };
      const [slow, fast] = [world.sandbox('confirm', env, 20_000), world.sandbox('confirm', env, 20_000)];
      world.baidu.always(paying(1));
      for (let order = 1; order <= 12; order++) {
        const held = Promise.withResolvers<() => void>();
        world.baidu.play((...call) => held.resolve(() => paying(-1)(...call)));
        const older = slow.invoke(batch(lookup(String(order))));
        const answerOlder = await held.promise;
        expect(await fast.invoke(batch(lookup(String(order))))).toEqual(DONE);
        answerOlder();
        expect(await older).toEqual(DONE);
        expect((await published(world)).map(({ payment }) => payment.status)).toEqual(['PAID']);
      }
      // The slower one throws its answer away, and asks anew.
      expect(world.baidu.requests).toHaveLength(3 * 12);
      await Promise.all([slow.end(), fast.end()]);
    }),
  );

  test(
    'never tell an answer that is older by Baidu’s own clock',
    inWorld(async (world) => {
      const sandbox = world.sandbox('confirm', {}, 10_000);
      const told: string[] = [];
      for (const answer of [paying(1, 100), paying(-1, 99), paying(1, 100), paying(-1, 101)]) {
        world.baidu.always(answer);
        expect(await sandbox.invoke(batch(lookup('1')))).toEqual(DONE);
        told.push(...(await published(world)).map(({ payment }) => payment.status));
      }
      expect(told).toEqual(['PAID', 'UNPAID']);
      await sandbox.end();
    }),
  );
});

test(
  'changes at random and workers killed at random: the highest number tells Baidu’s state, none is on two messages',
  { timeout: 120_000 },
  inWorld(
    async (world) => {
      const { sqs, paymentQueueUrl, deadLetterQueueUrl } = world.aws;
      const orders = Array.from({ length: 60 }, (_, index) => String(index + 1));
      const paid = new Map(orders.map((orderId) => [orderId, -1]));
      world.baidu.always((request, response) => {
        const orderId = new URLSearchParams(request.url?.split('?')[1]).get('orderId') ?? '';
        // Whoever asks early may be answered late.
        const answer = paying(paid.get(orderId) ?? -1);
        setTimeout(() => answer(request, response), Math.random() * 100);
      });
      const sandboxes: (Sandbox | undefined)[] = [undefined, undefined];
      const workers = sandboxes.map((_, index) =>
        startWorker({
          ...{ sqs, queueUrl: paymentQueueUrl, onError: () => undefined },
          handler: async (messages) => {
            const sandbox = sandboxes[index] ?? world.sandbox('confirm');
            sandboxes[index] = sandbox;
            const result = await sandbox.invoke(sqsEvent(messages));
            // A worker that has died answers nothing: all of its messages come again.
            if (!result) sandboxes[index] = undefined;
            const failures: { itemIdentifier: string }[] =
              result?.batchItemFailures ?? messages.map(({ messageId }) => ({ itemIdentifier: messageId }));
            return new Set(failures.map(({ itemIdentifier }) => itemIdentifier));
          },
        }),
      );
      const ask = (MessageBody: string) =>
        sqs.send(new SendMessageCommand({ QueueUrl: paymentQueueUrl, MessageBody }));
      let kills = 0;
      let calls = 0;
      let killAt = 10;
      world.decide(() => {
        if (++calls !== killAt || kills === 20) return 'pass';
        killAt = calls + 15 + Math.floor(Math.random() * 10);
        kills++;
        sandboxes[Math.floor(Math.random() * 2)]?.child.kill('SIGKILL');
        return 'pass';
      });
      for (let change = 0; change < 300; change++) {
        const orderId = orders[Math.floor(Math.random() * orders.length)] ?? '1';
        paid.set(orderId, -(paid.get(orderId) ?? -1));
        await ask(lookup(orderId));
        await delay(25);
      }
      const told: Told[] = [];
      const last = (orderId: string) => bySequence(told.filter((one) => one.orderId === orderId)).at(-1);
      const isTrue = (orderId: string) =>
        last(orderId)?.payment.status === (paid.get(orderId) === 1 ? 'PAID' : 'UNPAID');
      const changed = () =>
        orders.filter((orderId) => last(orderId) !== undefined || paid.get(orderId) === 1);
      for (let wait = 0; wait < 400 && !changed().every(isTrue); wait++) {
        told.push(...(await published(world)));
        // What a message could not do within its tries an operator sends once more.
        for (const body of await drain(sqs, deadLetterQueueUrl)) await ask(JSON.stringify(body));
        await delay(100);
      }
      await Promise.all(workers.map((worker) => worker.stop()));
      await Promise.all(sandboxes.map((sandbox) => sandbox?.end()));
      told.push(...(await published(world)));
      expect(changed().filter((orderId) => !isTrue(orderId))).toEqual([]);
      const numbers = told.map(({ orderId, sequence }) => `${orderId} ${sequence}`);
      expect(new Set(numbers).size).toBe(numbers.length);
      expect(kills).toBeGreaterThan(10);
      expect(told.length).toBeGreaterThanOrEqual(changed().length);
    },
    { visibilitySeconds: 2 },
  ),
);
