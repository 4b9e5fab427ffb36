import { beginSecrets } from './begin-secrets.ts';

/** How long the secret may be waited for, in milliseconds, of the 2 s that Baidu gives. */
export const SECRET_MS = 700;

/** The secret, asked for as soon as this module is evaluated. */
export const secretsAhead = beginSecrets(SECRET_MS);
