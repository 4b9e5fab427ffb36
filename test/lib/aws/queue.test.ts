import { SQSClient } from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { awsClientLimits } from '../../../lib/aws/limits.ts';
import { createQueue } from '../../../lib/aws/queue.ts';
import { hangs, says } from '../../support/baidu.ts';
import { type AwsEndpoint, CREDENTIALS, md5, startEndpoint } from '../../support/endpoint.ts';

vi.mock(import('../../../lib/aws/limits.ts'), { spy: true });

const BUDGET = { budgetMs: 20_000 };

let sqs: AwsEndpoint;
let queueUrl: string;
beforeEach(async () => {
  sqs = await startEndpoint(({ body }) =>
    says(JSON.stringify({ MessageId: '1', MD5OfMessageBody: md5(JSON.parse(body).MessageBody) })),
  );
  queueUrl = `${sqs.url}/000000000000/payments`;
  const env = { ...CREDENTIALS, AWS_ENDPOINT_URL_SQS: sqs.url };
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  await sqs.close();
});

describe('createQueue()', () => {
  test('stores a message as ASCII JSON', async () => {
    await createQueue(queueUrl)({ a: '支' }, BUDGET);
    expect(sqs.calls.map(({ target }) => target)).toEqual(['AmazonSQS.SendMessage']);
    expect(JSON.parse(sqs.calls[0]?.body ?? '')).toEqual({
      QueueUrl: queueUrl,
      MessageBody: '{"a":"\\u652f"}',
    });
  });

  test.each([0, 52])('has the queue hold it back for %i s', async (delaySeconds) => {
    await createQueue(queueUrl)({}, { ...BUDGET, delaySeconds });
    expect(JSON.parse(sqs.calls[0]?.body ?? '')).toEqual({
      QueueUrl: queueUrl,
      MessageBody: '{}',
      DelaySeconds: delaySeconds,
    });
  });

  test('does not let Lambda count how often a message has come by', async () => {
    vi.stubEnv('AWS_LAMBDA_FUNCTION_NAME', 'shop-confirm');
    vi.stubEnv('_X_AMZN_TRACE_ID', 'Root=1-abc;Lineage=a:16');
    await createQueue(queueUrl)({}, BUDGET);
    expect(sqs.calls[0]?.headers).not.toHaveProperty('x-amzn-trace-id');
  });

  test('takes 250 KB, and not a byte more', async () => {
    const send = createQueue(queueUrl);
    await send('x'.repeat(249_998), BUDGET);
    await expect(send('x'.repeat(249_999), BUDGET)).rejects.toMatchObject({
      code: 'NOTIFICATION_TOO_LARGE',
      message: 'The notification is larger than the queue takes.',
    });
    expect(sqs.calls).toHaveLength(1);
  });

  test('tries four times, 400 ms each', async () => {
    const failing = says('{"__type":"ServiceUnavailable"}', 503);
    sqs.play(hangs, failing, failing);
    await createQueue(queueUrl)({}, BUDGET);
    expect(sqs.calls).toHaveLength(4);
    expect(awsClientLimits).toHaveBeenCalledExactlyOnceWith({ attemptTimeoutMs: 400, maxAttempts: 4 });
  });

  test('says when every try is spent, and why', async () => {
    const failing = says('{"__type":"ServiceUnavailable"}', 503);
    sqs.play(failing, failing, failing, failing);
    await expect(createQueue(queueUrl)({}, BUDGET)).rejects.toMatchObject({
      code: 'QUEUE_UNAVAILABLE',
      message: 'The queue did not take the message.',
      cause: expect.objectContaining({ name: 'ServiceUnavailable' }),
    });
    expect(sqs.calls).toHaveLength(4);
  });

  test('gives up when its time is up, and leaves no try under way', async () => {
    const send = vi.spyOn(SQSClient.prototype, 'send');
    sqs.play(hangs);
    await expect(createQueue(queueUrl)({}, { budgetMs: 50 })).rejects.toMatchObject({
      code: 'QUEUE_UNAVAILABLE',
      cause: { name: 'TimeoutError', message: 'SQS did not answer in time.' },
    });
    const [, options] = send.mock.calls[0] as unknown as [unknown, { abortSignal: AbortSignal }];
    expect(options.abortSignal.aborted).toBe(true);
  });
});
