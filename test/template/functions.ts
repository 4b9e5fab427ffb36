import { describe, expect, it } from 'vitest';
import { everyParameter, idsOfType, type Packaged, placeholder, resource } from './package.ts';
import { every, plain, small } from './packaged.ts';

const functions = ['query', 'notify', 'confirm'] as const;
const logicalId = (name: string) => `${name.charAt(0).toUpperCase()}${name.slice(1)}LambdaFunction`;
const propertiesOf = ({ template }: Packaged, name: string) => resource(template, logicalId(name)).Properties;

describe('functions', () => {
  it('are query, notify and confirm, and each has a zip of its own', () => {
    expect(idsOfType(plain.template, 'AWS::Lambda::Function')).toEqual(functions.map(logicalId));
    expect(plain.files).toEqual(expect.arrayContaining(['query.zip', 'notify.zip', 'confirm.zip']));
  });

  it.each(functions)('%s runs on Node 24 on arm64, named after service and stage', (name) => {
    const runtime = { Runtime: 'nodejs24.x', Architectures: ['arm64'], Handler: `handlers/${name}.handler` };
    expect(propertiesOf(plain, name)).toMatchObject({
      ...runtime,
      FunctionName: `baidu-payment-status-dev-${name}`,
    });
    expect(propertiesOf(every, name)).toMatchObject({
      ...runtime,
      FunctionName: `baidu-payment-status-prod-${name}`,
    });
  });

  it('have the CPU that a waiting caller needs, and time to start again after a crash', () => {
    expect(propertiesOf(plain, 'query')).toMatchObject({ MemorySize: 1024, Timeout: 10 });
    expect(propertiesOf(plain, 'notify')).toMatchObject({ MemorySize: 1024, Timeout: 10 });
    expect(propertiesOf(plain, 'confirm')).toMatchObject({ MemorySize: 512, Timeout: 30 });
  });

  it('are not traced, and no versions of them pile up', () => {
    for (const name of functions) expect(propertiesOf(plain, name)).not.toHaveProperty('TracingConfig');
    expect(idsOfType(plain.template, 'AWS::Lambda::Version')).toEqual([]);
  });

  it.each(functions)('%s writes to a log group that forgets', (name) => {
    const id = `${name.charAt(0).toUpperCase()}${name.slice(1)}LogGroup`;
    const LogGroupName = `/aws/lambda/baidu-payment-status-dev-${name}`;
    expect(resource(plain.template, id).Properties).toEqual({ LogGroupName, RetentionInDays: 90 });
    expect(resource(every.template, id).Properties).toMatchObject({ RetentionInDays: 30 });
  });
});

describe('logs', () => {
  it('are these four, and all of them forget', () => {
    const groups = idsOfType(plain.template, 'AWS::Logs::LogGroup');
    expect(groups.toSorted()).toEqual([
      'ConfirmLogGroup',
      'HttpApiLogGroup',
      'NotifyLogGroup',
      'QueryLogGroup',
    ]);
    for (const id of groups) expect(resource(plain.template, id).Properties['RetentionInDays']).toBe(90);
  });
});

describe('environment', () => {
  const secretsManager = {
    'Fn::Sub': `https://secretsmanager.${placeholder('AWS::Region')}.${placeholder('AWS::URLSuffix')}`,
  };
  const all = {
    BAIDU_SECRET_ID: 'baidu-payment-status/dev',
    AWS_ENDPOINT_URL_SECRETS_MANAGER: secretsManager,
    SECRET_TTL_SECONDS: '300',
    LOG_LEVEL: 'INFO',
  };
  const toBaidu = {
    BAIDU_STATUS_API: 'queryorderdetail',
    BAIDU_ATTEMPT_TIMEOUT_MS: '1500',
    BAIDU_MAX_ATTEMPTS: '3',
  };
  const toLedger = { LEDGER_TABLE: { Ref: 'LedgerTable' } };
  const ofConfirm = {
    PAYMENT_QUEUE_URL: { Ref: 'PaymentQueue' },
    PAYMENT_TOPIC_ARN: { Ref: 'StatusTopic' },
    ...toLedger,
    LEDGER_DAYS: '400',
  };

  it('holds what each function reads, with the defaults of the contract', () => {
    expect(propertiesOf(plain, 'query')['Environment']).toEqual({
      Variables: { ...all, ...toBaidu, ...toLedger, LEDGER_DAYS: '400' },
    });
    expect(propertiesOf(plain, 'notify')['Environment']).toEqual({
      Variables: {
        ...all,
        ...toLedger,
        PAYMENT_QUEUE_URL: { Ref: 'PaymentQueue' },
        REFUND_AUDIT: 'undecided',
      },
    });
    expect(propertiesOf(plain, 'confirm')['Environment']).toEqual({
      Variables: { ...all, ...toBaidu, ...ofConfirm },
    });
  });

  it('follows the parameters, the optional ones among them', () => {
    const changed = {
      BAIDU_SECRET_ID: everyParameter.secretId,
      AWS_ENDPOINT_URL_SECRETS_MANAGER: secretsManager,
      SECRET_TTL_SECONDS: '60',
      LOG_LEVEL: 'DEBUG',
    };
    const changedToBaidu = {
      BAIDU_QUERY_URL: everyParameter.baiduQueryUrl,
      BAIDU_OPENAPI_URL: everyParameter.baiduOpenapiUrl,
      BAIDU_STATUS_API: 'findByTpOrderId',
      BAIDU_ATTEMPT_TIMEOUT_MS: '1000',
      BAIDU_MAX_ATTEMPTS: '2',
    };
    expect(propertiesOf(every, 'query')['Environment']).toEqual({
      Variables: { ...changed, ...changedToBaidu, ...toLedger, LEDGER_DAYS: '30' },
    });
    expect(propertiesOf(every, 'notify')['Environment']).toEqual({
      Variables: {
        ...{ ...changed, ...toLedger, PAYMENT_QUEUE_URL: { Ref: 'PaymentQueue' } },
        ...{ ORDERS_TABLE: 'merchant-orders', REFUND_AUDIT: 'undecided' },
      },
    });
    expect(propertiesOf(every, 'confirm')['Environment']).toEqual({
      Variables: { ...changed, ...changedToBaidu, ...ofConfirm, LEDGER_DAYS: '30' },
    });
  });
});

describe('concurrency', () => {
  const reserved = (packaged: Packaged) =>
    functions.map((name) => propertiesOf(packaged, name)['ReservedConcurrentExecutions']);
  const mapping = ({ template }: Packaged) =>
    resource(template, 'ConfirmEventSourceMappingSQSPaymentQueue').Properties;

  it('keeps room for notify and caps confirm, above what the queue may use of it', () => {
    expect(reserved(plain)).toEqual([undefined, 50, 10]);
    expect(mapping(plain)['ScalingConfig']).toEqual({ MaximumConcurrency: 5 });
  });

  it('follows the parameters', () => {
    expect(reserved(every)).toEqual([undefined, 200, 30]);
    expect(mapping(every)['ScalingConfig']).toEqual({ MaximumConcurrency: 20 });
  });

  it('reserves nothing in an account that has nothing to reserve', () => {
    expect(reserved(small)).toEqual([undefined, undefined, undefined]);
    expect(mapping(small)['ScalingConfig']).toEqual({ MaximumConcurrency: 5 });
  });
});

describe('what starts confirm', () => {
  it('is the payment queue, ten messages at most, of which each may fail alone', () => {
    const { Properties } = resource(plain.template, 'ConfirmEventSourceMappingSQSPaymentQueue');
    expect(Properties).toEqual({
      BatchSize: 10,
      Enabled: true,
      EventSourceArn: { 'Fn::GetAtt': ['PaymentQueue', 'Arn'] },
      FunctionName: { 'Fn::GetAtt': ['ConfirmLambdaFunction', 'Arn'] },
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      ScalingConfig: { MaximumConcurrency: 5 },
    });
  });

  it('is the look-up topic too, and what fails on that way ends in the dead-letter queue', () => {
    const deadLetterQueue = { 'Fn::GetAtt': ['DeadLetterQueue', 'Arn'] };
    const { template } = plain;
    expect(resource(template, 'ConfirmSnsSubscriptionLookupTopic').Properties).toEqual({
      TopicArn: { Ref: 'LookupTopic' },
      Protocol: 'lambda',
      Endpoint: { 'Fn::GetAtt': ['ConfirmLambdaFunction', 'Arn'] },
      RedrivePolicy: { deadLetterTargetArn: deadLetterQueue },
    });
    expect(resource(template, 'ConfirmLambdaPermissionLookupTopicSNS').Properties).toMatchObject({
      Principal: 'sns.amazonaws.com',
      SourceArn: { Ref: 'LookupTopic' },
    });
    expect(resource(template, 'ConfirmLambdaEvConf').Properties).toMatchObject({
      FunctionName: { Ref: 'ConfirmLambdaFunction' },
      DestinationConfig: { OnFailure: { Destination: deadLetterQueue } },
      MaximumEventAgeInSeconds: 21600,
      MaximumRetryAttempts: 2,
    });
  });
});
