import { setTimeout as delay } from 'node:timers/promises';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { describe, expect, test } from 'vitest';
import { sqsEvent } from '../../local/stack/events.ts';
import { startWorker } from '../../local/stack/worker.ts';
import { answerBody, type Behaviour, says } from '../support/baidu.ts';
import { PAID, signed } from '../support/notification.ts';
import { drain } from '../support/queue.ts';
import type { Sandbox } from '../support/sandbox.ts';
import type { Fate, Moment } from '../support/wire-tap.ts';
import { platformKey, type World } from '../support/world.ts';
import { startWorld } from '../support/worlds.ts';

const siteId = PAID['userId'] ?? '';
const lookup = (orderId: string) => JSON.stringify({ orderId, siteId });
const notified = (orderId: string) => {
  const notification = signed({ ...PAID, orderId, tpOrderId: `own-${orderId}` }, platformKey);
  return JSON.stringify({ appId: '10026', orderId, siteId, notification });
};
const batch = (...bodies: string[]) =>
  sqsEvent(bodies.map((body, index) => ({ messageId: String(index), body })));
const DONE = { batchItemFailures: [] };

/** What Baidu answers of a payment, at a time of its own clock. */
const paying = (statusNum: number, timestamp = 100): Behaviour => {
  const status = {
    payStatus: { statusNum },
    refundStatus: { statusNum: -1 },
    verification: { statusNum: -1 },
  };
  return says(answerBody({ data: { data: status }, timestamp }));
};

/** A message of the status topic, as far as these tests look. */
interface Told {
  readonly orderId: string;
  readonly sequence: number;
  readonly payment: { readonly status: string };
}
const published = async ({ aws }: World) =>
  (await drain(aws.sqs, aws.subscriberQueueUrl)) as unknown as Told[];
const bySequence = (told: readonly Told[]) => told.toSorted((a, b) => a.sequence - b.sequence);

/** Runs a test in a world of its own. */
const inWorld =
  (run: (world: World) => Promise<void>, options?: Parameters<typeof startWorld>[0]) => async () => {
    const world = await startWorld(options);
    try {
      await run(world);
    } finally {
      await world.close();
    }
  };

/**
 * A call of confirm's. DynamoDB's `UpdateItem` comes thrice for a notification: it writes down what was signed, it claims
 * and it settles.
 */
interface Call {
  readonly name: string;
  readonly action: string;
  readonly nth: number;
}
const READ: Call = { name: 'reading', action: 'GetItem', nth: 1 };
const WRITES: Call[] = ['learning', 'claiming', 'settling'].map((name, index) => {
  return { name, action: 'UpdateItem', nth: index + 1 };
});
const bodyFor = ({ action }: Call) => (action === 'GetItem' ? lookup('1') : notified('1'));

/** Lets pass what is not the call, of which each try counts as the same from its first on. */
function at({ action, nth }: Call, when: 'asked' | 'answered', fate: () => Fate | Promise<Fate>, tries = 1) {
  let count = 0;
  return (moment: Moment): Fate | Promise<Fate> => {
    if (moment !== `${action} ${when}`) return 'pass';
    count++;
    return count >= nth && count < nth + tries ? fate() : 'pass';
  };
}

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

describe.concurrent('DynamoDB', () => {
  test.each([READ, ...WRITES])(
    'away at $name: nothing is lost, nothing under one number twice',
    async (call) => {
      await inWorld(async (world) => {
        const sandbox = world.sandbox('confirm', { LOG_LEVEL: 'ERROR' });
        world.decide(at(call, 'asked', () => 'cut', Number.POSITIVE_INFINITY));
        expect((await sandbox.invoke(batch(bodyFor(call)))).batchItemFailures).toHaveLength(1);
        expect(sandbox.output.join('\n')).toContain('"code":"LEDGER_UNAVAILABLE"');
        const told = await published(world);
        expect(told).toHaveLength(call.name === 'settling' ? 1 : 0);
        world.decide(() => 'pass');
        // Who has told and could not write that down holds the claim until its time is over.
        for (let count = 0; count < 5; count++) {
          const { batchItemFailures } = await sandbox.invoke(batch(bodyFor(call)));
          if (batchItemFailures.length === 0) break;
        }
        told.push(...(await published(world)));
        const numbers = told.map(({ sequence }) => sequence);
        expect(numbers).toHaveLength(call.name === 'settling' ? 2 : 1);
        expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
        await sandbox.end();
      })();
    },
  );

  test.each([READ, ...WRITES])(
    'loses its answer at $name: told once, and no try is used up',
    async (call) => {
      await inWorld(async (world) => {
        const sandbox = world.sandbox('confirm', {}, 10_000);
        world.decide(at(call, 'answered', () => 'cut'));
        expect(await sandbox.invoke(batch(bodyFor(call)))).toEqual(DONE);
        expect(await sandbox.invoke(batch(bodyFor(call)))).toEqual(DONE);
        expect(await published(world)).toHaveLength(1);
        await sandbox.end();
      })();
    },
  );

  test.each([READ, ...WRITES])(
    'answers 0.2 s too late at $name: the batch takes less than 3 s, told once, and no try is used up',
    async (call) => {
      await inWorld(async (world) => {
        const sandbox = world.sandbox('confirm', {}, 10_000);
        const late = async (): Promise<Fate> => {
          await delay(1200);
          return 'pass';
        };
        // The process has started when it has answered once.
        expect(await sandbox.invoke(batch(lookup('2')))).toEqual(DONE);
        world.decide(at(call, 'answered', late));
        const startedAt = performance.now();
        expect(await sandbox.invoke(batch(bodyFor(call)))).toEqual(DONE);
        expect(performance.now() - startedAt).toBeLessThan(3000);
        expect((await published(world)).map(({ orderId }) => orderId).sort()).toEqual(['1', '2']);
        await sandbox.end();
      })();
    },
  );
});

const OVER_QPS = says(answerBody({ errno: 5010003, errmsg: 'QPS', data: [] }));

describe.concurrent('a body that stalls after the headers ends inside the time, with an error that names it', () => {
  test.each([
    ['Secrets Manager', 'GetSecretValue', 'CONFIGURATION_UNAVAILABLE'],
    ['DynamoDB, asked', 'GetItem', 'LEDGER_UNAVAILABLE'],
    ['DynamoDB, told', 'UpdateItem', 'LEDGER_UNAVAILABLE'],
    ['Baidu', 'query', 'BAIDU_TIMEOUT'],
    ['SNS', 'Publish', 'TOPIC_UNAVAILABLE'],
    ['SQS', 'SendMessage', 'QUEUE_UNAVAILABLE'],
  ])('of %s', async (_name, action, code) => {
    await inWorld(async (world) => {
      world.decide((moment) => (moment === `${action} answered` ? 'stall' : 'pass'));
      if (action === 'SendMessage') world.baidu.always(OVER_QPS);
      const limitMs = action === 'GetSecretValue' ? 8000 : 4000;
      const sandbox = world.sandbox('confirm', { LOG_LEVEL: 'ERROR' }, limitMs);
      const startedAt = performance.now();
      const { batchItemFailures } = await sandbox.invoke(batch(lookup('1')));
      expect(performance.now() - startedAt).toBeLessThan(limitMs + 500);
      expect(batchItemFailures).toEqual([{ itemIdentifier: '0' }]);
      expect(sandbox.output.join('\n')).toContain(`"code":"${code}"`);
      await sandbox.end();
    })();
  });
});

describe.concurrent('refused for Baidu’s QPS limit', () => {
  test.each([20, 80, 150, 250])('%i ms away: no try is used up, and nothing is lost', async (awayMs) => {
    await inWorld(async (world) => {
      world.baidu.always((request, response) => {
        setTimeout(() => OVER_QPS(request, response), awayMs);
      });
      const sandbox = world.sandbox(
        'confirm',
        { BAIDU_ATTEMPT_TIMEOUT_MS: '1500', LOG_LEVEL: 'ERROR' },
        6000,
      );
      const bodies = Array.from({ length: 10 }, (_, index) => lookup(String(index + 1)));
      expect(await sandbox.invoke(batch(...bodies)), sandbox.output.join('\n')).toEqual(DONE);
      expect(world.seen.filter((moment) => moment === 'SendMessage answered').length).toBeGreaterThanOrEqual(
        10,
      );
      expect(await published(world)).toEqual([]);
      await sandbox.end();
    })();
  });
});

test(
  'costs, on the wire: one read and one write without news, one read and two writes for a change, one question for a batch',
  inWorld(async (world) => {
    const sandbox = world.sandbox('confirm', {}, 10_000);
    const callsFor = async (...bodies: string[]) => {
      const before = world.seen.length;
      expect(await sandbox.invoke(batch(...bodies))).toEqual(DONE);
      const asked = world.seen.slice(before).filter((moment) => moment.endsWith(' asked'));
      return Object.fromEntries(
        ['GetItem', 'UpdateItem', 'Query', 'query', 'Publish'].map((action) => {
          return [action, asked.filter((moment) => moment === `${action} asked`).length];
        }),
      );
    };
    const none = { GetItem: 0, UpdateItem: 0, Query: 0, query: 1, Publish: 0 };
    expect(await callsFor(lookup('1'))).toEqual({ ...none, GetItem: 1, UpdateItem: 2, Publish: 1 });
    expect(await callsFor(lookup('1'))).toEqual({ ...none, GetItem: 1, UpdateItem: 1 });
    expect(await callsFor(...Array(10).fill(lookup('1')))).toEqual({ ...none, GetItem: 1, UpdateItem: 1 });
    // What was signed is written first, and that write is the read.
    expect(await callsFor(notified('1'))).toEqual({ ...none, UpdateItem: 3, Publish: 1 });
    expect(await callsFor(notified('1'), lookup('1'), notified('1'))).toEqual({ ...none, UpdateItem: 2 });
    await sandbox.end();
  }),
);

test(
  'a forged, an altered and an unsigned notification in the queue fail alone, and nothing of them is told',
  inWorld(async (world) => {
    const sandbox = world.sandbox('confirm', {}, 10_000);
    const genuine = JSON.parse(notified('1'));
    const altered = { ...genuine, notification: { ...genuine.notification, tpOrderId: 'forged' } };
    const { rsaSign, ...unsigned } = genuine.notification;
    const forged = { ...genuine, orderId: '2', notification: { ...unsigned, orderId: '2', rsaSign } };
    const bodies = [altered, forged, { ...genuine, notification: unsigned }].map((body) =>
      JSON.stringify(body),
    );
    expect(await sandbox.invoke(batch(...bodies, lookup('1')))).toEqual({
      batchItemFailures: ['0', '1', '2'].map((itemIdentifier) => ({ itemIdentifier })),
    });
    const told = await published(world);
    expect(told).toHaveLength(1);
    expect(told[0]).not.toHaveProperty('tpOrderId');
    expect(told[0]).not.toHaveProperty('notification');
    await sandbox.end();
  }),
);
