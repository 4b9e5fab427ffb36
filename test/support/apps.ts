import type { Apps } from '../../lib/merchant/apps.ts';

/** What a secret of one good app is read as. */
export function onlyApp<T>(app: T): Apps<T> {
  return { all: [app], broken: [], find: () => app };
}
