import { type ChildProcess, spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { DeleteMessageCommand, ReceiveMessageCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { describe, expect, inject, test } from 'vitest';
import { startAws } from '../../local/aws.ts';
import { notifyEvent, sqsEvent } from '../../local/events.ts';
import { startSecretsManager } from '../../local/secrets-manager.ts';
import { startBaidu } from '../support/baidu.ts';
import { PAID, signedForm } from '../support/notification.ts';
import { drain } from '../support/queue.ts';
import { type Moment, startWireTap } from '../support/wire-tap.ts';

const PROCESS = path.resolve(import.meta.dirname, '../support/lambda-process.ts');

/** An invocation's time. What it leaves under way is free again when this has passed. */
const TIMEOUT_MS = 3000;

const platform = generateKeyPairSync('rsa', { modulusLength: 1024 });
const merchant = generateKeyPairSync('rsa', { modulusLength: 1024 });

/** Everything around the functions, with a tap on each wire that kills the process at one moment. */
async function setUp(killAt: Moment) {
  const [aws, baidu, secretsManager] = await Promise.all([
    startAws({ visibilitySeconds: 1 }),
    startBaidu(),
    startSecretsManager(),
  ]);
  secretsManager.put(
    'secret',
    JSON.stringify({
      appId: '10026',
      appKey: 'MMM4oc',
      privateKey: merchant.privateKey.export({ format: 'pem', type: 'pkcs1' }),
      platformPublicKey: platform.publicKey.export({ format: 'pem', type: 'spki' }),
    }),
  );
  let victim: ChildProcess | undefined;
  const seen: Moment[] = [];
  const onMoment = (moment: Moment) => {
    seen.push(moment);
    if (moment !== killAt || !victim) return true;
    victim.kill('SIGKILL');
    victim = undefined;
    return false;
  };
  const origin = (name: string) => aws.environment[`AWS_ENDPOINT_URL_${name}`] ?? '';
  const taps = await Promise.all(
    [origin('SQS'), origin('DYNAMODB'), secretsManager.url, baidu.url].map((url) =>
      startWireTap(url, onMoment),
    ),
  );
  const [messaging = '', tables = '', secrets = '', query = ''] = taps.map(({ url }) => url);
  const env = {
    ...process.env,
    ...aws.environment,
    AWS_ENDPOINT_URL_SQS: messaging,
    AWS_ENDPOINT_URL_SNS: messaging,
    AWS_ENDPOINT_URL_DYNAMODB: tables,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: secrets,
    BAIDU_SECRET_ID: 'secret',
    BAIDU_QUERY_URL: query + new URL(baidu.url).pathname,
    PAYMENT_QUEUE_URL: messaging + new URL(aws.paymentQueueUrl).pathname,
    PAYMENT_TOPIC_ARN: aws.statusTopicArn,
    IDEMPOTENCY_TABLE: aws.idempotencyTable,
    LOG_LEVEL: 'SILENT',
  };

  /** One invocation in a process of its own: what it returned, or `undefined` where it was killed. */
  async function invoke(bundle: string, event: unknown, { mortal }: { mortal: boolean }) {
    const child = spawn(process.execPath, [PROCESS, bundle, String(TIMEOUT_MS)], {
      env,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    if (mortal) victim = child;
    child.stdin.on('error', () => undefined);
    child.stdin.end(JSON.stringify(event));
    const [output, signal] = await Promise.all([
      text(child.stdout),
      new Promise((resolve) => child.on('exit', (_code, by) => resolve(by))),
    ]);
    return signal === null ? JSON.parse(output.trim().split('\n').at(-1) ?? '') : undefined;
  }

  const parts = [aws, baidu, secretsManager, ...taps];
  return { aws, seen, invoke, close: () => Promise.all(parts.map((part) => part.close())) };
}

const CONFIRM_MOMENTS: Moment[] = [
  'GetSecretValue asked',
  'GetSecretValue answered',
  'query asked',
  'query answered',
  'PutItem asked',
  'PutItem answered',
  'Publish asked',
  'Publish answered',
  'UpdateItem asked',
  'UpdateItem answered',
];

describe.concurrent('confirm killed in the middle of a batch loses nothing', () => {
  test.each(CONFIRM_MOMENTS)('at “%s”', { timeout: 60_000 }, async (moment) => {
    const { aws, seen, invoke, close } = await setUp(moment);
    const { confirm } = inject('bundles');
    const orders = ['1', '2', '3'];
    for (const orderId of orders) {
      const MessageBody = JSON.stringify({ orderId, siteId: '1' });
      await aws.sqs.send(new SendMessageCommand({ QueueUrl: aws.paymentQueueUrl, MessageBody }));
    }
    const published: string[] = [];
    let kills = 0;
    for (let round = 0; round < 20 && new Set(published).size < orders.length; round++) {
      const { Messages = [] } = await aws.sqs.send(
        new ReceiveMessageCommand({
          QueueUrl: aws.paymentQueueUrl,
          MaxNumberOfMessages: 10,
          WaitTimeSeconds: 2,
        }),
      );
      const batch = Messages.map(({ MessageId = '', Body = '' }) => ({ messageId: MessageId, body: Body }));
      if (batch.length === 0) continue;
      const result = await invoke(confirm, sqsEvent(batch), { mortal: kills === 0 });
      if (!result) kills++;
      const failed = new Set(
        (result?.batchItemFailures ?? []).map(
          ({ itemIdentifier }: { itemIdentifier: string }) => itemIdentifier,
        ),
      );
      for (const { MessageId = '', ReceiptHandle } of result ? Messages : []) {
        if (failed.has(MessageId)) continue;
        await aws.sqs.send(new DeleteMessageCommand({ QueueUrl: aws.paymentQueueUrl, ReceiptHandle }));
      }
      published.push(...(await drain(aws.sqs, aws.subscriberQueueUrl)).map(({ orderId }) => String(orderId)));
    }
    const lost = await drain(aws.sqs, aws.deadLetterQueueUrl);
    await close();
    expect(kills).toBe(1);
    expect(seen).toContain(moment);
    expect([...new Set(published)].sort()).toEqual(orders);
    expect(lost).toEqual([]);
    // A crash may repeat what had gone out and was not on record yet; before that it has nothing to repeat.
    const repeats = published.length - orders.length;
    if (!/^(Publish|UpdateItem)/.test(moment)) expect(repeats).toBe(0);
    expect(repeats).toBeLessThanOrEqual(orders.length);
  });
});

const NOTIFY_MOMENTS: Moment[] = [
  'GetSecretValue asked',
  'GetSecretValue answered',
  'SendMessage asked',
  'SendMessage answered',
];

describe.concurrent('notify killed on its way answers nothing that it did not store', () => {
  test.each(NOTIFY_MOMENTS)('at “%s”', { timeout: 60_000 }, async (moment) => {
    const { aws, seen, invoke, close } = await setUp(moment);
    const { notify } = inject('bundles');
    const event = notifyEvent(signedForm(PAID, platform.privateKey));
    expect(await invoke(notify, event, { mortal: true })).toBeUndefined();
    expect(seen).toContain(moment);
    const storedBefore = await drain(aws.sqs, aws.paymentQueueUrl);
    expect(storedBefore).toHaveLength(moment === 'SendMessage answered' ? 1 : 0);
    // Baidu, left without an answer, calls again.
    expect(await invoke(notify, event, { mortal: false })).toMatchObject({ statusCode: 200 });
    expect(await drain(aws.sqs, aws.paymentQueueUrl)).toHaveLength(1);
    await close();
  });
});
