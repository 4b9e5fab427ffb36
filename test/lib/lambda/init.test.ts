import { describe, expect, test, vi } from 'vitest';
import { atInit } from '../../../lib/lambda/init.ts';

describe('atInit()', () => {
  test('makes a thing once, at once', () => {
    const thing = {};
    const make = vi.fn(() => thing);
    const made = atInit(make);
    expect(make).toHaveBeenCalledTimes(1);
    expect(made()).toBe(thing);
    expect(made()).toBe(thing);
    expect(make).toHaveBeenCalledTimes(1);
  });

  test('ends nothing when it fails, and throws the failure at each call', () => {
    const failure = new Error('not set');
    const made = atInit(() => {
      throw failure;
    });
    expect(made).toThrow(failure);
    expect(made).toThrow(failure);
  });
});
