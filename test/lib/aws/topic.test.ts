import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { awsClientLimits } from '../../../lib/aws/limits.ts';
import { createTopic } from '../../../lib/aws/topic.ts';
import { says } from '../../support/baidu.ts';
import { type AwsEndpoint, CREDENTIALS, startEndpoint } from '../../support/endpoint.ts';

vi.mock(import('../../../lib/aws/limits.ts'), { spy: true });

const TOPIC = 'arn:aws-cn:sns:cn-north-1:000000000000:statuses';
let sns: AwsEndpoint;
beforeEach(async () => {
  const taken =
    '<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>';
  sns = await startEndpoint(() => says(taken, 200, { 'content-type': 'text/xml' }));
  const env = { ...CREDENTIALS, AWS_ENDPOINT_URL_SNS: sns.url };
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
});
afterEach(async () => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  await sns.close();
});

/** What the last call published, its message parsed. */
function published(): Record<string, unknown> {
  const form = Object.fromEntries(new URLSearchParams(sns.calls.at(-1)?.body));
  expect(form['Message']).toMatch(/^[\x20-\x7e]*$/);
  return { ...form, Message: JSON.parse(form['Message'] ?? '') };
}

const MESSAGE = { eventType: 'payment-status', appId: '10026', words: '支付成功' };

describe('createTopic()', () => {
  test('publishes a message in plain ASCII, with attributes for filter policies', async () => {
    await createTopic(TOPIC)(MESSAGE, { payment: 'PAID' });
    expect(published()).toEqual({
      ...{ Action: 'Publish', Version: '2010-03-31', TopicArn: TOPIC, Message: MESSAGE },
      'MessageAttributes.entry.1.Name': 'eventType',
      'MessageAttributes.entry.1.Value.DataType': 'String',
      'MessageAttributes.entry.1.Value.StringValue': 'payment-status',
      'MessageAttributes.entry.2.Name': 'appId',
      'MessageAttributes.entry.2.Value.DataType': 'String',
      'MessageAttributes.entry.2.Value.StringValue': '10026',
      'MessageAttributes.entry.3.Name': 'payment',
      'MessageAttributes.entry.3.Value.DataType': 'String',
      'MessageAttributes.entry.3.Value.StringValue': 'PAID',
    });
    expect(awsClientLimits).toHaveBeenCalledExactlyOnceWith({ attemptTimeoutMs: 2000, maxAttempts: 3 });
  });

  test('says when SNS did not take the message, and why', async () => {
    const denied =
      '<ErrorResponse><Error><Code>AuthorizationError</Code><Message>No.</Message></Error></ErrorResponse>';
    sns.play(says(denied, 403, { 'content-type': 'text/xml' }));
    await expect(createTopic(TOPIC)(MESSAGE, {})).rejects.toMatchObject({
      code: 'TOPIC_UNAVAILABLE',
      message: 'The topic did not take the message.',
      cause: expect.objectContaining({ name: expect.stringContaining('AuthorizationError') }),
    });
  });

  test('gives up in time on an answer whose body stalls', async () => {
    sns.play((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/xml', 'content-length': 500 });
      response.write('<Publish');
    });
    await expect(createTopic(TOPIC)(MESSAGE, {}, 200)).rejects.toMatchObject({
      code: 'TOPIC_UNAVAILABLE',
      cause: { name: 'TimeoutError', message: 'SNS did not answer in time.' },
    });
  });
});
