import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fenFromYuan, yuanFromFen } from '../../../local/cashier/orders/money.ts';

describe('fenFromYuan(text)', () => {
  test.each([
    ['9.90', 990],
    ['9.9', 990],
    ['0.01', 1],
    [' 12 ', 1200],
    ['999999999.99', 99_999_999_999],
  ])('%s yuan are %i fen', (text, fen) => {
    expect(fenFromYuan(text)).toBe(fen);
  });

  test.each(['', '.', '1.', '.5', '1.234', '-1', '1,000', '1e3', '１', '9999999999'])(
    '%j is none',
    (text) => {
      expect(fenFromYuan(text)).toBeNull();
    },
  );

  test('reads back what yuanFromFen writes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 99_999_999_999 }), (fen) => {
        expect(fenFromYuan(yuanFromFen(fen).replace(/[¥,]/g, ''))).toBe(fen);
      }),
    );
  });
});

describe('yuanFromFen(fen)', () => {
  test.each([
    [0, '¥0.00'],
    [1, '¥0.01'],
    [129_950, '¥1,299.50'],
    [123_456_789, '¥1,234,567.89'],
  ])('%i fen are %s', (fen, text) => {
    expect(yuanFromFen(fen)).toBe(text);
  });
});
