import { existsSync } from 'node:fs';
import path from 'node:path';

/** The folder that a merchant copies. */
export const EXAMPLE = path.resolve(import.meta.dirname, '../../examples/baidu-cloud-function');

/** Baidu's Node.js, where npm has one for this platform. */
export const NODE_8 = path.join(import.meta.dirname, 'node-8/node_modules/node/bin/node');

/** What the function is run on, by version: Baidu's, where it is there, and the current one. */
export const RUNTIMES: [version: string, node: string][] = [
  ...(existsSync(NODE_8) ? [['8.5.0', NODE_8] as [string, string]] : []),
  ['current', process.execPath],
];
