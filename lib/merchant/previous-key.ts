import type { App, QueryOrder } from '../baidu/client.ts';
import { startBudget } from '../baidu/deadline.ts';
import { BaiduError } from '../baidu/errors.ts';

/** The errnos by which Baidu says that it does not take a signature. */
const SIGNATURE_ERRNOS: ReadonlySet<number> = new Set([930, 10000]);

/**
 * Keeps queries good while the merchant's key is exchanged. Baidu's console holds one public key for an app, so the
 * key there and the key in the secret differ for a while: a query whose signature Baidu does not take goes out once
 * more, signed with the key that the secret held before.
 *
 * @param readPrevious the version of the secret before the present one, read in so many milliseconds; may throw
 * @returns `queryOrder` with that; where Baidu does not take the key before either, it throws what Baidu said of the
 *   present one
 */
export function withPreviousKey(
  queryOrder: QueryOrder,
  readPrevious: (budgetMs: number) => Promise<App>,
): QueryOrder {
  /** The present secret, and the one before it, read in the time of who asked first: a failure of that is not kept. */
  let known: { present: App; previous: Promise<App | undefined> } | undefined;

  async function previousOf(present: App, budgetMs: number): Promise<App | undefined> {
    if (known?.present !== present) {
      const previous = readPrevious(budgetMs).catch(() => {
        known = undefined;
        return undefined;
      });
      known = { present, previous };
    }
    return known.previous;
  }

  return async (secret, order, budgetMs = Number.POSITIVE_INFINITY) => {
    const leftMs = startBudget(budgetMs);
    const refused = await queryOrder(secret, order, budgetMs).catch(signatureRefusal);
    if (!(refused instanceof BaiduError)) return refused;
    const previous = await previousOf(secret, leftMs());
    if (!previous || previous.privateKey.equals(secret.privateKey)) throw refused;
    const { privateKey } = previous;
    const status = await queryOrder({ ...secret, privateKey }, order, leftMs()).catch(signatureRefusal);
    if (status instanceof BaiduError) throw refused;
    return status;
  };
}

/** The error, if it says that Baidu does not take a signature; any other is thrown again. */
function signatureRefusal(error: unknown): BaiduError {
  if (error instanceof BaiduError && SIGNATURE_ERRNOS.has(error.errno)) return error;
  throw error;
}
