import { describe, expect, test } from 'vitest';
import { ServiceError } from '../../lib/baidu/errors.ts';
import { parseLookup, tryLookup, unwrap } from '../../lib/lookup.ts';
import { PAID } from '../support/notification.ts';

const ORDER = { orderId: '1920891312', siteId: '3747777038' };
const text = (more: Record<string, unknown> = {}) => JSON.stringify({ ...ORDER, ...more });

describe('parseLookup()', () => {
  const nothing = { appId: undefined, tpOrderId: undefined, notification: undefined };

  test.each([{}, { notification: null }, { more: 1 }, { appId: null }])('reads the ids beside %j', (more) => {
    const body = { ...ORDER, ...more };
    expect(parseLookup(text(more))).toEqual({ ...nothing, ...ORDER, body });
  });

  test.each([PAID, {}, { status: '2' }, { orderId: '2' }, { userId: '2' }])(
    'reads what Baidu has signed and believes nothing of it: %j',
    (notification) => {
      const body = { ...ORDER, appId: '10026', notification };
      expect(parseLookup(text({ appId: '10026', notification }))).toEqual({
        ...{ ...nothing, ...ORDER, appId: '10026', notification, body },
      });
    },
  );

  test.each(['own-1', '!', '~', 'x'.repeat(128), '0'])('reads the own id %s', (tpOrderId) => {
    for (const more of [{}, { appId: '10026' }]) {
      const body = { tpOrderId, ...more };
      expect(parseLookup(JSON.stringify(body))).toEqual({
        ...{ ...nothing, orderId: undefined, siteId: undefined, ...body, body },
      });
    }
  });

  test('takes Baidu’s ids where they stand beside the own one', () => {
    expect(parseLookup(text({ tpOrderId: 'own-1' }))).toMatchObject({ ...nothing, ...ORDER });
  });

  test.each(['', 'x'.repeat(129), 'a b', 'a&b', 'a=b', '订单', 'a\n', 1, [], {}])(
    'refuses the own id %j',
    (tpOrderId) => {
      expect(() => parseLookup(JSON.stringify({ tpOrderId }))).toThrow(
        expect.objectContaining({
          code: 'INVALID_REQUEST',
          message: 'tpOrderId must be 1 to 128 visible ASCII characters without “&” and “=”.',
        }),
      );
    },
  );

  test.each([1, [], {}, false])('refuses the app %j', (appId) => {
    expect(() => parseLookup(text({ appId }))).toThrow(
      expect.objectContaining({ code: 'INVALID_REQUEST', message: 'appId must be a string.' }),
    );
  });

  test.each(['', 'hello', '[]', 'null', '"text"'])('refuses %j, which is no object', (message) => {
    expect(() => parseLookup(message)).toThrow(
      expect.objectContaining({ code: 'INVALID_REQUEST', message: 'The message is not a JSON object.' }),
    );
  });

  test.each([
    [{ orderId: undefined }, 'orderId is missing.'],
    [{ siteId: undefined }, 'siteId is missing.'],
    [{ orderId: 1 }, 'orderId must be a decimal integer'],
    [{ siteId: undefined, tpOrderId: 'own-1' }, 'siteId is missing.'],
  ])('refuses the ids in %j', (ids, message) => {
    expect(() => parseLookup(text(ids))).toThrow(message);
  });

  test.each([['text'], [[]], [0], [false], [''], [{ status: 2 }], [{ ...PAID, count: null }]])(
    'refuses the notification %j',
    (notification) => {
      expect(() => parseLookup(text({ notification }))).toThrow(
        expect.objectContaining({
          code: 'INVALID_REQUEST',
          message: 'What Baidu has signed must be an object of strings.',
        }),
      );
    },
  );
});

describe('tryLookup()', () => {
  test('is what parseLookup() reads, or its error', () => {
    expect(tryLookup(text())).toEqual(parseLookup(text()));
    expect(tryLookup('hello')).toMatchObject({ code: 'INVALID_REQUEST' });
    expect(tryLookup('hello')).toBeInstanceOf(ServiceError);
  });

  test.each([undefined, null, 1, {}])('reads no text from %j', (value) => {
    expect(tryLookup(value)).toMatchObject({ message: 'The message is not a JSON object.' });
  });
});

describe('unwrap()', () => {
  const envelope = { Type: 'Notification', TopicArn: 'topic', Message: text() };
  const failed = (records: unknown) =>
    JSON.stringify({ requestPayload: { Records: records }, responsePayload: {} });

  test('takes a message out of the envelope of SNS', () => {
    expect(unwrap(JSON.stringify(envelope))).toBe(text());
  });

  test('takes it out of Lambda’s record of an invocation that failed', () => {
    expect(unwrap(failed([{ EventSource: 'aws:sns', Sns: envelope }]))).toBe(text());
  });

  test.each([
    'hello',
    '[]',
    'null',
    text(),
    JSON.stringify({ ...envelope, Type: 'SubscriptionConfirmation' }),
    JSON.stringify({ Type: 'Notification' }),
    JSON.stringify({ Type: 'Notification', Message: 1 }),
    JSON.stringify({ Message: text() }),
    JSON.stringify({ requestPayload: null }),
    JSON.stringify({ requestPayload: 'x' }),
    failed(undefined),
    failed('x'),
    failed([]),
    failed([null]),
    failed([{ body: text() }]),
    failed([{ Sns: null }]),
    failed([{ Sns: { Type: 'Notification' } }]),
    failed({ 0: { Sns: envelope } }),
  ])('leaves anything else as it is: %s', (message) => {
    expect(unwrap(message)).toBe(message);
  });
});
