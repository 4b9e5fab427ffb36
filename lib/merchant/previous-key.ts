import type { KeyObject } from 'node:crypto';
import type { App, QueryOrder } from '../baidu/client.ts';
import { isSignatureRefused } from '../baidu/errnos.ts';
import { BaiduError } from '../baidu/errors.ts';
import { startBudget } from '../baidu/http/deadline.ts';
import type { Apps } from './apps.ts';

/**
 * Keeps queries good while the merchant's key is exchanged. Baidu's console holds one public key for an app, so the
 * key there and the key in the secret differ for a while: a query whose signature Baidu does not take goes out once
 * more, signed with the key that the secret held before for the same app.
 *
 * @param readPrevious the version of the secret before the present one, read in so many milliseconds; may throw
 * @returns `queryOrder` with that; where Baidu does not take the key before either, it throws what Baidu said of the
 *   present one
 */
export function withPreviousKey(
  queryOrder: QueryOrder,
  readPrevious: (budgetMs: number) => Promise<Pick<Apps<App>, 'find'>>,
): QueryOrder {
  /** The key before of each app as it is now, read in the time of who asked first: a failure of that is not kept. */
  const known = new WeakMap<App, Promise<KeyObject | undefined>>();

  function previousOf(app: App, budgetMs: number): Promise<KeyObject | undefined> {
    const found = known.get(app);
    if (found) return found;
    const previous = readPrevious(budgetMs)
      .then((apps) => apps.find(app.appId).privateKey)
      .catch(() => {
        known.delete(app);
        return undefined;
      });
    known.set(app, previous);
    return previous;
  }

  return async (app, order, budgetMs = Number.POSITIVE_INFINITY) => {
    const leftMs = startBudget(budgetMs);
    const refused = await queryOrder(app, order, budgetMs).catch(signatureRefusal);
    if (!(refused instanceof BaiduError)) return refused;
    const privateKey = await previousOf(app, leftMs());
    if (!privateKey || privateKey.equals(app.privateKey)) throw refused;
    const status = await queryOrder({ ...app, privateKey }, order, leftMs()).catch(signatureRefusal);
    if (status instanceof BaiduError) throw refused;
    return status;
  };
}

/** The error, if it says that Baidu does not take a signature; any other is thrown again. */
function signatureRefusal(error: unknown): BaiduError {
  if (error instanceof BaiduError && isSignatureRefused(error.errno)) return error;
  throw error;
}
