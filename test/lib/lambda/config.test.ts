import { afterEach, describe, expect, test, vi } from 'vitest';
import { BAIDU_QUERY_URL } from '../../../lib/baidu/address.ts';
import {
  type Environment,
  readBaiduConfig,
  readConfirmConfig,
  readLedgerConfig,
  readLogConfig,
  readNotifyConfig,
  readSecretConfig,
  readTraceId,
  secretsManagerUrl,
} from '../../../lib/lambda/config.ts';

afterEach(() => void vi.unstubAllEnvs());

/** Checks that reading fails with the one code and names the variable and what it must be. */
function expectUnfit(read: () => unknown, message: string): void {
  expect(read).toThrow(
    expect.objectContaining({
      code: 'CONFIGURATION_UNAVAILABLE',
      message: `The environment variable ${message}.`,
    }),
  );
}

describe('readLogConfig()', () => {
  test('is INFO and local where nothing is set', () => {
    expect(readLogConfig({})).toEqual({ level: 'INFO', functionName: 'local' });
  });

  test.each(['DEBUG', 'INFO', 'WARN', 'ERROR', 'SILENT'])('takes the level %s in any case', (level) => {
    expect(readLogConfig({ LOG_LEVEL: level }).level).toBe(level);
    expect(readLogConfig({ LOG_LEVEL: level.toLowerCase() }).level).toBe(level);
  });

  test.each(['', 'LOUD', 'INFO '])('is INFO for the level %j, which is none', (level) => {
    expect(readLogConfig({ LOG_LEVEL: level }).level).toBe('INFO');
  });

  test('names the deployed function', () => {
    expect(readLogConfig({ AWS_LAMBDA_FUNCTION_NAME: 'shop-query' }).functionName).toBe('shop-query');
  });
});

describe('secretsManagerUrl()', () => {
  test.each([
    [{ AWS_REGION: 'cn-north-1' }, 'https://secretsmanager.cn-north-1.amazonaws.com.cn/'],
    [{ AWS_REGION: 'ap-east-1' }, 'https://secretsmanager.ap-east-1.amazonaws.com/'],
    [{ AWS_REGION: 'x', AWS_ENDPOINT_URL_SECRETS_MANAGER: 'http://127.0.0.1:1' }, 'http://127.0.0.1:1/'],
    [{ AWS_REGION: 'x', AWS_ENDPOINT_URL_SECRETS_MANAGER: 'no address' }, undefined],
    [{ AWS_REGION: 'no region' }, undefined],
  ])('knows where Secrets Manager will be asked: %j', (env, href) => {
    expect(secretsManagerUrl(env)?.href).toBe(href);
  });
});

describe('readSecretConfig()', () => {
  test('keeps the secret for 300 s where nothing else is set', () => {
    expect(readSecretConfig({ BAIDU_SECRET_ID: 'secret' })).toEqual({
      secretId: 'secret',
      secretTtlMs: 300_000,
    });
  });

  test.each([
    ['0', 0],
    ['86400', 86_400_000],
    ['', 300_000],
  ])('keeps it for SECRET_TTL_SECONDS=%s', (text, secretTtlMs) => {
    expect(readSecretConfig({ BAIDU_SECRET_ID: 'secret', SECRET_TTL_SECONDS: text })).toMatchObject({
      secretTtlMs,
    });
  });

  test.each(['-1', '86401', '1.5', '1e3', ' 5', '5 ', 'x5', '5x', '0000000005', 'five'])(
    'refuses SECRET_TTL_SECONDS=%s',
    (text) => {
      expectUnfit(
        () => readSecretConfig({ BAIDU_SECRET_ID: 'secret', SECRET_TTL_SECONDS: text }),
        'SECRET_TTL_SECONDS must be a whole number from 0 to 86400',
      );
    },
  );

  test.each<Environment>([{}, { BAIDU_SECRET_ID: '' }])('asks for BAIDU_SECRET_ID: %j', (env) => {
    expectUnfit(() => readSecretConfig(env), 'BAIDU_SECRET_ID is not set');
  });
});

describe('readBaiduConfig()', () => {
  test.each<Environment>([{}, { BAIDU_QUERY_URL: '', BAIDU_ATTEMPT_TIMEOUT_MS: '', BAIDU_MAX_ATTEMPTS: '' }])(
    'asks Baidu’s production URL, three times, 1.5 s each, where nothing is set: %j',
    (env) => {
      expect(readBaiduConfig(env)).toEqual({
        statusApi: 'queryorderdetail',
        queryUrl: new URL('https://dianshang.baidu.com/platform/entity/openapi/queryorderdetail'),
        openapiUrl: new URL('https://openapi.baidu.com'),
        attemptTimeoutMs: 1500,
        maxAttempts: 3,
      });
      expect(BAIDU_QUERY_URL).toBe(readBaiduConfig(env).queryUrl.href);
    },
  );

  test.each([
    'https://example.com/query',
    'http://localhost:8080/query',
    'http://127.0.0.1/query',
    'http://127.255.10.1:1/query',
    'http://[::1]:8080/query',
  ])('takes the URL %s', (url) => {
    expect(readBaiduConfig({ BAIDU_QUERY_URL: url }).queryUrl.href).toBe(url);
  });

  test.each([
    'nonsense',
    'http://example.com/query',
    'http://127.0.0.1.example.com/query',
    'http://a127.0.0.1/query',
    'http://127.example.com/query',
    'http://x.localhost/query',
    'http://[::2]/query',
    'ftp://127.0.0.1/query',
    'ftp://example.com/query',
    'https://user@example.com/query',
    'https://:password@example.com/query',
    'https://example.com/query?a=b',
    'https://example.com/query#a',
  ])('refuses the URL %s', (url) => {
    expectUnfit(
      () => readBaiduConfig({ BAIDU_QUERY_URL: url }),
      'BAIDU_QUERY_URL must be an https URL without query (http only on loopback)',
    );
  });

  test.each(['https://example.com', 'https://example.com:8443/', 'http://127.0.0.1:8620'])(
    'takes the origin %s of the second generation',
    (url) => {
      expect(readBaiduConfig({ BAIDU_OPENAPI_URL: url }).openapiUrl).toEqual(new URL(url));
    },
  );

  test.each([
    ['http://example.com', 'must be an https URL without query (http only on loopback)'],
    ['https://example.com/?a=b', 'must be an https URL without query (http only on loopback)'],
    ['https://example.com/path', 'must be an https origin, without a path (http only on loopback)'],
  ])('refuses the origin %s', (url, message) => {
    expectUnfit(() => readBaiduConfig({ BAIDU_OPENAPI_URL: url }), `BAIDU_OPENAPI_URL ${message}`);
  });

  test('knows which generation is asked', () => {
    expect(readBaiduConfig({ BAIDU_STATUS_API: 'findByTpOrderId' }).statusApi).toBe('findByTpOrderId');
    expect(readBaiduConfig({ BAIDU_STATUS_API: '' }).statusApi).toBe('queryorderdetail');
    expectUnfit(
      () => readBaiduConfig({ BAIDU_STATUS_API: 'both' }),
      'BAIDU_STATUS_API must be one of queryorderdetail, findByTpOrderId',
    );
  });

  test.each([
    ['BAIDU_ATTEMPT_TIMEOUT_MS', '10', 'attemptTimeoutMs'],
    ['BAIDU_ATTEMPT_TIMEOUT_MS', '7000', 'attemptTimeoutMs'],
    ['BAIDU_MAX_ATTEMPTS', '1', 'maxAttempts'],
    ['BAIDU_MAX_ATTEMPTS', '10', 'maxAttempts'],
  ] as const)('takes %s=%s', (name, text, member) => {
    expect(readBaiduConfig({ [name]: text })[member]).toBe(Number(text));
  });

  test.each([
    ['BAIDU_ATTEMPT_TIMEOUT_MS', '9', 'from 10 to 7000'],
    ['BAIDU_ATTEMPT_TIMEOUT_MS', '7001', 'from 10 to 7000'],
    ['BAIDU_MAX_ATTEMPTS', '0', 'from 1 to 10'],
    ['BAIDU_MAX_ATTEMPTS', '11', 'from 1 to 10'],
  ])('refuses %s=%s', (name, text, range) => {
    expectUnfit(() => readBaiduConfig({ [name]: text }), `${name} must be a whole number ${range}`);
  });
});

describe('readNotifyConfig()', () => {
  test('checks orders only where a table is named', () => {
    const env = { PAYMENT_QUEUE_URL: 'queue' };
    expect(readNotifyConfig(env)).toEqual({
      ...{ queueUrl: 'queue', ordersTable: undefined, auditPolicy: 'undecided' },
    });
    expect(readNotifyConfig({ ...env, ORDERS_TABLE: '' }).ordersTable).toBeUndefined();
    expect(readNotifyConfig({ ...env, ORDERS_TABLE: 'orders' }).ordersTable).toBe('orders');
  });

  test('knows what to answer an audit', () => {
    const env = { PAYMENT_QUEUE_URL: 'queue' };
    expect(readNotifyConfig({ ...env, REFUND_AUDIT: 'approve' }).auditPolicy).toBe('approve');
    expectUnfit(
      () => readNotifyConfig({ ...env, REFUND_AUDIT: 'yes' }),
      'REFUND_AUDIT must be one of undecided, refuse, approve',
    );
  });

  test('asks for PAYMENT_QUEUE_URL', () => {
    expectUnfit(() => readNotifyConfig({}), 'PAYMENT_QUEUE_URL is not set');
  });
});

describe('readConfirmConfig()', () => {
  const env = { PAYMENT_TOPIC_ARN: 'topic', LEDGER_TABLE: 'table' };

  test('knows a queue to send back to only where one is named', () => {
    expect(readConfirmConfig(env)).toEqual({
      topicArn: 'topic',
      ledgerTable: 'table',
      rememberMs: 400 * 86_400_000,
      queueUrl: undefined,
    });
    expect(readConfirmConfig({ ...env, PAYMENT_QUEUE_URL: '' }).queueUrl).toBeUndefined();
    expect(readConfirmConfig({ ...env, PAYMENT_QUEUE_URL: 'queue' }).queueUrl).toBe('queue');
  });

  test.each([
    ['', 400],
    ['1', 1],
    ['3650', 3650],
  ])('remembers an order for LEDGER_DAYS=%s', (text, days) => {
    expect(readConfirmConfig({ ...env, LEDGER_DAYS: text }).rememberMs).toBe(days * 86_400_000);
  });

  test.each(['0', '3651', '-1', '1.5', 'x'])('refuses LEDGER_DAYS=%s', (text) => {
    expectUnfit(
      () => readConfirmConfig({ ...env, LEDGER_DAYS: text }),
      'LEDGER_DAYS must be a whole number from 1 to 3650',
    );
  });

  test.each(['PAYMENT_TOPIC_ARN', 'LEDGER_TABLE'])('asks for %s', (name) => {
    expectUnfit(() => readConfirmConfig({ ...env, [name]: undefined }), `${name} is not set`);
  });
});

describe('readLedgerConfig()', () => {
  test('is no table where none is named, and as many days as confirm’s', () => {
    expect(readLedgerConfig({})).toEqual({ ledgerTable: undefined, rememberMs: 400 * 86_400_000 });
    expect(readLedgerConfig({ LEDGER_TABLE: 'table', LEDGER_DAYS: '1' })).toEqual({
      ...{ ledgerTable: 'table', rememberMs: 86_400_000 },
    });
  });
});

describe('readTraceId()', () => {
  test('is the root of the runtime’s trace header', () => {
    expect(readTraceId({ _X_AMZN_TRACE_ID: 'Root=1-5759e988-bd86;Parent=53995c3f;Sampled=1' })).toBe(
      '1-5759e988-bd86',
    );
    expect(readTraceId({ _X_AMZN_TRACE_ID: 'Parent=53995c3f;Root=1-5759e988-bd86' })).toBe('1-5759e988-bd86');
  });

  test.each<Environment>([{}, { _X_AMZN_TRACE_ID: '' }, { _X_AMZN_TRACE_ID: 'Parent=53995c3f' }])(
    'is undefined where there is none: %j',
    (env) => {
      expect(readTraceId(env)).toBeUndefined();
    },
  );
});

test('each reads the process’s own environment by default', () => {
  const env = {
    LOG_LEVEL: 'WARN',
    BAIDU_SECRET_ID: 'from-process',
    BAIDU_MAX_ATTEMPTS: '2',
    PAYMENT_QUEUE_URL: 'queue-of-process',
    PAYMENT_TOPIC_ARN: 'topic-of-process',
    LEDGER_TABLE: 'table-of-process',
    _X_AMZN_TRACE_ID: 'Root=1-of-process',
  };
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  expect(readLogConfig().level).toBe('WARN');
  expect(readSecretConfig().secretId).toBe('from-process');
  expect(readBaiduConfig().maxAttempts).toBe(2);
  expect(readNotifyConfig().queueUrl).toBe('queue-of-process');
  expect(readConfirmConfig()).toMatchObject({
    topicArn: 'topic-of-process',
    ledgerTable: 'table-of-process',
  });
  expect(readTraceId()).toBe('1-of-process');
});
