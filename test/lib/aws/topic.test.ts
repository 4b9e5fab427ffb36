import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { awsClientLimits } from '../../../lib/aws/limits.ts';
import { createTopic } from '../../../lib/aws/topic.ts';
import { type Behaviour, hangs, says } from '../../support/baidu.ts';
import { type AwsEndpoint, CREDENTIALS, startEndpoint } from '../../support/endpoint.ts';
import { inTime } from '../../support/in-time.ts';

vi.mock(import('../../../lib/aws/limits.ts'), { spy: true });

const TOPIC = 'arn:aws-cn:sns:cn-north-1:000000000000:statuses';
const MESSAGE = {
  eventType: 'payment-status',
  appId: '10026',
  sequence: 7,
  text: '支付 😀',
  none: undefined,
};

let sns: AwsEndpoint;
beforeEach(async () => {
  const taken =
    '<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>';
  sns = await startEndpoint(() => says(taken, 200, { 'content-type': 'text/xml' }));
  const env = { ...CREDENTIALS, AWS_ENDPOINT_URL_SNS: sns.url };
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
});
afterEach(async () => {
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

describe('createTopic()', () => {
  test('publishes a message in plain ASCII, with its attributes after its kind and its app', async () => {
    await createTopic(TOPIC)(MESSAGE, { payment: 'PAID' });
    const { none: _, ...told } = MESSAGE;
    expect(published()).toEqual({
      Action: 'Publish',
      Version: '2010-03-31',
      TopicArn: TOPIC,
      Message: told,
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

  test.each<[string, Behaviour]>([
    ['says nothing', hangs],
    [
      'stalls after the headers',
      (_request, response) => {
        response.writeHead(200, { 'content-type': 'text/xml', 'content-length': '500' });
        response.write('<PublishResponse>');
      },
    ],
  ])('ends in the time that it has, with an error that names SNS, where SNS %s', async (_name, behaviour) => {
    sns.play(behaviour);
    await expect(inTime(1500, createTopic(TOPIC)(MESSAGE, {}, 150))).rejects.toMatchObject({
      code: 'TOPIC_UNAVAILABLE',
      cause: { name: 'TimeoutError', message: 'SNS did not answer in time.' },
    });
    expect(sns.calls).toHaveLength(1);
  });
});
