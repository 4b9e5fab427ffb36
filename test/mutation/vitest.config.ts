import path from 'node:path';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Runs the tests of the file that is mutated first: they are the likeliest to fail, and the first failure ends a run. */
class OwnTestsFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const mutated = new Set(this.ctx.config.related?.map((file) => path.basename(file, '.ts')));
    const isOwn = ({ moduleId }: TestSpecification) => mutated.has(path.basename(moduleId, '.test.ts'));
    return [...files.filter(isOwn), ...files.filter((file) => !isOwn(file))];
  }
}

/** What Stryker runs: the tests that are quick, on the TypeScript source. `npm test` runs these and all others. */
export default defineConfig({
  test: {
    include: ['test/lib/**/*.test.ts', 'test/handlers/unit/**/*.test.ts'],
    env: { TEST_BUILD: 'source' },
    sequence: { sequencer: OwnTestsFirst },
    testTimeout: 30_000,
    allowOnly: false,
  },
});
