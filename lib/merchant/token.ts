import { timingSafeEqual } from 'node:crypto';
import { ServiceError } from '../baidu/errors.ts';
import type { Apps } from './apps.ts';
import { type QueryApp, tokenDigest } from './secret.ts';

/**
 * The token of an `Authorization: Bearer …` header (RFC 6750), its name in any case, given once.
 *
 * @throws ServiceError `UNAUTHORIZED` where there is none
 */
export function bearerToken(headers: Readonly<Record<string, string | undefined>> | undefined): string {
  const values = Object.entries(headers ?? {})
    .filter(([name]) => name.toLowerCase() === 'authorization')
    .map(([, value]) => value);
  const token = values.length === 1 ? /^Bearer +(\S+) *$/i.exec(values[0] ?? '')?.[1] : undefined;
  if (token === undefined) {
    throw new ServiceError('UNAUTHORIZED', 'Send one API token as “Authorization: Bearer …”.');
  }
  return token;
}

/**
 * The app whose token it is. Digests are compared, in constant time and all of them, so that neither length nor content
 * of a known token shows.
 *
 * @returns the app, and which of its tokens it is, counted from 1: what a log may say of a token
 * @throws ServiceError `UNAUTHORIZED`, or `CONFIGURATION_UNAVAILABLE` where it is, or can be, that of an app that is
 *   left out
 */
export function appOfToken<T extends Pick<QueryApp, 'tokenDigests'>>(
  token: string,
  { all, broken }: Pick<Apps<T>, 'all' | 'broken'>,
): { readonly app: T; readonly tokenNumber: number } {
  const given = tokenDigest(token);
  const numberIn = (digests: readonly Buffer[]) =>
    digests.map((digest) => timingSafeEqual(digest, given)).indexOf(true) + 1;
  const found = all
    .map((app) => ({ app, tokenNumber: numberIn(app.tokenDigests) }))
    .find(({ tokenNumber }) => tokenNumber > 0);
  if (found) return found;
  const left = broken.find(({ fields: { apiTokens } }) => {
    const readable = Array.isArray(apiTokens) && apiTokens.every((each) => typeof each === 'string');
    return !readable || numberIn(apiTokens.map(tokenDigest)) > 0;
  });
  throw left?.error ?? new ServiceError('UNAUTHORIZED', 'The API token is not known.');
}
