/**
 * The benchmarks: `npm run bench` for all, `npm run bench -- burst` for the burst of 10,000 notifications,
 * `npm run bench -- apps` for one app against several in the secret.
 * Exits 1 where a figure misses its limit. docs/performance.md says what each figure means.
 */
import { measureApps } from './apps.ts';
import { runBurst } from './burst.ts';
import { measureColdStarts } from './cold.ts';
import { measureConfirm } from './confirm.ts';
import { burstChecks, burstTable, type Check, checksTable, holds, machine } from './report.ts';
import { measureSigning } from './signing.ts';
import { contentsTable, measureZips, zippedKb } from './sizes.ts';
import { type Stage, setStage } from './stage.ts';
import { openToolbox } from './toolbox.ts';
import { measureWarm } from './warm.ts';

const ROUNDS = { cold: 31, warm: 20, confirm: 15, signing: 9 };
const BURST = { whole: 10_000, sample: 1000, queriesPerSecond: 50 };

const say = (text = '') => process.stdout.write(`${text}\n`);
const progress = (text: string) => process.stderr.write(`${text}\n`);

const toolbox = openToolbox(progress);
const stage = await setStage(toolbox);
try {
  say(machine(toolbox));
  say();
  const only = process.argv[2];
  const checks = [
    ...(only === undefined ? await measureAll(stage) : []),
    ...(only === 'burst' ? [] : await apps(stage)),
    ...(only === 'apps' ? [] : await burst(stage, only === 'burst' ? BURST.whole : BURST.sample)),
  ];
  say();
  for (const line of checksTable(checks)) say(line);
  if (!checks.every(holds)) process.exitCode = 1;
} finally {
  await stage.close();
}

async function measureAll(stage: Stage): Promise<Check[]> {
  return [
    ...(await query(stage)),
    ...(await sizes(stage)),
    ...(await confirm(stage)),
    ...(await notify(stage)),
    ...signing(),
  ];
}

async function query(stage: Stage): Promise<Check[]> {
  progress('query, cold …');
  const bundles = ['floor-query', 'usual-query', 'query'] as const;
  Object.assign(stage.secrets, { latencyMs: 20 });
  Object.assign(stage.baidu, { latencyMs: 30 });
  const cold = await measureColdStarts(stage, { bundles, event: stage.query, rounds: ROUNDS.cold });
  progress('query, warm …');
  Object.assign(stage.secrets, { latencyMs: 0 });
  Object.assign(stage.baidu, { latencyMs: 0 });
  const warm = await measureWarm(stage, { bundles, event: stage.query, rounds: ROUNDS.warm, block: 200 });
  say(
    '| query | init, ms | first answer, ms | warm p50, ms | warm p99, ms | MB at first answer | MB after 6,000 |',
  );
  say('|---|---:|---:|---:|---:|---:|---:|');
  for (const name of bundles) {
    const { initMs, totalMs, peakMb } = cold[name];
    const times = [
      initMs.toFixed(0),
      totalMs.toFixed(0),
      warm[name].p50Ms.toFixed(3),
      warm[name].p99Ms.toFixed(2),
    ];
    say(`| ${name} | ${times.join(' | ')} | ${peakMb.toFixed(0)} | ${warm[name].peakMb.toFixed(0)} |`);
  }
  const { 'floor-query': floorCold, 'usual-query': usualCold, query: ourCold } = cold;
  const { 'floor-query': floorWarm, 'usual-query': usualWarm, query: ourWarm } = warm;
  const ratio = (what: string, limit: number, [ours, floor, usual]: [number, number, number]): Check => {
    return { what, value: ours / floor, unit: '×', limit, usual: usual / floor };
  };
  return [
    ratio('query cold, of the floor', 1.4, [ourCold.totalMs, floorCold.totalMs, usualCold.totalMs]),
    {
      what: 'query cold, of the usual stack',
      value: ourCold.totalMs / usualCold.totalMs,
      unit: '×',
      limit: 1,
    },
    ratio('query warm, of the floor', 1.2, [ourWarm.p50Ms, floorWarm.p50Ms, usualWarm.p50Ms]),
    ratio('query memory at peak, of the floor', 1.15, [ourCold.peakMb, floorCold.peakMb, usualCold.peakMb]),
  ];
}

async function sizes(stage: Stage): Promise<Check[]> {
  progress('sizes …');
  say();
  for (const line of await contentsTable()) say(line);
  const zips = measureZips();
  say(
    `\nZips: ${Object.entries(zips)
      .map(([name, size]) => `${name} ${size.toFixed(0)} KB`)
      .join(', ')}`,
  );
  const usual = zippedKb(stage.bundles['usual-query'] ?? '');
  return [{ what: 'query zip', value: zips.query, unit: 'KB', limit: 120, usual }];
}

async function confirm(stage: Stage): Promise<Check[]> {
  progress('confirm …');
  stage.baidu.latencyMs = 200;
  const { oneMs, tenMs } = await measureConfirm(stage, ROUNDS.confirm);
  say(`\nconfirm, Baidu at 200 ms: one ${oneMs.toFixed(0)} ms, a batch of ten ${tenMs.toFixed(0)} ms`);
  return [{ what: 'confirm, ten of one', value: tenMs / oneMs, unit: '×', limit: 1.5 }];
}

async function notify(stage: Stage): Promise<Check[]> {
  progress('notify …');
  const bundles = ['floor-notify', 'notify'] as const;
  const event = stage.notification();
  Object.assign(stage.secrets, { latencyMs: 20 });
  Object.assign(stage.queue, { latencyMs: 20 });
  const cold = await measureColdStarts(stage, { bundles, event, rounds: ROUNDS.cold });
  stage.queue.latencyMs = 10;
  const warm = await measureWarm(stage, { bundles, event, rounds: 5, block: 100 });
  say('\n| notify | init, ms | first answer, ms | p50, SQS at 10 ms | p99 | MB at first answer |');
  say('|---|---:|---:|---:|---:|---:|');
  for (const name of bundles) {
    const times = [cold[name].initMs.toFixed(0), cold[name].totalMs.toFixed(0), warm[name].p50Ms.toFixed(1)];
    say(
      `| ${name} | ${times.join(' | ')} | ${warm[name].p99Ms.toFixed(1)} | ${cold[name].peakMb.toFixed(0)} |`,
    );
  }
  const value = cold.notify.totalMs / cold['floor-notify'].totalMs;
  return [
    { what: 'notify cold, of the floor', value, unit: '×', limit: 2 },
    { what: 'notify cold', value: cold.notify.totalMs, unit: 'ms', limit: 1000 },
  ];
}

function signing(): Check[] {
  progress('signing …');
  const speeds = [1024, 2048].map((bits) => measureSigning(bits, ROUNDS.signing));
  say('\n| a second of CPU | sign | openssl | verify | openssl |');
  say('|---|---:|---:|---:|---:|');
  for (const { bits, sign, opensslSign, verify, opensslVerify } of speeds) {
    const figures = [sign, opensslSign, verify, opensslVerify].map((value) => value.toFixed(0));
    say(`| RSA ${bits} | ${figures.join(' | ')} |`);
  }
  return speeds.map(({ bits, sign, opensslSign }) => {
    const what = `sign ${bits}, of openssl speed`;
    return { what, value: sign / opensslSign, unit: '×', limit: 0.9, atLeast: true };
  });
}

async function apps(stage: Stage): Promise<Check[]> {
  progress('one app and several …');
  return measureApps(stage, ROUNDS.cold, say);
}

async function burst(stage: Stage, notifications: number): Promise<Check[]> {
  progress(`${notifications} notifications in a burst …`);
  stage.queue.latencyMs = 0;
  stage.secrets.latencyMs = 0;
  const result = await runBurst(stage, { notifications, queriesPerSecond: BURST.queriesPerSecond });
  say();
  for (const line of burstTable(result)) say(line);
  return burstChecks(result);
}
