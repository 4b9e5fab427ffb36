/**
 * The benchmarks: `npm run bench` for all, `npm run bench -- cold` for the cold half alone, `npm run bench -- burst` for
 * the burst of 10,000 notifications, `npm run bench -- apps` for one app against several in the secret.
 * Exits 1 where a figure misses its limit. docs/performance.md says what each figure means.
 */
import { FUNCTIONS } from '../../local/deploy/bundles.ts';
import { measureApps } from './apps.ts';
import { runBurst } from './burst.ts';
import { AWS_MS, measureColdHalf } from './cold-half.ts';
import { measureConfirm } from './confirm.ts';
import { burstChecks, burstTable, type Check, checksTable, holds, machine } from './report.ts';
import { measureSigning } from './signing.ts';
import { contentsTable, measureZips, zippedKb } from './sizes.ts';
import { setStage } from './stage.ts';
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
  const checks = await measure(process.argv[2]);
  say();
  for (const line of checksTable(checks)) say(line);
  if (!checks.every(holds)) process.exitCode = 1;
} finally {
  await stage.close();
}

async function measure(part: string | undefined): Promise<Check[]> {
  const cold = () => measureColdHalf(stage, { rounds: ROUNDS.cold, say, progress });
  switch (part) {
    case 'cold':
      return cold();
    case 'burst':
      return burst(BURST.whole);
    case 'apps':
      return apps();
    case undefined: {
      const halves = [...(await cold()), ...(await warm()), ...(await sizes()), ...(await confirm())];
      return [...halves, ...signing(), ...(await apps()), ...(await burst(BURST.sample))];
    }
    default:
      throw new Error(`There is no part “${part}”: cold, burst, apps, or nothing for all.`);
  }
}

async function warm(): Promise<Check[]> {
  progress('query, warm …');
  Object.assign(stage.secrets, { latencyMs: 0 });
  Object.assign(stage.baidu, { latencyMs: 0 });
  const bundles = ['floor-query', 'usual-query', 'query'] as const;
  const query = await measureWarm(stage, { bundles, event: stage.query, rounds: ROUNDS.warm, block: 200 });
  progress('notify, warm …');
  stage.queue.latencyMs = 10;
  const event = stage.notification();
  const notify = await measureWarm(stage, {
    ...{ bundles: ['floor-notify', 'notify'] as const, event },
    ...{ rounds: 5, block: 100 },
  });
  say('\n| warm | p50, ms | p99, ms | MB after all |');
  say('|---|---:|---:|---:|');
  for (const [name, run] of Object.entries({ ...query, ...notify })) {
    say(`| ${name} | ${run.p50Ms.toFixed(3)} | ${run.p99Ms.toFixed(2)} | ${run.peakMb.toFixed(0)} |`);
  }
  const { 'floor-query': floor, 'usual-query': usual, query: ours } = query;
  return [
    {
      ...({ what: 'query warm, of the floor', unit: '×', limit: 1.15 } as const),
      ...{ value: ours.p50Ms / floor.p50Ms, usual: usual.p50Ms / floor.p50Ms },
    },
  ];
}

async function sizes(): Promise<Check[]> {
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
  const limits = { query: 105, notify: 105, confirm: 130 };
  return FUNCTIONS.map((name) => ({
    ...({ what: `${name} zip`, value: zips[name], unit: 'KB', limit: limits[name] } as const),
    ...(name === 'query' && { usual }),
  }));
}

async function confirm(): Promise<Check[]> {
  progress('confirm …');
  stage.baidu.latencyMs = 200;
  stage.setDistances({ baiduMs: 0, awsMs: AWS_MS });
  const { oneMs, tenMs } = await measureConfirm(stage, ROUNDS.confirm);
  stage.setDistances({ baiduMs: 0, awsMs: 0 });
  say(`\nconfirm, Baidu at 200 ms: one ${oneMs.toFixed(0)} ms, a batch of ten ${tenMs.toFixed(0)} ms`);
  return [{ what: 'confirm, ten of one', value: tenMs / oneMs, unit: '×', limit: 1.2 }];
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

async function apps(): Promise<Check[]> {
  progress('one app and several …');
  return measureApps(stage, ROUNDS.cold, say);
}

async function burst(notifications: number): Promise<Check[]> {
  progress(`${notifications} notifications in a burst …`);
  stage.queue.latencyMs = 0;
  stage.secrets.latencyMs = 0;
  const result = await runBurst(stage, { notifications, queriesPerSecond: BURST.queriesPerSecond });
  say();
  for (const line of burstTable(result)) say(line);
  return burstChecks(result);
}
