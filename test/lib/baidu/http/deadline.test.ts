import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { startBudget, within } from '../../../../lib/baidu/http/deadline.ts';

beforeEach(() => void vi.useFakeTimers());
// In this order: what was spied on is a timer of these.
afterEach(() => void vi.restoreAllMocks().useRealTimers());

const late = () => new Error('too late');

/** Something that ends after some time, and notes the signal that it is handed. */
function lasting(ms: number) {
  const seen: { signal?: AbortSignal } = {};
  const run = (signal: AbortSignal) => {
    seen.signal = signal;
    return new Promise<string>((resolve) => setTimeout(() => resolve('done'), ms));
  };
  return { run, seen };
}

describe('within()', () => {
  test('returns what ends in time, and leaves no timer behind', async () => {
    const { run, seen } = lasting(49);
    const result = within(50, run, late);
    await vi.advanceTimersByTimeAsync(49);
    expect(await result).toBe('done');
    expect(seen.signal?.aborted).toBe(false);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('throws what `late` makes, and fires the signal, when the time is up and not before', async () => {
    const { run, seen } = lasting(1000);
    const result = within(50, run, late);
    const settled = vi.fn();
    result.catch(settled);
    await vi.advanceTimersByTimeAsync(49);
    expect(settled).not.toHaveBeenCalled();
    expect(seen.signal?.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    await expect(result).rejects.toThrow('too late');
    expect(seen.signal?.aborted).toBe(true);
  });

  test('passes on what fails in time, and leaves no timer behind', async () => {
    const result = within(50, () => Promise.reject(new Error('denied')), late);
    await expect(result).rejects.toThrow('denied');
    expect(vi.getTimerCount()).toBe(0);
  });

  test('takes a time that is up already as one of 1 ms', async () => {
    const timer = vi.spyOn(globalThis, 'setTimeout');
    const result = within(-5, () => new Promise(() => undefined), late).catch(
      (error: Error) => error.message,
    );
    expect(timer).toHaveBeenCalledWith(expect.any(Function), 1);
    await vi.advanceTimersByTimeAsync(1);
    expect(await result).toBe('too late');
  });
});

describe('startBudget()', () => {
  test('counts down, never below 0', () => {
    const leftMs = startBudget(100);
    expect(leftMs()).toBe(100);
    vi.advanceTimersByTime(30);
    expect(leftMs()).toBe(70);
    vi.advanceTimersByTime(100);
    expect(leftMs()).toBe(0);
  });
});
