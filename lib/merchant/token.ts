import { timingSafeEqual } from 'node:crypto';
import { ServiceError } from '../baidu/errors.ts';
import { tokenDigest } from './secret.ts';

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
 * Checks a token against those that may ask. Digests are compared, in constant time and all of them, so that
 * neither length nor content of a known token shows.
 *
 * @param digests of the known tokens, as `parseQuerySecret` makes them
 * @returns which of them it is, counted from 1: what a log may say of a token
 * @throws ServiceError `UNAUTHORIZED`
 */
export function requireToken(token: string, digests: readonly Buffer[]): number {
  const given = tokenDigest(token);
  const matches = digests.map((digest) => timingSafeEqual(digest, given));
  const number = matches.indexOf(true) + 1;
  if (number === 0) throw new ServiceError('UNAUTHORIZED', 'The API token is not known.');
  return number;
}
