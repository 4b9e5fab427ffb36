import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { awsClientLimits } from '../../../lib/aws/limits.ts';
import { createTopic } from '../../../lib/aws/topic.ts';
import type { OrderStatus } from '../../../lib/baidu/order-status.ts';
import { says } from '../../support/baidu.ts';
import { type AwsEndpoint, CREDENTIALS, startEndpoint } from '../../support/endpoint.ts';
import { PAID } from '../../support/notification.ts';

vi.mock(import('../../../lib/aws/limits.ts'), { spy: true });

const TOPIC = 'arn:aws-cn:sns:cn-north-1:000000000000:statuses';
const NOW = new Date('2026-01-01T00:00:00.000Z');
const ORDER = { orderId: '1920891312', siteId: '3747777038' };
const STATUS: OrderStatus = {
  ...{ appId: '10026', ...ORDER },
  payment: { status: 'PAID', code: 1, description: '支付成功' },
  refund: { status: 'NONE', code: -1, description: '' },
  verification: { status: 'VERIFIED', code: 1, description: '' },
  source: { api: 'queryorderdetail', timestamp: 1482735200, cached: false, serverLogId: '3200820823' },
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

describe('createTopic()', () => {
  test('publishes the three statuses and the notification, the statuses as attributes, too', async () => {
    await createTopic(TOPIC, () => NOW)(STATUS, { notification: PAID });
    const { payment, refund, verification } = STATUS;
    expect(published()).toEqual({
      Action: 'Publish',
      Version: '2010-03-31',
      TopicArn: TOPIC,
      Message: {
        eventType: 'payment-status',
        ...ORDER,
        tpOrderId: PAID['tpOrderId'],
        ...{ payment, refund, verification },
        notification: PAID,
        observedAt: '2026-01-01T00:00:00.000Z',
      },
      'MessageAttributes.entry.1.Name': 'payment',
      'MessageAttributes.entry.1.Value.DataType': 'String',
      'MessageAttributes.entry.1.Value.StringValue': 'PAID',
      'MessageAttributes.entry.2.Name': 'refund',
      'MessageAttributes.entry.2.Value.DataType': 'String',
      'MessageAttributes.entry.2.Value.StringValue': 'NONE',
      'MessageAttributes.entry.3.Name': 'verification',
      'MessageAttributes.entry.3.Value.DataType': 'String',
      'MessageAttributes.entry.3.Value.StringValue': 'VERIFIED',
    });
    expect(awsClientLimits).toHaveBeenCalledExactlyOnceWith({ attemptTimeoutMs: 2000, maxAttempts: 3 });
  });

  test('leaves out the notification where there was none', async () => {
    await createTopic(TOPIC, () => NOW)(STATUS, { notification: undefined });
    const { payment, refund, verification } = STATUS;
    expect(published()['Message']).toEqual({
      eventType: 'payment-status',
      ...ORDER,
      ...{ payment, refund, verification },
      observedAt: '2026-01-01T00:00:00.000Z',
    });
  });

  test('says when the status was seen, by the clock', async () => {
    vi.useFakeTimers({ now: NOW, toFake: ['Date'] });
    await createTopic(TOPIC)(STATUS, { notification: undefined });
    expect(published()['Message']).toMatchObject({ observedAt: NOW.toISOString() });
  });

  test('says when SNS did not take the message, and why', async () => {
    const denied =
      '<ErrorResponse><Error><Code>AuthorizationError</Code><Message>No.</Message></Error></ErrorResponse>';
    sns.play(says(denied, 403, { 'content-type': 'text/xml' }));
    await expect(createTopic(TOPIC)(STATUS, { notification: undefined })).rejects.toMatchObject({
      code: 'TOPIC_UNAVAILABLE',
      message: 'The topic did not take the message.',
      cause: expect.objectContaining({ name: expect.stringContaining('AuthorizationError') }),
    });
  });
});
