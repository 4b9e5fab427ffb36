import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { buildBundles } from '../../local/deploy/bundles.ts';
import { makeWorld } from '../support/world.ts';
import { Load } from './load.ts';
import { watchProcesses } from './watch.ts';

/*
 * Mixed load on the built functions, each in a process of its own, for some minutes. Fails where an answer is not in
 * the contract, where the highest number about an order is not the truth or a change goes out twice, and where memory or
 * open files of a function grow after the warm-up.
 *
 *   npm run soak -- --minutes 10
 */
const { values } = parseArgs({ options: { minutes: { type: 'string', default: '1' } } });
const minutes = Number(values.minutes);
if (!(minutes > 0 && minutes <= 600)) throw new Error('--minutes takes a number over 0, and up to 600.');

const say = (text: string) => process.stdout.write(`${text}\n`);
const folder = await mkdtemp(path.join(os.tmpdir(), 'soak-'));
const world = await makeWorld(await buildBundles(folder), { visibilitySeconds: 10 });
const load = new Load(world);
const stopWatching = watchProcesses(load.processes());
const progress = setInterval(() => say(`  ${load.progress()}`), 10_000);

say(`Mixed load for ${minutes} minutes.`);
await load.run(minutes * 60_000);
clearInterval(progress);
const growth = await stopWatching();
const complaints = [...(await load.end()), ...growth.complaints];
await world.close();
await rm(folder, { recursive: true, force: true });

say(load.figures());
say(growth.figures);
for (const complaint of complaints) say(`WRONG: ${complaint}`);
say(
  complaints.length === 0
    ? 'Nothing lost, nothing twice, nothing grown.'
    : `${complaints.length} things are wrong.`,
);
process.exitCode = complaints.length === 0 ? 0 : 1;
