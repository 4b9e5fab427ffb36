import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { search } from '@aws-lambda-powertools/jmespath';
import { readArguments, UsageError } from './arguments.ts';
import { findOperation } from './model.ts';

/** Where a command is run: the folder, and the variables there. */
export interface Place {
  readonly folder: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** How a command ended. */
export interface Ending {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What no stand-in on this machine can answer: such a command is checked, and not sent. */
export const CHECKED_ONLY: readonly string[] = [
  'cloudwatch describe-alarms',
  'cloudwatch set-alarm-state',
  'lambda get-account-settings',
  'lambda get-function-concurrency',
  'lambda list-event-source-mappings',
  'lambda put-function-concurrency',
  'lambda update-event-source-mapping',
  'logs filter-log-events',
  'secretsmanager delete-secret',
  'secretsmanager list-secret-version-ids',
  'secretsmanager update-secret-version-stage',
  'sns list-subscriptions-by-topic',
  'sqs list-message-move-tasks',
  'sqs start-message-move-task',
];

/**
 * A stand-in for the AWS CLI, as far as the pages use it: checks a command line by the SDK's model of the operation, and
 * sends it by the SDK to the stand-in for the service that the environment names.
 */
export async function runAws(words: readonly string[], place: Place): Promise<Ending> {
  try {
    return { code: 0, stdout: await answer(words, place), stderr: '' };
  } catch (error) {
    const { name, message } = error as Error;
    if (error instanceof UsageError) return { code: 252, stdout: '', stderr: `aws: error: ${message}\n` };
    return { code: 254, stdout: '', stderr: `An error occurred (${name}): ${message}\n` };
  }
}

async function answer([service = '', name = '', ...words]: readonly string[], place: Place): Promise<string> {
  const operation = await findOperation(service, name);
  if (!operation) throw new UsageError(`Invalid choice: ${service} ${name}`);
  const { input, options, rest } = readArguments(words, operation.input, place.folder);
  const outfile = `${service} ${name}` === 'lambda invoke' ? rest[0] : undefined;
  const extra = rest.slice(outfile === undefined ? 0 : 1);
  if (extra.length > 0) throw new UsageError(`Unknown options: ${extra.join(', ')}`);
  const region = options['region'] ?? place.environment['AWS_DEFAULT_REGION'];
  if (!region) throw new UsageError('You must specify a region.');
  if (CHECKED_ONLY.includes(`${service} ${name}`)) return options['output'] === 'text' ? 'not-sent\n' : '';
  const endpoint = options['endpoint-url'] ?? place.environment[operation.endpointVariable];
  if (!endpoint) throw new Error(`${operation.endpointVariable} is not set.`);
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  // A queue's own address is one that does not resolve everywhere; only its path counts.
  const client = { region, endpoint, credentials, useQueueUrlAsEndpoint: false };
  const { $metadata, Payload, ...output } = await operation.send(input, client);
  const payload = outfile === undefined ? '' : save(Payload, outfile, place.folder);
  return payload + print(output, options);
}

/** Writes what a function answered into the file that the command names; what it writes to the terminal is returned. */
function save(payload: unknown, file: string, folder: string): string {
  const bytes = payload instanceof Uint8Array ? payload : new Uint8Array();
  if (file === '/dev/stdout') return Buffer.from(bytes).toString();
  writeFileSync(path.resolve(folder, file), bytes);
  return '';
}

function print(output: object, { query, output: format = 'json' }: Readonly<Record<string, string>>): string {
  const result: unknown = query === undefined ? output : search(query, JSON.parse(JSON.stringify(output)));
  if (query === undefined && Object.keys(output).length === 0) return '';
  if (format === 'text') return `${text(result)}\n`;
  if (format === 'json' || format === 'table') return `${JSON.stringify(result, null, 4)}\n`;
  throw new UsageError(`argument --output: Invalid choice: ${format}`);
}

/** Lists of lists are lines, lists are columns, and nothing is None. */
function text(result: unknown): string {
  if (result === null || result === undefined) return 'None';
  if (!Array.isArray(result)) return String(result);
  return result.map(text).join(result.some(Array.isArray) ? '\n' : '\t');
}
