import { rm } from 'node:fs/promises';
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { AWS_ENVIRONMENT } from '../../local/stack/aws.ts';
import { copyService, osls } from '../template/package.ts';
import type { Engine } from './engine.ts';
import { startMoto } from './moto.ts';

let moto: Engine;
let folder: string;
beforeAll(async () => {
  [moto, folder] = await Promise.all([startMoto(inject('tools').python), copyService()]);
});
afterAll(async () => {
  await moto.close();
  await rm(folder, { recursive: true });
});

const run = (...args: string[]) => osls(folder, args, { ...AWS_ENVIRONMENT, AWS_ENDPOINT_URL: moto.url });

test('osls deploys as far as moto goes, lists what is there, and removes all of it', async () => {
  const stopped: { stdout: string; stderr: string } = await run('deploy', '--verbose').catch(
    (error) => error,
  );
  // The first stack is made by a change set, and everything is uploaded.
  expect(stopped.stderr).toContain('CREATE_COMPLETE - AWS::CloudFormation::Stack - baidu-payment-status-dev');
  for (const name of ['query', 'notify', 'confirm']) {
    expect(stopped.stderr).toContain(`Uploading service ${name}.zip file to S3`);
  }
  // moto reads no bucket's name out of a URL in amazonaws.com.cn, so the template is never checked, nor the stack updated.
  expect(stopped.stdout + stopped.stderr).toContain('The specified bucket does not exist');

  const { stdout: listed } = await run('deploy', 'list');
  for (const name of ['compiled-cloudformation-template.json', 'query.zip', 'notify.zip', 'confirm.zip']) {
    expect(listed).toContain(`  - ${name}`);
  }
  expect((await run('remove')).stderr).toContain('has been successfully removed');
  const { AWS_REGION: region } = AWS_ENVIRONMENT;
  const stacks = new CloudFormationClient({
    ...{ region, endpoint: moto.url },
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
  const left = new DescribeStacksCommand({ StackName: 'baidu-payment-status-dev' });
  await expect(stacks.send(left)).rejects.toMatchObject({ name: 'ValidationError' });
});
