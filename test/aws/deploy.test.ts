import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { AWS_ENVIRONMENT } from '../../local/stack/aws.ts';
import { copyService, osls, root } from '../template/package.ts';
import { Deployed } from './deployed.ts';
import type { Engine } from './engine.ts';
import { startMoto } from './moto.ts';

/** moto reads no bucket's name out of the template's URL where that ends in amazonaws.com.cn. */
const REGION = 'ap-east-1';

const run = promisify(execFile);
const folders: string[] = [];
let moto: Engine;
let deployed: Deployed;
let [before, now] = ['', ''];
beforeAll(async () => {
  [moto, before, now] = await Promise.all([
    startMoto(inject('tools').python),
    commitBefore().then(serviceIn),
    serviceIn(root),
  ]);
  deployed = new Deployed(moto.url, REGION);
});
afterAll(async () => {
  await moto.close();
  for (const folder of folders) await rm(folder, { recursive: true });
});

/** The project as it was a commit ago; as the last commit has it, where none before is at hand. */
async function commitBefore(): Promise<string> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'before-'));
  folders.push(folder);
  const git = (...args: string[]) => run('git', args, { cwd: root });
  const commit = await git('rev-parse', '--verify', '--quiet', 'HEAD~1').then(
    () => 'HEAD~1',
    () => 'HEAD',
  );
  const archive = path.join(folder, 'all.tar');
  await git('archive', '--output', archive, commit);
  await run('tar', ['-xf', archive, '-C', folder]);
  await symlink(path.join(root, 'node_modules'), path.join(folder, 'node_modules'));
  return folder;
}

/** A folder in which osls deploys what moto knows of a service. */
async function serviceIn(project: string): Promise<string> {
  const folder = await copyService(project);
  folders.push(folder);
  await symlink(path.join(root, 'test'), path.join(folder, 'test'));
  const configuration = path.join(folder, 'serverless.yml');
  const text = await readFile(configuration, 'utf8');
  await writeFile(configuration, text.replace(/^plugins:\n/m, '$&  - ./test/aws/part.ts\n'));
  return folder;
}

/** Runs osls as the pages print it; what it wrote. */
async function runOsls(folder: string, ...args: string[]): Promise<string> {
  const region = { AWS_REGION: REGION, AWS_DEFAULT_REGION: REGION };
  const { stdout, stderr } = await osls(folder, [...args, '--region', REGION], {
    ...{ ...AWS_ENVIRONMENT, ...region, AWS_ENDPOINT_URL: moto.url },
    // Milliseconds between two looks at a stack, which moto has ready at once.
    SLS_AWS_MONITORING_FREQUENCY: '100',
  });
  return stdout + stderr;
}

/** What must stay whatever is deployed, since it holds payments or others know its name, and a parameter's value. */
async function look() {
  const { status, resources } = await deployed.describe();
  const { LEDGER_DAYS } = await deployed.variablesOf('confirm');
  const { PaymentQueue, DeadLetterQueue, StatusTopic, LookupTopic, LedgerTable } = resources;
  return {
    status,
    LEDGER_DAYS,
    names: { PaymentQueue, DeadLetterQueue, StatusTopic, LookupTopic, LedgerTable },
  };
}

test('osls deploys over the commit before, goes back, and removes all but the ledger and the queues', async () => {
  await runOsls(before, 'deploy');
  const { names } = await look();
  for (const name of Object.values(names)) expect(name).toMatch(/baidu-payment-status-dev/);
  await runOsls(now, 'deploy', '--param', 'ledgerDays=30');
  expect(await look()).toEqual({ status: 'UPDATE_COMPLETE', LEDGER_DAYS: '30', names });

  const listed = await runOsls(now, 'deploy', 'list');
  for (const name of ['compiled-cloudformation-template.json', 'query.zip', 'notify.zip', 'confirm.zip']) {
    expect(listed).toContain(`  - ${name}`);
  }
  const [timestamp = '', ...later] = [...listed.matchAll(/^Timestamp: (\d+)$/gm)].map(
    ([, found = '']) => found,
  );
  expect(later).toHaveLength(1);
  await runOsls(now, 'rollback', '--timestamp', timestamp);
  expect(await look()).toEqual({ status: 'UPDATE_COMPLETE', LEDGER_DAYS: '400', names });

  expect(await runOsls(now, 'remove')).toContain('has been successfully removed');
  await expect(deployed.describe()).rejects.toMatchObject({ name: 'ValidationError' });
  for (const url of [names.PaymentQueue, names.DeadLetterQueue]) {
    expect(await deployed.attributesOf(url)).toHaveProperty('QueueArn');
  }
  expect(await deployed.table(names.LedgerTable)).toMatchObject({ TableStatus: 'ACTIVE' });
}, 300_000);
