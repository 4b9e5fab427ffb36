import { afterEach, describe, expect, test, vi } from 'vitest';
import { ServiceError } from '../../../lib/baidu/errors.ts';
import { createSecretLoader, type SecretLoaderOptions } from '../../../lib/merchant/secret-loader.ts';

const TTL_MS = 1000;

afterEach(() => void vi.useRealTimers());

/** A loader whose store and clock the test holds in its hand. */
function setUp(options: Partial<SecretLoaderOptions<string>> = {}) {
  const clock = { ms: 0 };
  const reads: { signal: AbortSignal; resolve: (text: string) => void; reject: (error: Error) => void }[] =
    [];
  const failures: ServiceError[] = [];
  /** Of each failure, whether it harms nobody yet. */
  const passing: boolean[] = [];
  const parse = vi.fn((text: string) => {
    if (text === 'nonsense')
      throw new ServiceError('CONFIGURATION_UNAVAILABLE', 'The secret’s appId is missing.');
    return text.toUpperCase();
  });
  const loader = createSecretLoader<string>({
    fetchSecret: (signal) =>
      new Promise((resolve, reject) => {
        reads.push({ signal, resolve, reject });
      }),
    parse,
    ttlMs: TTL_MS,
    timeoutMs: 5000,
    refreshTimeoutMs: 20,
    onFailure: (error, isPassing) => {
      failures.push(error);
      passing.push(isPassing);
    },
    now: () => clock.ms,
    ...options,
  });
  return { loader, reads, failures, passing, parse, clock };
}

describe('createSecretLoader()', () => {
  test('reads once for all who ask at the same time', async () => {
    const { loader, reads, parse } = setUp();
    const all = Promise.all(Array.from({ length: 50 }, () => loader.load()));
    expect(reads).toHaveLength(1);
    reads[0]?.resolve('one');
    expect(new Set(await all)).toEqual(new Set(['ONE']));
    expect(await loader.load()).toBe('ONE');
    expect(reads).toHaveLength(1);
    expect(parse).toHaveBeenCalledTimes(1);
  });

  test('serves what the init phase began to read', async () => {
    const { loader, reads } = setUp();
    loader.prefetch();
    const asked = loader.load();
    reads[0]?.resolve('one');
    expect(await asked).toBe('ONE');
    expect(reads).toHaveLength(1);
  });

  test('reads anew where the read of the init phase fails, whoever waits for it', async () => {
    const { loader, reads, passing } = setUp();
    loader.prefetch();
    const asked = loader.load();
    reads[0]?.reject(new Error('socket hang up'));
    await vi.waitFor(() => expect(reads).toHaveLength(2));
    reads[1]?.resolve('one');
    expect(await asked).toBe('ONE');
    expect(passing).toEqual([true]);
  });

  test('is in trouble where the read after that of the init phase fails, too', async () => {
    const { loader, reads, passing } = setUp();
    loader.prefetch();
    const asked = loader.load();
    reads[0]?.reject(new Error('socket hang up'));
    await vi.waitFor(() => expect(reads).toHaveLength(2));
    reads[1]?.reject(new Error('denied'));
    await expect(asked).rejects.toMatchObject({ code: 'CONFIGURATION_UNAVAILABLE' });
    expect(passing).toEqual([true, false]);
  });

  test('is in trouble at the second refresh in a row that fails, and at a first read that nobody can do without', async () => {
    const { loader, reads, passing, clock } = setUp();
    const play = async (...outcomes: readonly ('good' | 'bad')[]) => {
      for (const outcome of outcomes) {
        clock.ms += TTL_MS;
        const asked = loader.load().catch(() => undefined);
        const read = reads.at(-1);
        if (outcome === 'good') read?.resolve('one');
        else read?.reject(new Error('away'));
        await asked;
      }
    };
    await play('bad');
    expect(passing).toEqual([false]);
    await play('good', 'bad', 'good', 'bad', 'bad', 'bad', 'good', 'bad');
    expect(passing).toEqual([false, true, true, false, false, true]);
  });

  test('ends no process when the init phase fails and no one asks', async () => {
    const { loader, reads, failures } = setUp();
    loader.prefetch();
    reads[0]?.reject(new Error('denied'));
    await vi.waitFor(() => expect(failures).toHaveLength(1));
  });

  test('keeps no failure', async () => {
    const { loader, reads } = setUp();
    const asked = loader.load();
    reads[0]?.reject(new Error('throttled'));
    await expect(asked).rejects.toMatchObject({
      code: 'CONFIGURATION_UNAVAILABLE',
      message: 'The secret cannot be read from Secrets Manager.',
      cause: new Error('throttled'),
    });
    const again = loader.load();
    reads[1]?.resolve('one');
    expect(await again).toBe('ONE');
  });

  test('counts a secret that is not what it must be as a failure, and says which field', async () => {
    const { loader, reads, failures } = setUp();
    const asked = loader.load();
    reads[0]?.resolve('nonsense');
    await expect(asked).rejects.toMatchObject({ message: 'The secret’s appId is missing.' });
    expect(failures.map(({ message }) => message)).toEqual(['The secret’s appId is missing.']);
  });

  test('gives up in time, and tells the reader so', async () => {
    const { loader, reads } = setUp({ timeoutMs: 20 });
    await expect(loader.load()).rejects.toMatchObject({ message: 'Secrets Manager did not answer in time.' });
    expect(reads[0]?.signal.aborted).toBe(true);
  });

  test('takes no longer than the caller can wait', async () => {
    const { loader } = setUp();
    await expect(loader.load(20)).rejects.toMatchObject({
      message: 'Secrets Manager did not answer in time.',
    });
  });

  test('counts what the read of the init phase took towards that', async () => {
    const { loader, reads, clock } = setUp();
    loader.prefetch();
    vi.useFakeTimers();
    const settled = vi.fn();
    const asked = loader
      .load(100)
      .finally(settled)
      .catch(() => undefined);
    clock.ms = 70;
    reads[0]?.reject(new Error('socket hang up'));
    await vi.advanceTimersByTimeAsync(29);
    expect(settled).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(settled).toHaveBeenCalled();
    await asked;
  });

  test('fails for all who wait, with one read', async () => {
    const { loader, reads } = setUp();
    const all = Promise.allSettled([loader.load(), loader.load()]);
    reads[0]?.reject(new Error('denied'));
    expect((await all).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(reads).toHaveLength(1);
  });

  test.each([
    new ServiceError('INVALID_REQUEST', 'other'),
    Object.assign(new Error('other'), { code: 'CONFIGURATION_UNAVAILABLE' }),
  ])('has one code for whatever goes wrong: %s', async (cause) => {
    const { loader, reads, failures } = setUp();
    const asked = loader.load();
    reads[0]?.reject(cause);
    await expect(asked).rejects.toMatchObject({ code: 'CONFIGURATION_UNAVAILABLE', cause });
    expect(failures).toEqual([expect.objectContaining({ cause })]);
  });

  test.each([
    [20, 5000],
    [5000, 20],
  ])(
    'serves the last good one after %i ms for a read, or the %i that its caller has',
    async (refreshTimeoutMs, budgetMs) => {
      const { loader, reads, clock } = setUp({ refreshTimeoutMs });
      const asked = loader.load();
      reads[0]?.resolve('one');
      await asked;
      clock.ms = TTL_MS;
      vi.useFakeTimers();
      const served = vi.fn();
      const stale = loader.load(budgetMs).then(served);
      await vi.advanceTimersByTimeAsync(19);
      expect(served).not.toHaveBeenCalled();
      await vi.advanceTimersByTimeAsync(1);
      expect(served).toHaveBeenCalledExactlyOnceWith('ONE');
      await stale;
      vi.useRealTimers();
    },
  );

  test('reads again after its time, not before', async () => {
    const { loader, reads, clock } = setUp();
    const asked = loader.load();
    reads[0]?.resolve('one');
    await asked;
    clock.ms = TTL_MS - 1;
    expect(await loader.load()).toBe('ONE');
    expect(reads).toHaveLength(1);
    clock.ms = TTL_MS;
    const refreshed = loader.load();
    reads[1]?.resolve('two');
    expect(await refreshed).toBe('TWO');
  });

  test('parses a secret once as long as it is the same', async () => {
    const { loader, reads, parse, clock } = setUp();
    for (const index of [0, 1]) {
      const asked = loader.load();
      reads[index]?.resolve('one');
      await asked;
      clock.ms += TTL_MS;
    }
    expect(parse).toHaveBeenCalledTimes(1);
  });

  test.each([
    ['away', (read: { reject: (error: Error) => void }) => read.reject(new Error('away'))],
    ['silent', () => undefined],
    ['handing out nonsense', (read: { resolve: (text: string) => void }) => read.resolve('nonsense')],
  ])(
    'serves the last good one while Secrets Manager is %s, and the new one after that',
    async (_name, act) => {
      const { loader, reads, failures, clock } = setUp();
      const asked = loader.load();
      reads[0]?.resolve('one');
      await asked;
      clock.ms = TTL_MS;
      for (const index of [1, 2]) {
        const stale = loader.load();
        const read = reads[index];
        if (read) act(read);
        expect(await stale).toBe('ONE');
        expect(failures).toHaveLength(index);
      }
      const fresh = loader.load();
      reads[3]?.resolve('two');
      expect(await fresh).toBe('TWO');
    },
  );
});
