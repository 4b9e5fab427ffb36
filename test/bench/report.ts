import { execFileSync } from 'node:child_process';
import os from 'node:os';
import type { Burst } from './burst.ts';
import { opensslVersion } from './signing.ts';
import type { Toolbox } from './toolbox.ts';

/** A figure and what it must keep to. */
export interface Check {
  readonly what: string;
  readonly value: number;
  readonly unit: '×' | 'ms' | 'KB' | '';
  /** At most this, or, with `atLeast`, at least; without a limit it is a figure to know. */
  readonly limit?: number | undefined;
  readonly atLeast?: boolean;
  /** The usual stack's figure, where it has one. */
  readonly usual?: number;
}

/** Whether a figure keeps to its limit. */
export function holds({ value, limit, atLeast = false }: Check): boolean {
  if (limit === undefined) return true;
  return atLeast ? value >= limit : value <= limit;
}

/** The checks as a table, each figure beside its limit. */
export function checksTable(checks: readonly Check[]): string[] {
  const figure = (value: number, unit: Check['unit']) =>
    `${value.toFixed(unit === '×' ? 2 : 0)}${unit && ` ${unit}`}`;
  return [
    '| | measured | limit | usual stack | |',
    '|---|---:|---:|---:|---|',
    ...checks.map((check) => {
      const { what, value, unit, limit, atLeast, usual } = check;
      const bound = limit === undefined ? '' : `${atLeast ? '≥' : '≤'} ${figure(limit, unit)}`;
      const other = usual === undefined ? '' : figure(usual, unit);
      return `| ${what} | ${figure(value, unit)} | ${bound} | ${other} | ${bound && (holds(check) ? 'kept' : '**missed**')} |`;
    }),
  ];
}

/** On what, and with what, was measured. */
export function machine({ versionOf }: Toolbox): string {
  const packages = ['aws-lambda-ric', '@middy/core', '@middy/secrets-manager', 'axios'];
  return [
    `${os.availableParallelism()} × ${os.cpus()[0]?.model}, ${Math.round(os.totalmem() / 2 ** 30)} GB`,
    `${os.type()} ${os.arch()}, load ${os.loadavg()[0]?.toFixed(1)}`,
    `Node ${process.version} (OpenSSL ${process.versions.openssl}), ${opensslVersion()} beside it`,
    `commit ${git('rev-parse', '--short', 'HEAD')}${git('status', '--porcelain') && ' and changes'}`,
    `usual stack: ${packages
      .slice(1)
      .map((name) => `${name} ${versionOf(name)}`)
      .join(', ')}`,
    `runtime client: ${packages[0]} ${versionOf('aws-lambda-ric')}`,
  ].join(' · ');
}

function git(...args: string[]): string {
  return execFileSync('git', args, { encoding: 'utf8' }).trim();
}

/** A burst's figures, what was measured beside what is best. */
export function burstTable(burst: Burst): string[] {
  const { notifications, storedSeconds, drainedSeconds, idealSeconds, refusedQueries, mostReceives } = burst;
  return [
    `| burst of ${notifications} | measured | best |`,
    '|---|---:|---:|',
    `| all stored by notify, s | ${storedSeconds.toFixed(1)} | |`,
    `| all published, s | ${drainedSeconds.toFixed(1)} | ${idealSeconds.toFixed(1)} |`,
    `| orders published | ${burst.published} | ${notifications} |`,
    `| published twice | ${burst.publishedTwice} | 0 |`,
    `| told out of order | ${burst.outOfOrder} | 0 |`,
    `| in the dead-letter queue | ${burst.deadLetters} | 0 |`,
    `| left in the queue | ${burst.leftInQueue} | 0 |`,
    `| queries refused for QPS | ${refusedQueries} | 0 |`,
    `| receives of one message, at most | ${mostReceives} | 1 |`,
  ];
}

/** What a burst must keep to. */
export function burstChecks(burst: Burst): Check[] {
  const none = (what: string, value: number): Check => ({
    what: `burst, ${what}`,
    value,
    unit: '',
    limit: 0,
  });
  return [
    {
      what: 'burst, time of the best',
      value: burst.drainedSeconds / burst.idealSeconds,
      unit: '×',
      // The start and the last stragglers weigh more in a short one.
      limit: burst.notifications < 10_000 ? 1.1 : 1.03,
    },
    none('lost', burst.notifications - burst.published),
    none('published twice', burst.publishedTwice),
    none('told out of order', burst.outOfOrder),
    none('in the dead-letter queue', burst.deadLetters),
  ];
}
