import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { asciiJson, digitsOf, isRecord, parseJson } from '../../../lib/baidu/json.ts';

describe('parseJson()', () => {
  test('loses no digit: what a double cannot hold stays the text that it was', () => {
    expect(
      parseJson('{"a":[9223372036854775807,-9007199254740993,9007199254740991,1.50,"1",null,true]}'),
    ).toEqual({
      a: ['9223372036854775807', '-9007199254740993', 9007199254740991, '1.50', '1', null, true],
    });
  });

  test.each([
    ['[9007199254740993]', ['9007199254740993']],
    ['[9007199254740991]', [9007199254740991]],
    ['1.5', '1.5'],
    ['1e400', '1e400'],
    ['1E400', '1E400'],
    ['1e2', 100],
  ])('reads %s as %j', (text, expected) => {
    expect(parseJson(text)).toEqual(expected);
  });

  test('looks at no number where none can be too long', () => {
    const parse = vi.spyOn(JSON, 'parse');
    const text = '{"orderId":"1920891312","count":123456789012345,"list":[-1,0]}';
    expect(parseJson(text)).toEqual({ orderId: '1920891312', count: 123456789012345, list: [-1, 0] });
    expect(parse).toHaveBeenCalledExactlyOnceWith(text);
    parse.mockRestore();
  });

  test.each(['', '{', "{'a':1}", 'undefined'])('is undefined for %j, which is no JSON', (text) => {
    expect(parseJson(text)).toBeUndefined();
  });
});

describe('asciiJson()', () => {
  test('escapes everything but plain ASCII', () => {
    expect(asciiJson({ a: '~\u007fé支😀\n' })).toBe('{"a":"~\\u007f\\u00e9\\u652f\\ud83d\\ude00\\n"}');
  });

  test('reads back as what it was, whatever the text', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 0xffff })), (units) => {
        const text = String.fromCharCode(...units);
        const written = asciiJson(text);
        expect(written).toMatch(/^[\x20-\x7e]*$/);
        expect(JSON.parse(written)).toBe(text);
      }),
    );
  });
});

describe('isRecord()', () => {
  test.each([
    [{}, true],
    [{ a: 1 }, true],
    [[], false],
    [null, false],
    [undefined, false],
    ['text', false],
    [1, false],
  ])('%j: %s', (value, expected) => {
    expect(isRecord(value)).toBe(expected);
  });
});

describe('digitsOf()', () => {
  test.each([
    [10026, '10026'],
    ['10026', '10026'],
    ['', ''],
    [true, undefined],
    [null, undefined],
    [['1'], undefined],
    [undefined, undefined],
  ])('%j: %j', (value, expected) => {
    expect(digitsOf(value)).toBe(expected);
  });
});
