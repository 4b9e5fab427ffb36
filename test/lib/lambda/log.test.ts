import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { BaiduError, ServiceError } from '../../../lib/baidu/errors.ts';
import type { LogLevel } from '../../../lib/lambda/config.ts';
import { createLog, errorFields, METRIC_NAMESPACE } from '../../../lib/lambda/log.ts';

const NOW = new Date('2026-01-01T00:00:00.000Z');

beforeEach(() => {
  vi.useFakeTimers({ now: NOW, toFake: ['Date'] });
  vi.stubEnv('_X_AMZN_TRACE_ID', 'Root=1-abc;Sampled=1');
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

/** A log, and what it has written so far. */
function setUp(level: LogLevel) {
  const lines: string[] = [];
  const log = createLog({ level, functionName: 'shop-query' }, (line) => lines.push(line));
  return { log, lines };
}

describe('createLog()', () => {
  test('writes a line of JSON: level, message, time, trace and fields', () => {
    const { log, lines } = setUp('INFO');
    log('INFO', 'answered', { requestId: 'request-1', orderId: undefined });
    log('WARN', 'no fields');
    const common = { timestamp: NOW.toISOString(), traceId: '1-abc' };
    expect(lines).toEqual([
      `${JSON.stringify({ level: 'INFO', message: 'answered', ...common, requestId: 'request-1' })}\n`,
      `${JSON.stringify({ level: 'WARN', message: 'no fields', ...common })}\n`,
    ]);
  });

  test('names the invocation under way', () => {
    const { log, lines } = setUp('INFO');
    log('ERROR', 'in the init phase');
    log.requestId = 'request-2';
    log('ERROR', 'secret not read');
    expect(lines.map((line) => JSON.parse(line).requestId)).toEqual([undefined, 'request-2']);
  });

  test('writes to standard output', () => {
    const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    createLog({ level: 'INFO', functionName: 'shop-query' })('INFO', 'answered');
    expect(write).toHaveBeenCalledExactlyOnceWith(expect.stringMatching(/^\{"level":"INFO".*\}\n$/));
  });

  const LEVELS = ['DEBUG', 'INFO', 'WARN', 'ERROR'] as const;
  test.each(LEVELS)('at %s says that and what is graver', (least) => {
    const { log, lines } = setUp(least);
    for (const level of LEVELS) log(level, 'said');
    expect(lines.map((line) => JSON.parse(line).level)).toEqual(LEVELS.slice(LEVELS.indexOf(least)));
  });

  test('counts what it does not say', () => {
    const { log, lines } = setUp('ERROR');
    log('INFO', 'answered', { requestId: 'request-1' }, [{ name: 'ColdStarts', value: 1 }]);
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      {
        _aws: {
          Timestamp: NOW.getTime(),
          CloudWatchMetrics: [
            {
              Namespace: 'BaiduPaymentStatus',
              Dimensions: [['FunctionName']],
              Metrics: [{ Name: 'ColdStarts', Unit: 'Count' }],
            },
          ],
        },
        FunctionName: 'shop-query',
        ColdStarts: 1,
      },
    ]);
  });

  test('is SILENT altogether', () => {
    const { log, lines } = setUp('SILENT');
    log('ERROR', 'failed', {}, [{ name: 'ColdStarts', value: 1 }]);
    log('SILENT', 'failed');
    expect(lines).toEqual([]);
  });

  test('gives each metric its unit, and a dimension of its own beside the function', () => {
    const { log, lines } = setUp('INFO');
    log('WARN', 'failed', { code: 'BAIDU_TIMEOUT' }, [
      { name: 'BaiduLatency', value: 12.5 },
      { name: 'BaiduFailures', value: 1, dimension: { name: 'Errno', value: 'OTHER' } },
    ]);
    expect(JSON.parse(lines[0] ?? '')).toEqual({
      ...{ level: 'WARN', message: 'failed', timestamp: NOW.toISOString(), traceId: '1-abc' },
      code: 'BAIDU_TIMEOUT',
      _aws: {
        Timestamp: NOW.getTime(),
        CloudWatchMetrics: [
          {
            Namespace: METRIC_NAMESPACE,
            Dimensions: [['FunctionName']],
            Metrics: [{ Name: 'BaiduLatency', Unit: 'Milliseconds' }],
          },
          {
            Namespace: METRIC_NAMESPACE,
            Dimensions: [['FunctionName'], ['FunctionName', 'Errno']],
            Metrics: [{ Name: 'BaiduFailures', Unit: 'Count' }],
          },
        ],
      },
      FunctionName: 'shop-query',
      BaiduLatency: 12.5,
      BaiduFailures: 1,
      Errno: 'OTHER',
    });
  });

  test('counts for the value of a dimension alone, where that is asked for', () => {
    const { log, lines } = setUp('INFO');
    log('WARN', 'failed', {}, [
      { name: 'BaiduFailures', value: 1, dimension: { name: 'Errno', value: '10002', alone: true } },
    ]);
    expect(JSON.parse(lines[0] ?? '')._aws.CloudWatchMetrics).toMatchObject([
      { Dimensions: [['FunctionName', 'Errno']] },
    ]);
  });
});

describe('errorFields()', () => {
  test('are code and reason', () => {
    expect(errorFields(new ServiceError('UNAUTHORIZED', 'No token.'))).toEqual({
      code: 'UNAUTHORIZED',
      reason: 'No token.',
    });
  });

  test('name Baidu’s errno, not its words', () => {
    expect(errorFields(new BaiduError(10000, 'marked', false))).toEqual({
      code: 'BAIDU_ERROR',
      reason: 'Baidu answered with errno 10000.',
      errno: 10000,
    });
  });

  test('name the cause and its code, not its words', () => {
    const cause = Object.assign(new TypeError('marked'), { code: 'ECONNRESET' });
    expect(errorFields(new ServiceError('BAIDU_UNREACHABLE', 'No connection.', { cause }))).toEqual({
      code: 'BAIDU_UNREACHABLE',
      reason: 'No connection.',
      cause: 'TypeError',
      causeCode: 'ECONNRESET',
    });
    const plain = new ServiceError('BAIDU_UNREACHABLE', 'No connection.', { cause: new Error('marked') });
    expect(errorFields(plain)).toMatchObject({ cause: 'Error', causeCode: undefined });
  });

  test('name the innermost cause', () => {
    const socket = Object.assign(new Error('marked'), { code: 'ECONNRESET' });
    const cause = Object.assign(new TypeError('marked', { cause: socket }), { code: 'other' });
    expect(errorFields(new ServiceError('TOPIC_UNAVAILABLE', 'Not taken.', { cause }))).toMatchObject({
      cause: 'Error',
      causeCode: 'ECONNRESET',
    });
  });

  test('say nothing of a cause that is no error', () => {
    const error = new ServiceError('BAIDU_UNREACHABLE', 'No connection.', { cause: 'marked' });
    expect(errorFields(error)).toEqual({ code: 'BAIDU_UNREACHABLE', reason: 'No connection.' });
  });

  test('show the frames of a fault of our own, without its words', () => {
    const cause = new Error('marked at /secret\nsecond line');
    const { stack } = errorFields(new ServiceError('INTERNAL_ERROR', 'The service failed.', { cause }));
    expect(stack).toMatch(/^ {4}at .*\n {4}at /);
    expect(stack).toContain('log.test.ts');
    expect(stack).not.toMatch(/marked|second/);
    const ours = errorFields(new ServiceError('INTERNAL_ERROR', 'A look-up failed.'));
    expect(ours['stack']).toMatch(/^ {4}at /);
  });

  test('show no frames where there are none, or of which a message is all', () => {
    const cause = new Error('marked');
    for (const stack of [undefined, 'Error: at home\nnot at home']) {
      Object.defineProperty(cause, 'stack', { value: stack, configurable: true });
      expect(errorFields(new ServiceError('INTERNAL_ERROR', 'Failed.', { cause }))['stack']).toBe('');
    }
  });
});
