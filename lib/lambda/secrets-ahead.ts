import { beginSecrets } from './begin-secrets.ts';

/** The secret, asked for as soon as this module is evaluated. */
export const secretsAhead = beginSecrets();
