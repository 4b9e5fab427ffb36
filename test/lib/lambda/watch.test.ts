import { describe, expect, test, vi } from 'vitest';
import { BaiduError, ServiceError } from '../../../lib/baidu/errors.ts';
import { waitMetrics, watchApps, watchAudits, watchBaidu, watchSecret } from '../../../lib/lambda/watch.ts';

describe('watchBaidu()', () => {
  test('counts and measures an answer, and says so to who debugs', () => {
    const log = vi.fn();
    watchBaidu(log)({ appId: '10026', orderId: '1', ms: 12.4 });
    expect(log).toHaveBeenCalledExactlyOnceWith(
      'DEBUG',
      'Baidu answered',
      { appId: '10026', orderId: '1', ms: 12 },
      [
        { name: 'BaiduRequests', value: 1 },
        { name: 'BaiduLatency', value: 12.4 },
      ],
    );
  });

  test.each([
    [new BaiduError(10000, '', false), '10000'],
    [new BaiduError(60008, '', false), '60008'],
    [new BaiduError(123456, '', false), 'OTHER'],
    [new ServiceError('BAIDU_TIMEOUT', 'Too late.'), 'BAIDU_TIMEOUT'],
  ])('warns of %s, and counts it as %s', (error, value) => {
    const log = vi.fn();
    watchBaidu(log)({ appId: '10026', orderId: '1', ms: 12.4, error });
    expect(log).toHaveBeenCalledExactlyOnceWith(
      'WARN',
      'attempt at Baidu failed',
      expect.objectContaining({
        appId: '10026',
        orderId: '1',
        ms: 12,
        code: error.code,
        reason: error.message,
      }),
      [
        { name: 'BaiduRequests', value: 1 },
        { name: 'BaiduLatency', value: 12.4 },
        { name: 'BaiduFailures', value: 1, dimension: { name: 'Errno', value } },
      ],
    );
  });
});

test('watchBaidu() counts an order that Baidu does not know for its errno alone: it is no failure of Baidu’s', () => {
  const log = vi.fn();
  watchBaidu(log)({ appId: '10026', orderId: '1', ms: 12.4, error: new BaiduError(10002, '', false) });
  expect(log.mock.calls[0]?.[3]).toContainEqual({
    ...{ name: 'BaiduFailures', value: 1 },
    dimension: { name: 'Errno', value: '10002', alone: true },
  });
});

test('watchSecret() reports and counts each failure to read the secret, but those that harm nobody yet', () => {
  const log = vi.fn();
  const error = new ServiceError('CONFIGURATION_UNAVAILABLE', 'The secret is binary.');
  const fields = { code: 'CONFIGURATION_UNAVAILABLE', reason: 'The secret is binary.' };
  watchSecret(log)(error, true);
  watchSecret(log)(error, false);
  expect(log.mock.calls).toEqual([
    ['WARN', 'secret not read', fields],
    ['ERROR', 'secret not read', fields, [{ name: 'SecretFailures', value: 1 }]],
  ]);
});

test('watchAudits() names the refund and measures how long nobody has decided', () => {
  const log = vi.fn();
  watchAudits(log)({ orderId: '1', refundBatchId: '2', seconds: 300 });
  expect(log).toHaveBeenCalledExactlyOnceWith(
    'INFO',
    'refund undecided',
    { orderId: '1', refundBatchId: '2', seconds: 300 },
    [{ name: 'SecondsUndecided', value: 300 }],
  );
});

describe('waitMetrics()', () => {
  const notified = { signed: { kind: 'notification' } };

  test('measures the record that has waited longest of those that Baidu has signed', () => {
    const messages = [notified, notified, { signed: undefined }];
    expect(waitMetrics(messages, [60_000, 40_000, 1], 100_000)).toEqual([
      { name: 'SecondsWaited', value: 60 },
    ]);
  });

  test('measures nothing where there is none, or where it does not tell', () => {
    const failed = new ServiceError('INVALID_REQUEST', 'The message is not a JSON object.');
    expect(waitMetrics([failed, notified, notified, notified], [1, 0, Number.NaN], 100_000)).toEqual([]);
  });

  test('has waited for no time where SQS’s clock runs ahead', () => {
    expect(waitMetrics([notified], [200_000], 100_000)).toEqual([{ name: 'SecondsWaited', value: 0 }]);
  });
});

test('watchApps() reports and counts each app that is left out of a secret', () => {
  const log = vi.fn();
  const error = new ServiceError('CONFIGURATION_UNAVAILABLE', 'The secret’s apps[1].appKey is missing.');
  const broken = [{ place: 'apps[1].', fields: {}, appId: '2', error }];
  const apps = { all: [{ appId: '1' }], broken, find: vi.fn() };
  expect(watchApps(log, () => apps)('text')).toBe(apps);
  expect(log).toHaveBeenCalledExactlyOnceWith(
    'ERROR',
    'app left out',
    { appId: '2', code: 'CONFIGURATION_UNAVAILABLE', reason: 'The secret’s apps[1].appKey is missing.' },
    [{ name: 'SecretFailures', value: 1 }],
  );
});
