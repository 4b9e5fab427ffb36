import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type LocalSecretsManager, startSecretsManager } from '../../../local/stack/secrets-manager.ts';
import { type Ending, runAws } from './cli.ts';

let folder: string;
let secretsManager: LocalSecretsManager;

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'aws-'));
  await writeFile(path.join(folder, 'payload.json'), '{}');
  await writeFile(path.join(folder, 'secret.json'), '{"appId":"1"}\n');
  await writeFile(path.join(folder, 'attributes.json'), '{"Policy":{"Version":"2012-10-17"}}');
  secretsManager = await startSecretsManager();
});

afterAll(async () => {
  await secretsManager.close();
  await rm(folder, { recursive: true, force: true });
});

/** Runs a command line; its words stand apart by blanks. */
function aws(line: string, environment: Record<string, string> = {}): Promise<Ending> {
  const variables = {
    AWS_DEFAULT_REGION: 'cn-north-1',
    AWS_ENDPOINT_URL_SECRETS_MANAGER: secretsManager.url,
    ...environment,
  };
  return runAws(line.split(' '), { folder, environment: variables });
}

describe('the stand-in for the AWS CLI', () => {
  test.each([
    ['sqs send-messages', 'Invalid choice: sqs send-messages'],
    ['s3 ls', 'Invalid choice: s3 ls'],
    ['sqs send-message --queue-url x', 'the following arguments are required: MessageBody'],
    ['sqs send-message --queue-url x --body x', 'Unknown options: --body'],
    ['sqs send-message --queue-url x --message-body x y', 'Unknown options: y'],
    ['sqs send-message --queue-url  --message-body x', 'argument --queue-url: expected one argument'],
    ['sqs receive-message --queue-url x --visibility-timeout soon', 'invalid literal for int(): soon'],
    ['sqs set-queue-attributes --queue-url x --attributes Policy', 'expected “=” in Policy'],
    ['sqs set-queue-attributes --queue-url x --attributes {Policy', 'Invalid JSON'],
    [
      'sqs set-queue-attributes --queue-url x --attributes file://attributes.json',
      '--attributes.Policy must be a string',
    ],
    [
      'sqs set-queue-attributes --queue-url x --attributes file://absent.json',
      'Unable to load paramfile absent.json',
    ],
    ['sns subscribe --topic-arn x --protocol sqs --endpoint x', 'Unknown options: --endpoint'],
    ['sns subscribe --topic-arn x --protocol sqs --no-protocol', 'Unknown options: --no-protocol'],
    ['lambda invoke --function-name x --payload {} out.json', '--payload must be given as fileb://'],
    [
      'lambda invoke --function-name x --payload fileb://payload.json --cli-binary-format raw-in-base64-out out.json',
      'Unknown options: --cli-binary-format',
    ],
    ['dynamodb put-item --table-name x --item {"id":{"Text":"x"}}', 'Unknown parameter in --item.id: “Text”'],
    [
      'dynamodb create-table --table-name x --key-schema AttributeName=id --attribute-definitions []',
      'Missing required parameter in --key-schema: “KeyType”',
    ],
    ['lambda get-account-settings --output yellow --query', 'argument --query: expected one argument'],
    ['secretsmanager get-secret-value --secret-id x --region', 'argument --region: expected one argument'],
  ])('refuses %s', async (line, message) => {
    const { code, stdout, stderr } = await aws(line);
    expect(stderr).toContain(message);
    expect({ code, stdout }).toEqual({ code: 252, stdout: '' });
  });

  test('refuses a command without a region', async () => {
    const ending = await aws('secretsmanager get-secret-value --secret-id x', { AWS_DEFAULT_REGION: '' });
    expect(ending).toMatchObject({ code: 252, stderr: 'aws: error: You must specify a region.\n' });
  });

  test.each([
    ['lambda update-event-source-mapping --uuid x --no-enabled', ''],
    ['lambda update-event-source-mapping --uuid x --enabled', ''],
    ['lambda get-function-concurrency --function-name x --query x --output text', 'not-sent\n'],
    ['logs filter-log-events --log-group-name x --start-time 1 --region ap-east-1', ''],
  ])('checks %s, and does not send it', async (line, stdout) => {
    expect(await aws(line)).toEqual({ code: 0, stdout, stderr: '' });
  });

  test('sends what it can, and says what AWS says', async () => {
    const create = 'secretsmanager create-secret --name s --secret-string file://secret.json';
    expect(await aws(create)).toMatchObject({ code: 0, stdout: expect.stringContaining('"Name": "s"') });
    expect(await aws(create)).toMatchObject({
      code: 254,
      stderr: expect.stringContaining('(ResourceExistsException)'),
    });
    const read = 'secretsmanager get-secret-value --secret-id s --query SecretString --output text';
    expect((await aws(read)).stdout).toBe('{"appId":"1"}\n\n');
    expect((await aws('secretsmanager put-secret-value --secret-id s --secret-string new')).code).toBe(0);
    expect((await aws(read)).stdout).toBe('new\n');
    expect((await aws(read.replace('SecretString', 'Nothing'))).stdout).toBe('None\n');
    expect((await aws(read.replace('SecretString', '[Name,Nothing]'))).stdout).toBe('s\tNone\n');
    expect(await aws(read.replace('text', 'yaml'))).toMatchObject({ code: 252 });
    const absent = 'secretsmanager put-secret-value --secret-id absent --secret-string x';
    expect((await aws(absent)).stderr).toContain('(ResourceNotFoundException)');
  });

  test('says which stand-in it lacks', async () => {
    const ending = await aws('sqs list-queues');
    expect(ending).toMatchObject({
      code: 254,
      stderr: expect.stringContaining('AWS_ENDPOINT_URL_SQS is not set.'),
    });
  });
});
