import { describe, expect, test } from 'vitest';
import { parseLookup, unwrap } from '../../lib/lookup.ts';
import { PAID } from '../support/notification.ts';

const ORDER = { orderId: '1920891312', siteId: '3747777038' };
const text = (more: Record<string, unknown> = {}) => JSON.stringify({ ...ORDER, ...more });

describe('parseLookup()', () => {
  test.each([text(), text({ notification: null }), text({ more: 1 })])('reads %s', (message) => {
    expect(parseLookup(message)).toEqual({ order: ORDER, notification: undefined });
  });

  test.each([PAID, {}, { status: '2' }, { orderId: ORDER.orderId }, { userId: ORDER.siteId }])(
    'reads the notification %j',
    (notification) => {
      expect(parseLookup(text({ notification }))).toEqual({ order: ORDER, notification });
    },
  );

  test.each(['', 'hello', '[]', 'null', '"text"'])('refuses %j, which is no object', (message) => {
    expect(() => parseLookup(message)).toThrow(
      expect.objectContaining({ code: 'INVALID_REQUEST', message: 'The message is not a JSON object.' }),
    );
  });

  test.each([
    [{ orderId: undefined }, 'orderId is missing.'],
    [{ siteId: undefined }, 'siteId is missing.'],
    [{ orderId: 1 }, 'orderId must be a decimal integer'],
  ])('refuses the ids in %j', (ids, message) => {
    expect(() => parseLookup(text(ids))).toThrow(message);
  });

  test.each([['text'], [[]], [0], [false], [''], [{ status: 2 }], [{ ...PAID, count: null }]])(
    'refuses the notification %j',
    (notification) => {
      expect(() => parseLookup(text({ notification }))).toThrow(
        expect.objectContaining({
          code: 'INVALID_REQUEST',
          message: 'The notification must be an object of strings.',
        }),
      );
    },
  );

  test.each([{ orderId: '2' }, { userId: '2' }])('refuses a notification of %j', (changes) => {
    expect(() => parseLookup(text({ notification: { ...PAID, ...changes } }))).toThrow(
      expect.objectContaining({
        code: 'INVALID_REQUEST',
        message: 'The notification is of another order or user.',
      }),
    );
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
