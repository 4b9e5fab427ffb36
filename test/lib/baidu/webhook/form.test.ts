import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type FormRequest, readForm } from '../../../../lib/baidu/webhook/form.ts';

const base64 = (text: string | Uint8Array) => Buffer.from(text).toString('base64');
const KB_64 = 64 * 1024;

function expectRefused(request: FormRequest, code: string, message: string): void {
  expect(() => readForm(request)).toThrow(expect.objectContaining({ code, message }));
}

describe('readForm(): takes', () => {
  test.each<[string, FormRequest]>([
    ['a plain body', { body: 'a=1&b=' }],
    ['a plain body that says so', { body: 'a=1&b=', isBase64Encoded: false }],
    ['a body in base64', { body: base64('a=1&b='), isBase64Encoded: true }],
    ['a body before the query string', { body: 'a=1&b=', rawQueryString: 'c=2' }],
    ['the query string, where there is no body', { rawQueryString: 'a=1&b=' }],
    ['the query string, where the body is empty', { body: '', rawQueryString: 'a=1&b=' }],
    [
      'the query string as it is, whatever the body is marked as',
      { body: '', isBase64Encoded: true, rawQueryString: 'a=1&b=' },
    ],
    ['null for no body', { body: null as unknown as string, rawQueryString: 'a=1&b=' }],
  ])('%s', (_name, request) => {
    expect(readForm(request)).toEqual({ a: '1', b: '' });
  });

  test.each([
    ['escapes and blanks', 'a=%E6%94%AF+%2B%26+x', { a: '支 +& x' }],
    ['raw UTF-8', 'a=支', { a: '支' }],
    ['an = in a value', 'a=b=c', { a: 'b=c' }],
    ['an escaped name', '%61=1', { a: '1' }],
    ['names of letters, digits and _', 'aZ_9=1', { aZ_9: '1' }],
    ['a byte-order mark inside a value', 'a=\ufeff', { a: '\ufeff' }],
  ])('%s', (_name, body, fields) => {
    expect(readForm({ body })).toEqual(fields);
    expect(readForm({ body: base64(body), isBase64Encoded: true })).toEqual(fields);
  });

  test('a name of 64 characters, 100 fields, and 64 KB', () => {
    const name = 'a'.repeat(64);
    expect(readForm({ body: `${name}=1` })).toEqual({ [name]: '1' });
    expect(Object.keys(readForm({ body: numbered(100) }))).toHaveLength(100);
    for (const size of [KB_64 - 2, KB_64 - 1, KB_64]) {
      const body = `a=${'x'.repeat(size - 2)}`;
      expect(readForm({ body })['a']).toHaveLength(size - 2);
      expect(readForm({ body: base64(body), isBase64Encoded: true })['a']).toHaveLength(size - 2);
    }
  });

  test('whatever a browser’s form encoder writes', () => {
    const value = fc.string({ unit: fc.constantFrom('a', ' ', '+', '&', '=', '%', '支', '😀', '\n', '\0') });
    fc.assert(
      fc.property(value, value, (a, b) => {
        const body = new URLSearchParams({ a, b }).toString();
        expect(readForm({ body })).toEqual({ a, b });
      }),
    );
  });
});

describe('readForm(): refuses', () => {
  test.each<[string, FormRequest]>([
    ['nothing', {}],
    ['an empty body', { body: '' }],
    ['an empty body in base64', { body: '', isBase64Encoded: true }],
    ['an empty query string', { rawQueryString: '' }],
  ])('%s', (_name, request) => {
    expectRefused(
      request,
      'INVALID_NOTIFICATION',
      'The request holds no form: body and query string are empty.',
    );
  });

  test.each(['hello', 'a=1&', '&a=1', 'a=1&&b=2', 'a=1&b'])('a part without “=”: %j', (body) => {
    expectRefused({ body }, 'INVALID_NOTIFICATION', 'The request holds no form: a part of it has no “=”.');
  });

  test.each([
    '=1',
    '9a=1',
    '_a=1',
    'a-b=1',
    '__proto__=1',
    'a%20=1',
    '%20a=1',
    'a%3Db=1',
    `${'a'.repeat(65)}=1`,
    '支=1',
  ])('the name in %j', (body) => {
    expectRefused(
      { body },
      'INVALID_NOTIFICATION',
      'The form has a field whose name is not letters and digits.',
    );
  });

  test.each(['a=1&a=1', 'a=1&b=2&a=', 'a=1&%61=2'])('a name twice: %j', (body) => {
    expectRefused({ body }, 'INVALID_NOTIFICATION', 'The form has the field a twice.');
  });

  test.each(['a=%', 'a=%4', 'a=%zz', 'a=%ff', 'a=%c0%80', 'a=%ed%a0%80', '%ff=1'])(
    'the escape in %j',
    (body) => {
      expectRefused({ body }, 'INVALID_NOTIFICATION', 'The form has an escape that is broken or not UTF-8.');
    },
  );

  test.each<[string, FormRequest]>([
    ['a lone surrogate', { body: 'a=\ud800' }],
    ['bytes that are not UTF-8', { body: base64(Uint8Array.of(0x61, 0x3d, 0xff)), isBase64Encoded: true }],
  ])('%s', (_name, request) => {
    expectRefused(request, 'INVALID_NOTIFICATION', 'The form is not UTF-8.');
  });

  test('a byte-order mark before the first name, which it would be part of', () => {
    expectRefused(
      { body: base64('\ufeffa=1'), isBase64Encoded: true },
      'INVALID_NOTIFICATION',
      'The form has a field whose name is not letters and digits.',
    );
  });

  test.each(['§', 'a=1', 'YT0x\n', 'YT0x===='])('%j, which is marked as base64', (body) => {
    expectRefused(
      { body, isBase64Encoded: true },
      'INVALID_NOTIFICATION',
      'The body is not base64, though it is marked as such.',
    );
  });

  test.each<[string, FormRequest]>([
    ['64 KB and a byte', { body: `a=${'x'.repeat(KB_64 - 1)}` }],
    ['64 KB and a byte in base64', { body: base64(`a=${'x'.repeat(KB_64 - 1)}`), isBase64Encoded: true }],
    ['fewer characters, but more bytes', { body: `a=${'支'.repeat(KB_64 / 3)}` }],
    ['a query string as large', { rawQueryString: `a=${'x'.repeat(KB_64 - 1)}` }],
    ['100 KB that are no base64, unread', { body: '§'.repeat(100_000), isBase64Encoded: true }],
  ])('%s', (_name, request) => {
    expectRefused(request, 'NOTIFICATION_TOO_LARGE', 'The form is larger than 64 KB.');
  });

  test('101 fields, unread', () => {
    const message = 'The form has more than 100 fields.';
    expectRefused({ body: numbered(101) }, 'NOTIFICATION_TOO_LARGE', message);
    expectRefused({ body: '&'.repeat(100) }, 'NOTIFICATION_TOO_LARGE', message);
  });
});

function numbered(count: number): string {
  return Array.from({ length: count }, (_, index) => `f${index}=`).join('&');
}
