import { describe, expect, test } from 'vitest';
import { parseLookup, tryLookup, unwrap } from '../../lib/lookup-message.ts';
import { PAID } from '../support/notification.ts';

const ORDER = { orderId: '1920891312', siteId: '3747777038' };
const text = (more: Record<string, unknown> = {}) => JSON.stringify({ ...ORDER, ...more });

const NOTHING = {
  ...{ appId: undefined, tpOrderId: undefined, signed: undefined, answer: undefined },
  refundCheck: 0,
};

describe('parseLookup()', () => {
  test.each([{}, { notification: null }, { more: 1 }, { appId: '10026' }])('reads two ids and %j', (more) => {
    const body = { ...ORDER, ...more };
    const appId = 'appId' in more ? more.appId : undefined;
    expect(parseLookup(text(more))).toEqual({ ...NOTHING, appId, ...ORDER, body });
  });

  test.each([PAID, {}, { status: '2' }])(
    'reads the notification %j, and believes nothing of it',
    (notification) => {
      expect(parseLookup(text({ notification })).signed).toEqual({
        kind: 'notification',
        form: notification,
      });
    },
  );

  test('reads an order id of the merchant’s own', () => {
    const body = { tpOrderId: 'T-1!', appId: '10026' };
    const nobody = { orderId: undefined, siteId: undefined };
    expect(parseLookup(JSON.stringify(body))).toEqual({ ...NOTHING, ...nobody, ...body, body });
  });

  test('reads a refund notification, whose user may not be known', () => {
    const form = { refundBatchId: '7', refundStatus: '1' };
    expect(parseLookup(text({ refundNotification: form }))).toMatchObject({
      ...ORDER,
      signed: { kind: 'refundNotification', form },
    });
    const nobody = parseLookup(text({ siteId: undefined, refundNotification: form }));
    expect(nobody).toMatchObject({ orderId: ORDER.orderId });
    expect(nobody.siteId).toBeUndefined();
  });

  test('reads a refund audit with the answer that was given', () => {
    const answer = { auditStatus: 3, refundPayMoney: 100 };
    expect(parseLookup(text({ refundAudit: {}, answer }))).toMatchObject({
      ...{ answer, signed: { kind: 'refundAudit', form: {} } },
    });
  });

  test.each(['', 'hello', '[]', 'null', '"text"'])('refuses %j, which is no object', (message) => {
    expect(() => parseLookup(message)).toThrow(
      expect.objectContaining({ code: 'INVALID_REQUEST', message: 'The message is not a JSON object.' }),
    );
  });

  test.each([
    [{ orderId: undefined }, 'orderId is missing.'],
    [{ siteId: undefined }, 'siteId is missing.'],
    [{ siteId: undefined, notification: {} }, 'siteId is missing.'],
    [{ orderId: 1 }, 'orderId must be a decimal integer'],
    [{ appId: 1 }, 'appId must be a string.'],
    [{ orderId: undefined, tpOrderId: 'a b' }, 'tpOrderId must be 1 to 128 visible ASCII characters'],
    [{ orderId: undefined, tpOrderId: 1 }, 'tpOrderId must be 1 to 128 visible ASCII characters'],
    [{ notification: {}, refundAudit: {} }, 'The message must hold one of'],
    [{ refundAudit: {} }, 'The answer to a refund audit must hold auditStatus and refundPayMoney.'],
    [
      { refundAudit: {}, answer: { auditStatus: 4, refundPayMoney: 0 } },
      'The answer to a refund audit must hold auditStatus and refundPayMoney.',
    ],
    [
      { refundAudit: {}, answer: { auditStatus: 1, refundPayMoney: 0.5 } },
      'The answer to a refund audit must hold auditStatus and refundPayMoney.',
    ],
    [{ refundCheck: '1' }, 'refundCheck must be a number.'],
  ])('refuses %j', (more, message) => {
    expect(() => parseLookup(text(more))).toThrow(message);
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
});

test('tryLookup() returns what parseLookup() throws', () => {
  expect(tryLookup(text())).toEqual(parseLookup(text()));
  expect(tryLookup(undefined)).toMatchObject({ code: 'INVALID_REQUEST' });
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
