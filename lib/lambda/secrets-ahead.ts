import { secretsManagerUrl } from './config.ts';
import { atInit } from './init.ts';
import { openAhead } from './open-ahead.ts';

/**
 * The way to Secrets Manager, opened as soon as this module is evaluated: whoever imports it first has it looked up and
 * reached while the rest is evaluated. `undefined` where nobody knows yet where that is.
 */
export const secretsAhead = atInit(() => {
  const url = secretsManagerUrl();
  return url ? openAhead(url) : undefined;
});
