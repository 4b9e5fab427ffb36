import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { visible, visibleJson } from '../../local/visible.ts';
import { anyText } from '../support/any-text.ts';

describe('visible', () => {
  test.each([
    ['\u001b[2J\u001b[H', '\\u{1b}[2J\\u{1b}[H'],
    ['a\r\nb\tc', 'a\\u{d}\\u{a}b\\u{9}c'],
    ['\u009b2J', '\\u{9b}2J'],
    ['a\u202eb\u2066c', 'a\\u{202e}b\\u{2066}c'],
    ['a\u200bb\u00adc\ufeff', 'a\\u{200b}b\\u{ad}c\\u{feff}'],
    ['a\u2028b', 'a\\u{2028}b'],
    ['\u{e0041}', '\\u{e0041}'],
    ['\ud800', '\\u{d800}'],
  ])('escapes %j', (text, shown) => {
    expect(visible(text)).toBe(shown);
  });

  test.each(['', 'appId=10026&returnData=少糖(热)! 加*冰~', '“平台公钥” ✓ é 😀'])(
    'leaves %j alone',
    (text) => {
      expect(visible(text)).toBe(text);
    },
  );

  test('leaves JSON what it was', () => {
    const value = { a: '\u001b[2J\u009b2J\u202e少\u{e0041}\ud800', b: ['x\ny'] };
    expect(visibleJson(value)).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}\p{Cs}]/u);
    expect(JSON.parse(visibleJson(value))).toEqual(value);
    expect(visibleJson({ a: '少' })).toBe('{\n  "a": "少"\n}');
  });

  test('leaves nothing in any text that a terminal would obey', () => {
    const anything = fc.string({
      unit: fc.oneof(anyText({ maxLength: 3 }), fc.constant('\u001b')),
    });
    fc.assert(
      fc.property(anything, (text) => {
        expect(visible(text)).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}]/u);
      }),
    );
  });
});
