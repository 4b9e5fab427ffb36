import type { Context } from 'aws-lambda';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { BaiduError, ServiceError } from '../../../lib/baidu/errors.ts';
import type { Log } from '../../../lib/lambda/log.ts';
import { type Outcome, type OutcomeOptions, outcomes } from '../../../lib/lambda/middleware.ts';

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  // A sandbox's first invocation is told from the others.
  await setUp().invoke(() => undefined);
});
afterEach(() => void vi.useRealTimers());

/** A handler whose invocations take 12.4 ms; what it does is told to it. */
function setUp(options: Partial<OutcomeOptions<string, string>> = {}, make = outcomes<string, string>) {
  const log = vi.fn<Log>();
  const { before, after, onError } = make({
    log,
    answerError: () => 'sorry',
    ...options,
  });
  async function invoke(act: (outcome: Outcome) => void, awsRequestId: string | undefined = 'request-1') {
    const context = { awsRequestId } as Context & { outcome: Outcome };
    const request = {
      event: 'event',
      context,
      response: null,
      error: null,
      internal: {},
    } as unknown as Parameters<NonNullable<typeof before>>[0];
    await before?.(request);
    vi.advanceTimersByTime(12.4);
    try {
      act(context.outcome);
      await after?.(request);
    } catch (error) {
      request.error = error as Error;
      await onError?.(request);
    }
    return request;
  }
  return { invoke, log };
}

describe('outcomes(): an invocation that succeeds', () => {
  test('is one line with its request, its time, and what the handler learned', async () => {
    const { invoke, log } = setUp();
    const { error } = await invoke(({ fields, metrics }) => {
      fields['orderId'] = '1';
      metrics.push({ name: 'NotificationsAccepted', value: 1 });
    });
    expect(log).toHaveBeenCalledExactlyOnceWith(
      'INFO',
      'answered',
      { coldStart: undefined, orderId: '1', durationMs: 12 },
      [{ name: 'NotificationsAccepted', value: 1 }],
    );
    expect(log.requestId).toBe('request-1');
    expect(error).toBeNull();
  });

  test('is counted as a cold start when it is a sandbox’s first', async () => {
    vi.resetModules();
    const { invoke, log } = setUp({}, (await import('../../../lib/lambda/middleware.ts')).outcomes);
    await invoke(() => undefined);
    await invoke(() => undefined);
    expect(log.mock.calls).toEqual([
      ['INFO', 'answered', { coldStart: true, durationMs: 12 }, [{ name: 'ColdStarts', value: 1 }]],
      ['INFO', 'answered', { coldStart: undefined, durationMs: 12 }, []],
    ]);
  });
});

describe('outcomes(): an invocation that fails', () => {
  test.each([
    [new ServiceError('INVALID_REQUEST', 'orderId is missing.'), 'WARN', 'INVALID_REQUEST'],
    [new ServiceError('NOTIFICATION_TOO_LARGE', 'Too large.'), 'WARN', 'NOTIFICATION_TOO_LARGE'],
    [new ServiceError('INTERNAL_ERROR', 'Failed.'), 'ERROR', 'INTERNAL_ERROR'],
    [new BaiduError(10000, '', false), 'ERROR', 'BAIDU_ERROR'],
    [new TypeError('x is not a function'), 'ERROR', 'INTERNAL_ERROR'],
  ])('is one line: %s is %s', async (error, level, code) => {
    const { invoke, log } = setUp();
    const { response } = await invoke(({ fields }) => {
      fields['orderId'] = '1';
      throw error;
    });
    expect(log).toHaveBeenCalledExactlyOnceWith(
      level,
      'failed',
      expect.objectContaining({ orderId: '1', durationMs: 12, code }),
      [],
    );
    expect(response).toBe('sorry');
  });

  test('is answered by what is made of its error, its event and its request', async () => {
    const answerError = vi.fn(() => 'sorry');
    const { invoke } = setUp({ answerError });
    const error = new ServiceError('INVALID_REQUEST', 'orderId is missing.');
    await invoke(() => {
      throw error;
    });
    expect(answerError).toHaveBeenCalledExactlyOnceWith(error, 'event', 'request-1');
  });

  test('adds metrics of its own to those of the handler', async () => {
    const { invoke, log } = setUp({
      failureMetrics: ({ code }, event) => [
        { name: 'NotificationsRefused', value: 1, dimension: { name: 'Reason', value: `${event}: ${code}` } },
      ],
    });
    await invoke(({ metrics }) => {
      metrics.push({ name: 'OrderMismatches', value: 1 });
      throw new ServiceError('INVALID_SIGNATURE', 'Wrong.');
    });
    expect(log.mock.calls[0]?.[3]).toEqual([
      { name: 'OrderMismatches', value: 1 },
      {
        name: 'NotificationsRefused',
        value: 1,
        dimension: { name: 'Reason', value: 'event: INVALID_SIGNATURE' },
      },
    ]);
  });

  test('shows who invoked it directly the code and the message, no cause and no frame', async () => {
    const { invoke } = setUp({ answerError: () => undefined });
    const { error, response } = await invoke(() => {
      throw new BaiduError(10000, 'marked', false);
    });
    expect(response).toBeNull();
    expect(error).not.toBeInstanceOf(ServiceError);
    expect(error).toMatchObject({
      name: 'BAIDU_ERROR',
      message: 'Baidu answered with errno 10000.',
      stack: 'BAIDU_ERROR: Baidu answered with errno 10000.',
    });
    expect(Object.keys(error ?? {})).toEqual(['name']);
  });

  test('is of an unknown request where the runtime names none', async () => {
    const answerError = vi.fn(() => 'sorry');
    const { invoke } = setUp({ answerError });
    await invoke(
      () => {
        throw new Error('failed');
      },
      null as unknown as undefined,
    );
    expect(answerError).toHaveBeenCalledWith(expect.anything(), 'event', 'unknown');
  });
});
