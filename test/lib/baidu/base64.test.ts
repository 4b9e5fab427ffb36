import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeBase64 } from '../../../lib/baidu/base64.ts';

describe('decodeBase64()', () => {
  test.each(['/+8=', '/+8', '/w==', '/w', '/+/v', ''])(
    'reads %j, canonical with or without padding',
    (text) => {
      expect(decodeBase64(text)).toEqual(Buffer.from(text, 'base64'));
    },
  );

  test.each(['/w=', '/w===', '/x==', '_w==', ' /w==', '/w==\n', '/w==AAAA', 'A', '§'])(
    'refuses %j, which Node would read',
    (text) => {
      expect(decodeBase64(text)).toBeUndefined();
    },
  );

  test('reads what Buffer wrote, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const text = Buffer.from(bytes).toString('base64');
        expect(decodeBase64(text)).toEqual(Buffer.from(bytes));
        expect(decodeBase64(text.replaceAll('=', ''))).toEqual(Buffer.from(bytes));
      }),
    );
  });
});
