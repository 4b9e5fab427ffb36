import { describe, expect, test, vi } from 'vitest';
import { BaiduError, ServiceError } from '../../../lib/baidu/errors.ts';
import { watchApps, watchBaidu, watchSecret } from '../../../lib/lambda/watch.ts';

describe('watchBaidu()', () => {
  test('counts and measures an answer, and says so to who debugs', () => {
    const log = vi.fn();
    watchBaidu(log)({ orderId: '1', ms: 12.4 });
    expect(log).toHaveBeenCalledExactlyOnceWith('DEBUG', 'Baidu answered', { orderId: '1', ms: 12 }, [
      { name: 'BaiduRequests', value: 1 },
      { name: 'BaiduLatency', value: 12.4 },
    ]);
  });

  test.each([
    [new BaiduError(10000, '', false), '10000'],
    [new BaiduError(60008, '', false), '60008'],
    [new BaiduError(123456, '', false), 'OTHER'],
    [new ServiceError('BAIDU_TIMEOUT', 'Too late.'), 'BAIDU_TIMEOUT'],
  ])('warns of %s, and counts it as %s', (error, value) => {
    const log = vi.fn();
    watchBaidu(log)({ orderId: '1', ms: 12.4, error });
    expect(log).toHaveBeenCalledExactlyOnceWith(
      'WARN',
      'attempt at Baidu failed',
      expect.objectContaining({ orderId: '1', ms: 12, code: error.code, reason: error.message }),
      [
        { name: 'BaiduRequests', value: 1 },
        { name: 'BaiduLatency', value: 12.4 },
        { name: 'BaiduFailures', value: 1, dimension: { name: 'Errno', value } },
      ],
    );
  });
});

test('watchSecret() reports and counts each failure to read the secret', () => {
  const log = vi.fn();
  watchSecret(log)(new ServiceError('CONFIGURATION_UNAVAILABLE', 'The secret is binary.'));
  expect(log).toHaveBeenCalledExactlyOnceWith(
    'ERROR',
    'secret not read',
    { code: 'CONFIGURATION_UNAVAILABLE', reason: 'The secret is binary.' },
    [{ name: 'SecretFailures', value: 1 }],
  );
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
