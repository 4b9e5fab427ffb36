import path from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * Begins with the files that take longest, also on a machine that has not run them yet: where one begins last,
 * everything waits for it in the end.
 *
 * @param starts how their paths from the root of the project begin, the longest first
 */
export function longestFirst(starts: readonly string[]): typeof BaseSequencer {
  return class LongestFirst extends BaseSequencer {
    override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
      const rank = ({ moduleId }: TestSpecification) => {
        const file = path.relative(path.dirname(import.meta.dirname), moduleId);
        const found = starts.findIndex((start) => file.startsWith(start));
        return found < 0 ? starts.length : found;
      };
      return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
    }
  };
}
