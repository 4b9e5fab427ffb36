import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { answerBody, says } from '../support/baidu.ts';
import { batch, DONE, inWorld, lookup, notified, published } from '../support/confirming.ts';
import type { Fate, Moment } from '../support/wire-tap.ts';

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

/** Baidu's usual time for an attempt: a busy machine is not what these are about. */
const PATIENT = { BAIDU_ATTEMPT_TIMEOUT_MS: '1500' };

describe.concurrent('DynamoDB', () => {
  test.each([READ, ...WRITES])(
    'away at $name: nothing is lost, nothing under one number twice',
    async (call) => {
      await inWorld(async (world) => {
        const sandbox = world.sandbox('confirm', { ...PATIENT, LOG_LEVEL: 'ERROR' }, 6000);
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
        const sandbox = world.sandbox('confirm', PATIENT, 10_000);
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
        const sandbox = world.sandbox('confirm', PATIENT, 10_000);
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
      // Its time counts from when the process is there.
      await sandbox.memory();
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
      const sandbox = world.sandbox('confirm', { ...PATIENT, LOG_LEVEL: 'ERROR' }, 6000);
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
