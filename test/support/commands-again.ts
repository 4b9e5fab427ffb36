import { pathToFileURL } from 'node:url';
import { runAgain } from './again-child.ts';

/** Imports a command's module anew for each run, and what it imports once. */
let runs = 0;
runAgain(({ program }) => import(`${pathToFileURL(program)}?run=${++runs}`));
