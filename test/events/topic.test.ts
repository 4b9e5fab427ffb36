import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type SampleParts, startSampleParts } from '../../local/samples/parts.ts';
import { coldStart, contextOf } from '../support/cold-start.ts';
import { drain } from '../support/queue.ts';

const FOLDER = path.resolve(import.meta.dirname, '../../events');
const read = (file: string) => JSON.parse(readFileSync(path.join(FOLDER, file), 'utf8'));

/** The samples of the status topic, each with the event of confirm after which it is published. */
const ROWS = [
  ...readFileSync(path.join(FOLDER, 'README.md'), 'utf8').matchAll(
    /^\| `topic\/(.+?)` .*\| \[`(.+?)`\]\(.+\) +\|$/gm,
  ),
].map(([, file = '', event = '']) => ({ file, event }));

describe('the messages of the status topic', () => {
  let parts: SampleParts;
  const published: Record<string, unknown>[] = [];
  beforeAll(async () => {
    parts = await startSampleParts();
    for (const { event } of ROWS) {
      const confirm = await coldStart('confirm', { ...parts.environment, LOG_LEVEL: 'SILENT' });
      await confirm(read(event), contextOf());
      published.push(...(await drain(parts.aws.sqs, parts.aws.subscriberQueueUrl)));
    }
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await parts.close();
  });

  test('are all in the README, and the README names no other', () => {
    expect(ROWS.map(({ file }) => file).sort()).toEqual(readdirSync(path.join(FOLDER, 'topic')).sort());
  });

  test('are what confirm publishes, one after another', () => {
    expect(published).toHaveLength(ROWS.length);
    let last = 0;
    for (const [index, { file }] of ROWS.entries()) {
      const { observedAt, sequence, ...sample } = read(`topic/${file}`);
      const { observedAt: when, sequence: number, ...told } = published[index] ?? {};
      expect(told, file).toEqual(sample);
      expect([typeof when, typeof number], file).toEqual([typeof observedAt, typeof sequence]);
      if (sequence === undefined) continue;
      expect(sequence, file).toBeGreaterThan(last);
      last = sequence;
    }
  });
});
