/** How long one attempt may take where nothing else is said, in milliseconds, and how many there are. */
export const STANDARD_LIMITS = { attemptTimeoutMs: 1500, maxAttempts: 3 } as const;

/**
 * Runs something that must end in time. When the time is up the signal fires and the error of `late` is thrown,
 * whether or not what runs heeds the signal. No timer outlives the call.
 *
 * @param ms how long it may take, in milliseconds; at least 1
 */
export async function within<T>(
  ms: number,
  run: (signal: AbortSignal) => Promise<T>,
  late: () => Error,
): Promise<T> {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => {
        controller.abort();
        reject(late());
      },
      Math.max(ms, 1),
    );
  });
  try {
    return await Promise.race([run(controller.signal), limit]);
  } finally {
    clearTimeout(timer);
  }
}

/** A function that tells how many milliseconds of a budget are left from now on; never less than 0. */
export function startBudget(ms: number): () => number {
  const end = performance.now() + ms;
  return () => Math.max(end - performance.now(), 0);
}
