import fc from 'fast-check';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import {
  type Condition,
  claim,
  giveUp,
  type LedgerWrite,
  learn,
  settle,
} from '../../lib/ledger/decisions.ts';
import { type Item, readRecord } from '../../lib/ledger/record.ts';
import { createLedgerStore, type LedgerStore } from '../../lib/ledger/store.ts';
import { type LocalAws, startAws } from '../../local/stack/aws.ts';
import { Table } from '../simulation/table.ts';

/** The two engines: dynalite, as every other test has it, and the one of this run. */
let engines: LocalAws[];
let stores: LedgerStore[];
beforeAll(async () => {
  const other = await startAws();
  vi.stubEnv('LOCAL_DYNAMODB_URL', '');
  const dynalite = await startAws();
  vi.unstubAllEnvs();
  engines = [dynalite, other];
  stores = engines.map(({ dynamodb, ledgerTable }) => createLedgerStore(dynamodb, ledgerTable));
});
afterAll(() => Promise.all(engines.map((engine) => engine.close())));

/** One step of a history, over a few orders. */
type Step = (store: Table | LedgerStore, prefix: string) => unknown;

const order = fc.constantFrom('1', '2');
const name = fc.constantFrom('version', 'claimUntil', 'writer', 'refund:b1:1', '中文 #:v');
const number = fc.oneof(
  fc.nat(3),
  fc.integer({ min: 1_700_000_000_000, max: 1_800_000_000_000 }),
  fc.constantFrom(0, Number.MAX_SAFE_INTEGER),
);
const text = fc.oneof(fc.constantFrom('', '1', '2', 'a'), fc.string({ unit: 'grapheme', maxLength: 20 }));
const value = fc.oneof(number, text);

const condition: fc.Arbitrary<Condition> = fc.oneof(
  fc.record({ name, is: fc.constantFrom('absent' as const, 'present' as const) }),
  fc.record({ name, is: fc.constant('equal' as const), value }),
  fc.record({ name, is: fc.constant('past' as const), value: number }),
);

/** A write as the ledger may make one: no name in two of its parts, and something that is set. */
const anyWrite: fc.Arbitrary<LedgerWrite> = fc
  .record({
    names: fc.shuffledSubarray(['version', 'claimUntil', 'writer', 'refund:b1:1', '中文 #:v'], {
      minLength: 1,
    }),
    cuts: fc.tuple(fc.nat(4), fc.nat(4)),
    values: fc.array(value, { minLength: 5, maxLength: 5 }),
    when: fc.array(condition, { maxLength: 2 }),
  })
  .map(({ names, cuts, values, when }) => {
    const item = (chosen: string[]): Item =>
      Object.fromEntries(chosen.map((each, index) => [each, values[index] ?? 0]));
    const set = 1 + cuts[0];
    return {
      set: item(names.slice(0, set)),
      keep: item(names.slice(set, set + cuts[1])),
      remove: names.slice(set + cuts[1]),
      when,
    };
  });

/** Small numbers, so that claims run out, are repeated and meet the same version. */
const moment = fc.nat(4);
const writer = fc.constantFrom('w1', 'w2');
const facts = fc.record(
  {
    siteId: fc.constantFrom('3', '4'),
    tpOrderId: fc.constantFrom('T-1', 'T-2'),
    notification: fc.record({ status: fc.constantFrom('1', '2', '-1'), promoDetail: text }),
    refund: fc.record({
      refundBatchId: fc.constantFrom('b1', 'b2'),
      code: fc.constantFrom(1 as const, 2 as const),
    }),
  },
  { requiredKeys: [] },
);

const own: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(order, facts, moment).map(
    ([orderId, fact, now]): Step =>
      (store, prefix) => {
        return store.write(`${prefix}#${orderId}`, learn({ appId: prefix, orderId }, fact, now, 9));
      },
  ),
  fc.tuple(order, writer, moment, fc.nat(3)).map(([orderId, by, now, lasting]): Step => {
    return async (store, prefix) => {
      const id = `${prefix}#${orderId}`;
      const record = readRecord({ appId: prefix, orderId }, await store.read(id));
      const decision = { writer: by, now, expiration: 9 };
      return store.write(id, claim(record, { siteId: '3', telling: { by }, until: now + lasting }, decision));
    };
  }),
  fc.tuple(order, writer, fc.boolean()).map(
    ([orderId, by, settles]): Step =>
      (store, prefix) => {
        return store.write(`${prefix}#${orderId}`, settles ? settle(by, { by }) : giveUp(by));
      },
  ),
);

const step: fc.Arbitrary<Step> = fc.oneof(
  own,
  fc.tuple(order, anyWrite).map(
    ([orderId, write]): Step =>
      (store, prefix) => {
        return store.write(`${prefix}#${orderId}`, write);
      },
  ),
  order.map(
    (orderId): Step =>
      (store, prefix) =>
        store.read(`${prefix}#${orderId}`),
  ),
  fc.constantFrom('T-1', 'T-2').map(
    (tpOrderId): Step =>
      async (store, prefix) => {
        const found = await store.find(`${prefix}#${tpOrderId}`);
        return found.map(({ id }) => id).sort();
      },
  ),
);

let histories = 0;

test('the model of the simulation, dynalite and another DynamoDB answer every history alike', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 20 }), async (steps) => {
      const prefix = `history-${++histories}`;
      const model = new Table();
      for (const [index, run] of steps.entries()) {
        const expected = await run(model, prefix);
        const answers = await Promise.all(stores.map((store) => run(store, prefix)));
        expect(answers, `step ${index + 1}`).toEqual([expected, expected]);
      }
    }),
    { numRuns: 150 },
  );
});

const MORE = 'x'.repeat(2049);

test.each<[string, string, LedgerWrite, string[]]>([
  ['an item of more than 400 KB', 'a', { set: { told: 'x'.repeat(410_000) } }, []],
  ['an id of more than 2,048 bytes', MORE, { set: { a: 1 } }, []],
  ['a key of the index that is a number', 'b', { set: { merchantOrder: 1 } }, []],
  // It cannot come from the ledger: an order id of the merchant's has 1 to 128 characters.
  ['an empty key of the index', 'd', { set: { merchantOrder: '' } }, ['dynalite']],
])('refused for good, and nothing is written: %s', async (_name, id, write, takenBy) => {
  for (const [index, store] of stores.entries()) {
    if (takenBy.includes(index === 0 ? 'dynalite' : 'the other')) {
      expect(await store.write(id, write)).toBeDefined();
      continue;
    }
    await expect(store.write(id, write)).rejects.toMatchObject({
      code: 'LEDGER_UNAVAILABLE',
      cause: { name: 'ValidationException' },
    });
    if (id !== MORE) expect(await store.read(id)).toBeUndefined();
  }
});
