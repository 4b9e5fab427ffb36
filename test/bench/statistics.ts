/** The value that as many lie below as above. */
export function median(values: readonly number[]): number {
  return percentile(values, 50);
}

/** The smallest value that at least so many percent of all do not exceed. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const index = Math.max(Math.ceil((percent / 100) * sorted.length) - 1, 0);
  return sorted[index] ?? Number.NaN;
}

/** The median of what each value is of the one that was taken in turn with it: what slows both down does not show. */
export function medianRatio(values: readonly number[], ofThose: readonly number[]): number {
  return median(values.map((value, round) => value / (ofThose[round] ?? Number.NaN)));
}

/**
 * Runs each contender once a round, round after round, each round beginning with another one: what disturbs the
 * machine meanwhile disturbs them all.
 *
 * @returns the results of each contender
 */
export async function inTurn<Name extends string, Result>(
  contenders: readonly Name[],
  rounds: number,
  run: (contender: Name) => Promise<Result>,
): Promise<Record<Name, Result[]>> {
  const results = Object.fromEntries(contenders.map((name) => [name, []])) as unknown as Record<
    Name,
    Result[]
  >;
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < contenders.length; turn++) {
      const name = contenders[(round + turn) % contenders.length];
      if (name !== undefined) results[name].push(await run(name));
    }
  }
  return results;
}
