import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { openLedger } from '../../../lib/aws/dynamodb.ts';
import { awsClientLimits } from '../../../lib/aws/limits.ts';
import type { LedgerWrite } from '../../../lib/ledger/decisions.ts';
import { createLedgerStore, type LedgerStore } from '../../../lib/ledger/store.ts';
import { type LocalAws, startAws } from '../../../local/stack/aws.ts';
import { hangs, says } from '../../support/baidu.ts';
import { type AwsEndpoint, CREDENTIALS, startEndpoint } from '../../support/endpoint.ts';
import { inTime } from '../../support/in-time.ts';

let aws: LocalAws;
let store: LedgerStore;
beforeAll(async () => {
  aws = await startAws();
  store = createLedgerStore(aws.dynamodb, aws.ledgerTable);
});
afterAll(() => aws.close());

let count = 0;
let id: string;
beforeEach(() => {
  id = `10026#${++count}`;
});

describe('a ledger in a table', () => {
  test('knows nothing of what was never written', async () => {
    expect(await store.read(id)).toBeUndefined();
  });

  test('writes texts and numbers, and reads and returns them as they were', async () => {
    const set = { text: '支付 😀 "a":1', number: 1_767_225_600_123, zero: 0, 'refund:a:1': 5, told: '{}' };
    expect(await store.write(id, { set })).toEqual({ id, ...set });
    expect(await store.read(id)).toEqual({ id, ...set });
  });

  test('reads over what it does not know: a list, a flag', async () => {
    const Item = { id: { S: id }, a: { S: 'a' }, list: { L: [] }, flag: { BOOL: true } };
    await aws.dynamodb.send(new PutItemCommand({ TableName: aws.ledgerTable, Item }));
    expect(await store.read(id)).toEqual({ id, a: 'a' });
  });

  test('sets, keeps what is there already, and removes', async () => {
    await store.write(id, { set: { a: 1, b: 1, c: 1 } });
    const item = await store.write(id, { set: { a: 2 }, keep: { b: 2, d: 2 }, remove: ['c'] });
    expect(item).toEqual({ id, a: 2, b: 1, d: 2 });
  });

  test('touches nothing else', async () => {
    await store.write(id, { set: { a: 1, b: 1 } });
    expect(await store.write(id, { set: { a: 2 } })).toEqual({ id, a: 2, b: 1 });
  });

  test.each<[string, NonNullable<LedgerWrite['when']>, boolean]>([
    ['absent, and it is', [{ name: 'none', is: 'absent' }], true],
    ['absent, and it is there', [{ name: 'n', is: 'absent' }], false],
    ['present, and it is', [{ name: 'n', is: 'present' }], true],
    ['present, and it is not', [{ name: 'none', is: 'present' }], false],
    ['equal, and it is', [{ name: 'n', is: 'equal', value: 5 }], true],
    ['equal, and it is not', [{ name: 'n', is: 'equal', value: 6 }], false],
    ['equal, and it is a text', [{ name: 's', is: 'equal', value: '5' }], true],
    ['equal, and it is of another kind', [{ name: 'n', is: 'equal', value: '5' }], false],
    ['past, and it is now', [{ name: 'n', is: 'past', value: 5 }], true],
    ['past, and it is before', [{ name: 'n', is: 'past', value: 6 }], true],
    ['past, and it is to come', [{ name: 'n', is: 'past', value: 4 }], false],
    ['past, and there is none', [{ name: 'none', is: 'past', value: 0 }], true],
    [
      'two that hold',
      [
        { name: 'n', is: 'present' },
        { name: 'none', is: 'past', value: 0 },
      ],
      true,
    ],
    [
      'two, and one does not',
      [
        { name: 'n', is: 'present' },
        { name: 's', is: 'absent' },
      ],
      false,
    ],
    [
      'two, and the first does not',
      [
        { name: 's', is: 'absent' },
        { name: 'n', is: 'present' },
      ],
      false,
    ],
  ])('writes where a condition holds, and else nothing: %s', async (_name, when, holds) => {
    await store.write(id, { set: { n: 5, s: '5' } });
    const written = await store.write(id, { set: { n: 9 }, keep: { k: 1 }, remove: ['s'], when });
    expect(written).toEqual(holds ? { id, n: 9, k: 1 } : undefined);
    expect(await store.read(id)).toEqual(holds ? { id, n: 9, k: 1 } : { id, n: 5, s: '5' });
  });

  test('lets one of twenty decide that want to at once', async () => {
    await store.write(id, { set: { version: 1 } });
    const writes = Array.from({ length: 20 }, (_, index) =>
      store.write(id, {
        set: { version: 2, writer: `w${index}` },
        when: [{ name: 'version', is: 'equal', value: 1 }],
      }),
    );
    const written = (await Promise.all(writes)).filter((item) => item !== undefined);
    expect(written).toHaveLength(1);
    expect(await store.read(id)).toEqual(written[0]);
  });

  test('finds every order with one of the merchant’s ids, up to twenty, and no other', async () => {
    const merchantOrder = `10026#own-${id}`;
    expect(await store.find(merchantOrder)).toEqual([]);
    for (let order = 0; order < 22; order++) {
      await store.write(`${id}#${order}`, { set: { merchantOrder, order } });
      if (order === 1) {
        const found = await store.find(merchantOrder);
        expect(found.map((item) => item['order']).sort()).toEqual([0, 1]);
      }
    }
    await store.write(`${id}#other`, { set: { merchantOrder: `10027#own-${id}` } });
    expect(await store.find(merchantOrder)).toHaveLength(20);
  });
});

vi.mock(import('../../../lib/aws/limits.ts'), { spy: true });

describe('a table that does not answer', () => {
  let table: AwsEndpoint;
  let ledger: LedgerStore;
  const json = { 'content-type': 'application/x-amz-json-1.0' };
  const refuses = (name: string, status = 400) =>
    says(JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${name}`, message: 'no' }), status, json);
  const item = says('{"Item":{"id":{"S":"x"}},"Attributes":{"id":{"S":"x"}},"Items":[]}', 200, json);

  beforeEach(async () => {
    table = await startEndpoint(() => item);
    for (const [name, value] of Object.entries({ ...CREDENTIALS, AWS_ENDPOINT_URL_DYNAMODB: table.url })) {
      vi.stubEnv(name, value);
    }
    ledger = openLedger('ledger');
  });
  /** The same with attempts of 300 ms. */
  const hurried = () => createLedgerStore(new DynamoDBClient({ maxAttempts: 1 }), 'ledger', 300);
  afterEach(async () => {
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
    await table.close();
  });

  const calls: [string, (budgetMs?: number) => Promise<unknown>][] = [
    ['read', (budgetMs) => ledger.read('x', budgetMs)],
    ['write', (budgetMs) => ledger.write('x', { set: { a: 1 } }, budgetMs)],
    ['find', (budgetMs) => ledger.find('x', budgetMs)],
  ];

  test('has a client that makes one attempt: the store counts them', () => {
    expect(awsClientLimits).toHaveBeenLastCalledWith({ attemptTimeoutMs: 1000, maxAttempts: 1 });
  });

  test('is read consistently', async () => {
    await ledger.read('x');
    expect(JSON.parse(table.calls[0]?.body ?? '')).toEqual({
      ...{ TableName: 'ledger', Key: { id: { S: 'x' } }, ConsistentRead: true },
    });
  });

  describe.each(calls)('%s()', (_name, call) => {
    test.each(['InternalServerError', 'ProvisionedThroughputExceededException', 'ThrottlingException'])(
      'tries again after %s, three times in all',
      async (name) => {
        table.play(refuses(name), refuses(name));
        expect(await call()).toBeDefined();
        expect(table.calls).toHaveLength(3);
        table.play(refuses(name), refuses(name), refuses(name));
        await expect(call()).rejects.toMatchObject({
          ...{ code: 'LEDGER_UNAVAILABLE', message: 'The ledger did not answer.', cause: { name } },
        });
        expect(table.calls).toHaveLength(6);
      },
    );

    test.each(['AccessDeniedException', 'ResourceNotFoundException', 'ValidationException'])(
      'does not try again after %s, and keeps AWS’s own name for it',
      async (name) => {
        table.play(refuses(name));
        await expect(call()).rejects.toMatchObject({ code: 'LEDGER_UNAVAILABLE', cause: { name } });
        expect(table.calls).toHaveLength(1);
      },
    );

    test('tries again where the body stalls after the headers', async () => {
      table.play((_request, response) => {
        response.writeHead(200, { ...json, 'content-length': '100' });
        response.write('{');
      });
      ledger = hurried();
      expect(await inTime(2500, call())).toBeDefined();
      expect(table.calls).toHaveLength(2);
    });

    test('ends within its budget, with an error that names DynamoDB', async () => {
      table.play(hangs, hangs, hangs);
      await expect(inTime(700, call(150))).rejects.toMatchObject({
        code: 'LEDGER_UNAVAILABLE',
        cause: { name: 'TimeoutError', message: 'DynamoDB did not answer in time.' },
      });
      expect(table.calls).toHaveLength(1);
    });
  });

  test('refuses a condition: nothing was written, which is no failure', async () => {
    table.play(refuses('ConditionalCheckFailedException'));
    expect(await ledger.write('x', { set: { a: 1 } })).toBeUndefined();
    expect(table.calls).toHaveLength(1);
  });

  test('that goes on hanging is given up after three attempts', async () => {
    table.play(hangs, hangs, hangs);
    await expect(inTime(3000, hurried().read('x'))).rejects.toMatchObject({ code: 'LEDGER_UNAVAILABLE' });
    expect(table.calls).toHaveLength(3);
  });
});
