import path from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * Begins with the files that take longest, also on a machine that has not run them yet: where one begins last,
 * everything waits for it in the end. Those of one project come one after another, since a process is kept for the
 * next file of the same project only.
 *
 * @param starts how their paths from the root of the project begin, the longest first
 * @param between the project, if any, whose files come after the long ones of the others and before the rest
 */
export function longestFirst(starts: readonly string[], between = ''): typeof BaseSequencer {
  return class LongestFirst extends BaseSequencer {
    override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
      const rank = ({ moduleId, project }: TestSpecification) => {
        const file = path.relative(path.dirname(import.meta.dirname), moduleId);
        const found = starts.findIndex((start) => file.startsWith(start));
        const isLong = found >= 0;
        const part = project.name === between ? 1 : isLong ? 0 : 2;
        return part * (starts.length + 1) + (isLong ? found : starts.length);
      };
      return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
    }
  };
}
