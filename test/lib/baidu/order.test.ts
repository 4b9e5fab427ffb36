import { describe, expect, test } from 'vitest';
import { isLong, parseOrderRef } from '../../../lib/baidu/order.ts';

const RULE =
  'must be a decimal integer from 1 to 9223372036854775807, digits only, without sign or leading zero.';

function expectInvalid(read: () => unknown, message: string): void {
  expect(read).toThrow(expect.objectContaining({ code: 'INVALID_REQUEST', message }));
}

describe('isLong()', () => {
  test.each(['1', '10', '1920891312', '9223372036854775807'])('%s is one', (text) => {
    expect(isLong(text)).toBe(true);
  });

  test.each([
    ...['', '0', '01', '-1', '+1', '1.0', '1e3', ' 1', '1 ', '1\n', '0x1', 'x1', '1x', '１'],
    ...['9223372036854775808', '99999999999999999999'],
    ...[1, 1n, null, undefined, ['1']],
  ])('%s is none', (value) => {
    expect(isLong(value)).toBe(false);
  });
});

describe('parseOrderRef()', () => {
  test('keeps the ids as they are', () => {
    expect(parseOrderRef('1', '9223372036854775807')).toEqual({
      orderId: '1',
      siteId: '9223372036854775807',
    });
  });

  test.each([undefined, null, ''])('says which id is missing: %j', (value) => {
    expectInvalid(() => parseOrderRef(value, '1'), 'orderId is missing.');
    expectInvalid(() => parseOrderRef('1', value), 'siteId is missing.');
  });

  test('says which id is malformed, and how', () => {
    expectInvalid(() => parseOrderRef('x', '1'), `orderId ${RULE}`);
    expectInvalid(() => parseOrderRef('1', '0'), `siteId ${RULE}`);
  });

  test.each([1, 0, false, {}])('says that an id must be a string: %j', (value) => {
    expectInvalid(
      () => parseOrderRef('1', value),
      `siteId ${RULE} It must be a string: JSON numbers lose digits.`,
    );
  });
});
