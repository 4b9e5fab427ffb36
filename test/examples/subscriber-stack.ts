import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { SubscribeCommand } from '@aws-sdk/client-sns';
import { CreateQueueCommand, SetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import type { LocalAws } from '../../local/stack/aws.ts';
import { COMPILED } from '../support/compiled.ts';
import type { Resource } from '../template/package.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const TOPIC = 'arn:aws-cn:sns:cn-north-1:123456789012:StatusTopic';

/** The example, packaged in a folder of its own as a merchant does it. */
export interface Package {
  readonly folder: string;
  readonly resources: Record<string, Resource>;
  readonly outputs: Readonly<Record<string, unknown>>;
  /** The only resource of a type, or the one of that name. */
  find(type: string, name?: string): Readonly<Record<string, unknown>>;
  remove(): Promise<void>;
}

/** Packages the example, under a umask that lets nobody else read. */
export async function packageSubscriber(parameters: Readonly<Record<string, string>> = {}): Promise<Package> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'subscriber-'));
  const example = path.join(ROOT, 'examples/order-subscriber');
  await cp(example, folder, { recursive: true, filter: (file) => !file.includes('node_modules') });
  await symlink(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'));
  const osls = path.join(ROOT, 'node_modules/serverless/bin/serverless.js');
  const given = Object.entries({ statusTopicArn: TOPIC, ...parameters });
  const command = [osls, 'package', ...given.flatMap(([name, value]) => ['--param', `${name}=${value}`])];
  await promisify(execFile)('sh', ['-c', 'umask 077 && exec "$0" "$@"', process.execPath, ...command], {
    cwd: folder,
    env: { PATH: process.env['PATH'], HOME: folder, CI: '1', ...COMPILED },
  });
  const file = path.join(folder, '.serverless/cloudformation-template-update-stack.json');
  const { Resources, Outputs } = JSON.parse(await readFile(file, 'utf8'));
  const resources: Record<string, Resource> = Resources;
  return {
    ...{ folder, resources, outputs: Outputs },
    find: (type, name) => {
      const found = Object.entries(resources).filter(
        ([logical, { Type }]) => Type === type && (name === undefined || logical === name),
      );
      const [[, { Properties } = { Properties: {} }] = []] = found;
      if (found.length !== 1) throw new Error(`${found.length} of ${type} ${name ?? ''}`);
      return Properties;
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** The queues of a packaged template, on the emulators. */
export interface Queues {
  readonly messagesUrl: string;
  readonly deadLettersUrl: string;
}

/** Makes queues and subscription as the template has them; what was received is there again at once. */
export async function makeQueues({ find }: Package, aws: LocalAws): Promise<Queues> {
  const [messages, deadLetters] = await Promise.all(
    ['Messages', 'DeadLetters'].map(async (name) => {
      const { QueueUrl = '' } = await aws.sqs.send(new CreateQueueCommand({ QueueName: name }));
      // The emulator names a host that does not resolve everywhere.
      const url = new URL(new URL(QueueUrl).pathname, aws.paymentQueueUrl).href;
      return { url, arn: `arn:aws:sqs:cn-north-1:000000000000:${name}` };
    }),
  );
  if (!messages || !deadLetters) throw new Error('There is no queue.');
  const { RedrivePolicy } = find('AWS::SQS::Queue', 'Messages') as {
    RedrivePolicy: { maxReceiveCount: number };
  };
  const redrive = { deadLetterTargetArn: deadLetters.arn, maxReceiveCount: RedrivePolicy.maxReceiveCount };
  await aws.sqs.send(
    new SetQueueAttributesCommand({
      QueueUrl: messages.url,
      Attributes: { VisibilityTimeout: '0', RedrivePolicy: JSON.stringify(redrive) },
    }),
  );
  const { Protocol, RawMessageDelivery, FilterPolicy } = find('AWS::SNS::Subscription');
  await aws.sns.send(
    new SubscribeCommand({
      ...{ TopicArn: aws.statusTopicArn, Protocol: String(Protocol), Endpoint: messages.arn },
      Attributes: {
        RawMessageDelivery: String(RawMessageDelivery),
        FilterPolicy: JSON.stringify(FilterPolicy),
      },
    }),
  );
  return { messagesUrl: messages.url, deadLettersUrl: deadLetters.url };
}
