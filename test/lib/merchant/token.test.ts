import { describe, expect, test } from 'vitest';
import { tokenDigest } from '../../../lib/merchant/secret.ts';
import { bearerToken, requireToken } from '../../../lib/merchant/token.ts';

describe('bearerToken()', () => {
  test.each<Record<string, string | undefined>>([
    { authorization: 'Bearer a-token' },
    { Authorization: 'bearer a-token' },
    { AUTHORIZATION: 'BEARER   a-token  ' },
    { host: 'example.com', authorization: 'Bearer a-token', accept: '*/*' },
  ])('reads %j', (headers) => {
    expect(bearerToken(headers)).toBe('a-token');
  });

  test.each<Record<string, string | undefined> | undefined>([
    undefined,
    {},
    { authorization: undefined },
    { authorization: '' },
    { authorization: 'Bearer' },
    { authorization: 'Bearer ' },
    { authorization: 'Bearera-token' },
    { authorization: 'Basic a-token' },
    { authorization: 'a-token' },
    { authorization: ' Bearer a-token' },
    { authorization: 'xBearer a-token' },
    { authorization: 'Bearer a-token b-token' },
    { authorization: 'Bearer a-token\n' },
    { 'x-authorization': 'Bearer a-token' },
    { authorization: 'Bearer a-token', Authorization: 'Bearer a-token' },
  ])('refuses %j', (headers) => {
    expect(() => bearerToken(headers)).toThrow(
      expect.objectContaining({
        code: 'UNAUTHORIZED',
        message: 'Send one API token as “Authorization: Bearer …”.',
      }),
    );
  });
});

describe('requireToken()', () => {
  const digests = ['one', 'two'].map(tokenDigest);

  test.each([
    ['one', 1],
    ['two', 2],
  ])('lets %s in, as number %i', (token, number) => {
    expect(requireToken(token, digests)).toBe(number);
  });

  test.each([
    ['nothing', ''],
    ['a part', 'on'],
    ['a blank behind', 'one '],
    ['another case', 'One'],
    ['another', 'three'],
    ['a long one', 'x'.repeat(100_000)],
  ])('turns %s away', (_name, token) => {
    expect(() => requireToken(token, digests)).toThrow(
      expect.objectContaining({ code: 'UNAUTHORIZED', message: 'The API token is not known.' }),
    );
  });

  test('turns everyone away where no token is known', () => {
    expect(() => requireToken('one', [])).toThrow('The API token is not known.');
  });
});
