import { createRequire } from 'node:module';
import path from 'node:path';
import { runAgain } from '../support/again-child.ts';

const require = createRequire(import.meta.url);
const PACKAGES = path.resolve(import.meta.dirname, '../../node_modules');
const inPackage = (name: string) => path.join(PACKAGES, name) + path.sep;

/** What remembers a run, and what remembers the folder of its first. */
const OF_A_RUN = [inPackage('serverless')];
const OF_A_FOLDER = [...OF_A_RUN, inPackage('serverless-esbuild'), inPackage('esbuild')];

let last = '';
runAgain(({ program, folder }) => {
  const anew = folder === last ? OF_A_RUN : OF_A_FOLDER;
  last = folder;
  for (const file of Object.keys(require.cache)) {
    if (anew.some((start) => file.startsWith(start))) delete require.cache[file];
  }
  require(program);
});
