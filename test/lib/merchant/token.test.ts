import { describe, expect, test } from 'vitest';
import { ServiceError } from '../../../lib/baidu/errors.ts';
import { tokenDigest } from '../../../lib/merchant/secret.ts';
import { appOfToken, bearerToken } from '../../../lib/merchant/token.ts';

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

describe('appOfToken()', () => {
  const first = { appId: '1', tokenDigests: ['one', 'two'].map(tokenDigest) };
  const second = { appId: '2', tokenDigests: ['three'].map(tokenDigest) };
  const apps = { all: [first, second], broken: [] };

  test.each([
    ['one', first, 1],
    ['two', first, 2],
    ['three', second, 1],
  ])('lets %s in for its app, as number %i', (token, app, tokenNumber) => {
    expect(appOfToken(token, apps)).toEqual({ app, tokenNumber });
  });

  test.each([
    ['nothing', ''],
    ['a part', 'on'],
    ['a blank behind', 'one '],
    ['another case', 'One'],
    ['another', 'four'],
    ['a long one', 'x'.repeat(100_000)],
  ])('turns %s away', (_name, token) => {
    expect(() => appOfToken(token, apps)).toThrow(
      expect.objectContaining({ code: 'UNAUTHORIZED', message: 'The API token is not known.' }),
    );
  });

  test('turns everyone away where no token is known', () => {
    expect(() => appOfToken('one', { all: [], broken: [] })).toThrow('The API token is not known.');
  });

  describe('where an app is left out', () => {
    const error = new ServiceError('CONFIGURATION_UNAVAILABLE', 'The secret’s apps[2].appKey is missing.');
    const leftOut = (apiTokens: unknown) => ({
      all: apps.all,
      broken: [{ place: 'apps[2].', fields: { apiTokens }, appId: '3', error }],
    });

    test.each<[string, unknown]>([
      ['is its own', ['other', 'five']],
      ['can be its own: it names none', undefined],
      ['can be its own: not all can be read', ['other', 5]],
    ])('says so of a token that %s', (_name, apiTokens) => {
      expect(() => appOfToken('five', leftOut(apiTokens))).toThrow(error);
      expect(appOfToken('three', leftOut(apiTokens))).toMatchObject({ app: second });
    });

    test('turns away a token that is nobody’s', () => {
      expect(() => appOfToken('six', leftOut(['other', 'five']))).toThrow('The API token is not known.');
    });
  });
});
