import { generateKeyPairSync } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { App, QueryOrder } from '../../../lib/baidu/client.ts';
import { BaiduError, ServiceError } from '../../../lib/baidu/errors.ts';
import type { OrderStatus } from '../../../lib/baidu/order-status.ts';
import type { Apps } from '../../../lib/merchant/apps.ts';
import { withPreviousKey } from '../../../lib/merchant/previous-key.ts';
import { onlyApp } from '../../support/apps.ts';

const ORDER = { orderId: '1', siteId: '2' };
const STATUS = { ...ORDER, payment: { status: 'PAID', code: 1, description: '' } } as OrderStatus;
const [OLD, NEW] = [secretWithNewKey(), secretWithNewKey()] as const;

const queryOrder = vi.fn<QueryOrder>();
const readPrevious = vi.fn<(budgetMs: number) => Promise<Pick<Apps<App>, 'find'>>>();
const query = () => withPreviousKey(queryOrder, readPrevious);

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
  queryOrder.mockImplementation(takesOnly(OLD));
  readPrevious.mockResolvedValue(onlyApp(OLD));
});
afterEach(() => {
  vi.useRealTimers();
  vi.resetAllMocks();
});

function secretWithNewKey(): App {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
  return { appId: '10026', appKey: 'MMM4oc', privateKey };
}

const unknownApp = () => {
  throw new ServiceError('INVALID_REQUEST', 'The appId is not of an app in the secret.');
};

/** A Baidu that takes the signatures of one secret's key, and takes 100 ms for each answer. */
function takesOnly({ privateKey }: App, errno = 10000): QueryOrder {
  return async (secret) => {
    vi.advanceTimersByTime(100);
    if (secret.privateKey.equals(privateKey)) return STATUS;
    throw new BaiduError(errno, 'no', false);
  };
}

describe('withPreviousKey()', () => {
  test('asks once where Baidu takes the present key', async () => {
    expect(await query()(OLD, ORDER, 5000)).toBe(STATUS);
    expect(queryOrder).toHaveBeenCalledExactlyOnceWith(OLD, ORDER, 5000);
    expect(readPrevious).not.toHaveBeenCalled();
  });

  test.each([930, 10000])(
    'asks again with the key before where errno %i refuses the signature',
    async (errno) => {
      queryOrder.mockImplementation(takesOnly(OLD, errno));
      expect(await query()({ ...NEW, appKey: 'new' }, ORDER, 5000)).toBe(STATUS);
      expect(readPrevious).toHaveBeenCalledExactlyOnceWith(4900);
      const [, [again, order, leftMs] = []] = queryOrder.mock.calls;
      expect([again, order, leftMs]).toEqual([{ ...OLD, appKey: 'new' }, ORDER, 4900]);
    },
  );

  test('asks again without a limit where none is set', async () => {
    expect(await query()(NEW, ORDER)).toBe(STATUS);
    expect(readPrevious).toHaveBeenCalledExactlyOnceWith(Number.POSITIVE_INFINITY);
  });

  test.each([
    new BaiduError(10002, 'no', false),
    new ServiceError('BAIDU_TIMEOUT', 'Too late.'),
    new TypeError('a bug'),
  ])('asks once where something else is wrong: %s', async (error) => {
    queryOrder.mockRejectedValue(error);
    await expect(query()(NEW, ORDER)).rejects.toBe(error);
    expect(queryOrder).toHaveBeenCalledTimes(1);
    expect(readPrevious).not.toHaveBeenCalled();
  });

  test.each<[string, number, () => Promise<Pick<Apps<App>, 'find'>>]>([
    ['the secret before has the same key', 1, async () => onlyApp(NEW)],
    ['the secret before held no such app', 1, async () => ({ find: unknownApp })],
    ['there is no secret before', 1, () => Promise.reject(new Error('none'))],
    ['the key before is refused, too', 2, async () => onlyApp(secretWithNewKey())],
  ])('throws what Baidu said of the present key where %s', async (_name, queries, previous) => {
    readPrevious.mockImplementation(previous);
    const refusals = [new BaiduError(10000, 'first', false), new BaiduError(930, 'second', false)];
    for (const refusal of refusals) queryOrder.mockRejectedValueOnce(refusal);
    await expect(query()(NEW, ORDER)).rejects.toBe(refusals[0]);
    expect(queryOrder).toHaveBeenCalledTimes(queries);
  });

  test('throws what becomes of the second query where that is something else', async () => {
    const lost = new ServiceError('BAIDU_UNREACHABLE', 'No connection to Baidu.');
    queryOrder.mockRejectedValueOnce(new BaiduError(10000, '', false)).mockRejectedValueOnce(lost);
    await expect(query()(NEW, ORDER)).rejects.toBe(lost);
  });

  test('reads the secret before once for each present one, whatever the load', async () => {
    const ask = query();
    await Promise.all(Array.from({ length: 50 }, () => ask(NEW, ORDER)));
    await ask(NEW, ORDER);
    expect(readPrevious).toHaveBeenCalledTimes(1);
    await ask({ ...NEW }, ORDER);
    expect(readPrevious).toHaveBeenCalledTimes(2);
  });

  test('keeps the key before of each app by itself', async () => {
    const apps = [NEW, { ...NEW, appId: '10027' }];
    const befores = [OLD, { ...secretWithNewKey(), appId: '10027' }];
    readPrevious.mockImplementation(async () => ({
      find: (appId) => befores.find((app) => app.appId === appId) ?? unknownApp(),
    }));
    queryOrder.mockImplementation(async (app) => {
      if (befores.some(({ privateKey }) => privateKey.equals(app.privateKey))) return STATUS;
      throw new BaiduError(10000, 'no', false);
    });
    const ask = query();
    for (let round = 0; round < 3; round++)
      for (const app of apps) expect(await ask(app, ORDER)).toBe(STATUS);
    expect(readPrevious).toHaveBeenCalledTimes(2);
    const signers = queryOrder.mock.calls.map(([{ appId, privateKey }]) => [appId, privateKey]);
    expect(signers.slice(-2)).toEqual([
      ['10027', NEW.privateKey],
      ['10027', befores[1]?.privateKey],
    ]);
  });

  test('keeps no failure to read it', async () => {
    readPrevious.mockRejectedValueOnce(new Error('away'));
    const ask = query();
    await expect(ask(NEW, ORDER)).rejects.toMatchObject({ errno: 10000 });
    expect(await ask(NEW, ORDER)).toBe(STATUS);
  });
});
