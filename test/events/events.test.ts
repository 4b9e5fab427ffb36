import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { type SampleParts, startSampleParts } from '../../local/samples/parts.ts';
import { BUILD, coldStart, contextOf } from '../support/cold-start.ts';
import { drain } from '../support/queue.ts';

const FOLDER = path.resolve(import.meta.dirname, '../../events');

/** The rows of the README's tables: each event's file and what it comes to. */
const ROWS = [
  ...readFileSync(path.join(FOLDER, 'README.md'), 'utf8').matchAll(/^\| `(.+?)` .*\| `(.+?)` +\|$/gm),
].map(([, file = '', outcome = '']) => ({ file, outcome }));

let parts: SampleParts;

beforeAll(async () => {
  parts = await startSampleParts();
});

afterAll(() => parts.close());
afterEach(() => vi.unstubAllEnvs());

type Result = Record<string, unknown>;
type FunctionName = 'query' | 'notify' | 'confirm';

/** Hands an event to its function and puts what came of it in the words of the README. */
async function outcomeOf(file: string): Promise<string> {
  const name = file.split('-')[0] as FunctionName;
  const event = JSON.parse(readFileSync(path.join(FOLDER, file), 'utf8'));
  const handler = await coldStart(name, { ...parts.environment, LOG_LEVEL: 'SILENT' });
  const result = await handler(event, contextOf()).then(
    (value) => value as Result,
    (error: Error) => error,
  );
  const words = WORDS[name](result);
  return { query: async () => words, notify: afterNotify, confirm: afterConfirm }[name](words);
}

/** What a function answered, in the words of the README. */
const WORDS: Record<FunctionName, (result: Result | Error) => string> = {
  query: (result) => {
    if (result instanceof Error) return `fails: ${result.name}`;
    if ('ok' in result) return `ok, ${result['keyBits']} bits`;
    if (!('statusCode' in result)) return (result['payment'] as Result)['status'] as string;
    const body = JSON.parse(String(result['body']));
    return `${result['statusCode']} ${body.code ?? body.payment.status}`;
  },
  notify: (result) => {
    const { statusCode, body } = result as { statusCode: number; body: string };
    const { errno, msg, data } = JSON.parse(body);
    if (errno !== 0) return `${statusCode} ${msg.split(':')[0]}`;
    const said = ['isConsumed', 'auditStatus'].flatMap((name) =>
      name in data ? [`, ${name} ${data[name]}`] : [],
    );
    return `${statusCode} errno 0${said.join('')}`;
  },
  confirm: (result) =>
    result instanceof Error ? result.name : `${(result['batchItemFailures'] as unknown[]).length} failed`,
};

async function afterNotify(words: string): Promise<string> {
  return `${words}; ${(await drain(parts.aws.sqs, parts.aws.paymentQueueUrl)).length} queued`;
}

async function afterConfirm(words: string): Promise<string> {
  return `${(await drain(parts.aws.sqs, parts.aws.subscriberQueueUrl)).length} published, ${words}`;
}

describe(`the sample events (${BUILD})`, () => {
  test('are all in the README, and the README names no other', () => {
    const files = readdirSync(FOLDER).filter((file) => file.endsWith('.json') && file !== 'secret.json');
    expect(ROWS.map(({ file }) => file).sort()).toEqual(files.sort());
  });

  test.each(ROWS.filter(({ file }) => !file.startsWith('confirm')))(
    '$file comes to $outcome',
    async (row) => {
      expect(await outcomeOf(row.file)).toBe(row.outcome);
    },
  );

  // Each change is published once, so each of these gets parts of its own.
  test.each(ROWS.filter(({ file }) => file.startsWith('confirm')))('$file comes to $outcome', async (row) => {
    const shared = parts;
    parts = await startSampleParts();
    try {
      expect(await outcomeOf(row.file)).toBe(row.outcome);
    } finally {
      await parts.close();
      parts = shared;
    }
  });

  test('repeated: the same answers, one publication', async () => {
    expect(await outcomeOf('notify-accepted.json')).toMatch(/^200 errno 0, isConsumed 2; 1 queued$/);
    expect(await outcomeOf('notify-accepted.json')).toMatch(/^200 errno 0, isConsumed 2; 1 queued$/);
    expect(await outcomeOf('confirm-sqs.json')).toBe('1 published, 0 failed');
    expect(await outcomeOf('confirm-sqs.json')).toBe('0 published, 0 failed');
  });
});
