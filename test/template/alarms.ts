import { describe, expect, it } from 'vitest';
import { everyParameter, idsOfType, type Json, type Properties, placeholder, resource } from './package.ts';
import { every, plain } from './packaged.ts';

const of = (id: string) => [{ Name: 'FunctionName', Value: { Ref: id } }];
const query = of('QueryLambdaFunction');
const notify = of('NotifyLambdaFunction');
const confirm = of('ConfirmLambdaFunction');
const queue = (id: string) => [{ Name: 'QueueName', Value: { 'Fn::GetAtt': [id, 'QueueName'] } }];

/** The sum over five minutes is one or more. */
const atLeastOne = (Namespace: string, MetricName: string, Dimensions: Json) => ({
  Namespace,
  MetricName,
  Dimensions,
  Statistic: 'Sum',
  Period: 300,
  EvaluationPeriods: 1,
  ComparisonOperator: 'GreaterThanOrEqualToThreshold',
  Threshold: 1,
});
const ours = (MetricName: string, Dimensions: Json) =>
  atLeastOne('BaiduPaymentStatus', MetricName, Dimensions);
const lambdas = (MetricName: string, Dimensions: Json) => atLeastOne('AWS/Lambda', MetricName, Dimensions);
const sum = (Id: string, MetricName: string, Dimensions: Json, Namespace = 'BaiduPaymentStatus') => ({
  Id,
  ReturnData: false,
  MetricStat: {
    Metric: { Namespace, MetricName, Dimensions },
    Stat: 'Sum',
    Period: 300,
  },
});

/** More than a fifth of three failures and more, twice in a row. */
const failureRate = (Dimensions: Json) => ({
  EvaluationPeriods: 2,
  ComparisonOperator: 'GreaterThanThreshold',
  Threshold: 20,
  Metrics: [
    {
      Id: 'rate',
      Label: 'Failed requests (%)',
      Expression: 'IF(failures >= 3, 100 * failures / requests, 0)',
    },
    sum('requests', 'BaiduRequests', Dimensions),
    sum('failures', 'BaiduFailures', Dimensions),
  ],
});

const alarms: [id: string, name: string, expected: Record<string, Json>][] = [
  [
    'DeadLettersWaiting',
    'dead-letters-waiting',
    {
      ...atLeastOne('AWS/SQS', 'ApproximateNumberOfMessagesVisible', queue('DeadLetterQueue')),
      Statistic: 'Maximum',
      Period: 60,
    },
  ],
  [
    'DeadLettersAgeing',
    'dead-letters-ageing',
    {
      ...atLeastOne('AWS/SQS', 'ApproximateAgeOfOldestMessage', queue('DeadLetterQueue')),
      Statistic: 'Maximum',
      Threshold: 24 * 3600,
    },
  ],
  [
    'QueueAge',
    'queue-age',
    {
      ...atLeastOne('AWS/SQS', 'ApproximateAgeOfOldestMessage', queue('PaymentQueue')),
      Statistic: 'Maximum',
      Threshold: 900,
    },
  ],
  [
    'RefusedSignatures',
    'refused-signatures',
    {
      ...ours('NotificationsRefused', [...notify, { Name: 'Reason', Value: 'INVALID_SIGNATURE' }]),
      EvaluationPeriods: 3,
    },
  ],
  ['NotificationsRefused', 'notifications-refused', ours('NotificationsRefused', notify)],
  ['NotifyErrors', 'notify-errors', lambdas('Errors', notify)],
  [
    'NotifySlow',
    'notify-slow',
    {
      Namespace: 'AWS/Lambda',
      MetricName: 'Duration',
      Dimensions: notify,
      ExtendedStatistic: 'p99',
      Period: 300,
      EvaluationPeriods: 1,
      ComparisonOperator: 'GreaterThanThreshold',
      Threshold: 1000,
    },
  ],
  ['QueryBaiduFailing', 'query-baidu-failing', failureRate(query)],
  ['ConfirmBaiduFailing', 'confirm-baidu-failing', failureRate(confirm)],
  ['PaymentMismatch', 'payment-mismatch', ours('PaymentMismatches', confirm)],
  ['OrderMismatch', 'order-mismatch', ours('OrderMismatches', notify)],
  ['QuerySecretFailures', 'query-secret-failures', ours('SecretFailures', query)],
  ['NotifySecretFailures', 'notify-secret-failures', ours('SecretFailures', notify)],
  ['ConfirmSecretFailures', 'confirm-secret-failures', ours('SecretFailures', confirm)],
  [
    'QueryErrors',
    'query-errors',
    {
      ...failureRate(query),
      Threshold: 50,
      Metrics: [
        {
          Id: 'rate',
          Label: 'Failed invocations (%)',
          Expression: 'IF(failures >= 3, 100 * failures / invocations, 0)',
        },
        sum('invocations', 'Invocations', query, 'AWS/Lambda'),
        sum('failures', 'Errors', query, 'AWS/Lambda'),
      ],
    },
  ],
  ['ConfirmErrors', 'confirm-errors', lambdas('Errors', confirm)],
  [
    'StatusUndelivered',
    'status-undelivered',
    atLeastOne('AWS/SNS', 'NumberOfNotificationsFailed', [
      { Name: 'TopicName', Value: { 'Fn::GetAtt': ['StatusTopic', 'TopicName'] } },
    ]),
  ],
  ['QueryThrottled', 'query-throttled', lambdas('Throttles', query)],
  ['NotifyThrottled', 'notify-throttled', lambdas('Throttles', notify)],
  ['ConfirmThrottled', 'confirm-throttled', lambdas('Throttles', confirm)],
];

describe('alarms', () => {
  it('are these, and no others', () => {
    expect(idsOfType(plain.template, 'AWS::CloudWatch::Alarm')).toEqual(alarms.map(([id]) => id));
  });

  it.each(alarms)('%s watches what it says', (id, name, expected) => {
    const { AlarmName, AlarmDescription, TreatMissingData, ...watched } = resource(
      plain.template,
      id,
    ).Properties;
    expect(watched).toEqual(expected);
    expect(AlarmName).toBe(`baidu-payment-status-dev-${name}`);
    expect(AlarmDescription).toEqual(expect.stringMatching(/^\w.*[.?]$/));
    expect(TreatMissingData).toBe('notBreaching');
  });

  it('include one for silence, where its hours are given: it alone is set off by what is missing', () => {
    const { AlarmName, AlarmDescription, AlarmActions, OKActions, ...watched } = resource(
      every.template,
      'NothingArrives',
    ).Properties;
    expect(watched).toEqual({
      ...ours('NotificationsAccepted', notify),
      Period: 3600,
      EvaluationPeriods: everyParameter.silenceAlarmHours,
      ComparisonOperator: 'LessThanThreshold',
      TreatMissingData: 'breaching',
    });
    expect(AlarmName).toBe('baidu-payment-status-prod-nothing-arrives');
    expect(AlarmDescription).toEqual(expect.stringContaining('silenceAlarmHours'));
    expect([AlarmActions, OKActions]).toEqual([
      [everyParameter.alarmTopicArn],
      [everyParameter.alarmTopicArn],
    ]);
  });

  it.each(alarms)('%s tells the operators, where they have a topic', (id) => {
    const actions = {
      AlarmActions: [everyParameter.alarmTopicArn],
      OKActions: [everyParameter.alarmTopicArn],
    };
    expect(resource(every.template, id).Properties).toMatchObject(actions);
  });
});

/** The metrics that our code emits, as the names in `BaiduPaymentStatus`. */
const emitted = [
  'BaiduFailures',
  'BaiduLatency',
  'BaiduRequests',
  'ColdStarts',
  'NotificationsAccepted',
  'NotificationsReadEncoded',
  'NotificationsRefused',
  'OrderMismatches',
  'PaymentMismatches',
  'SecretFailures',
  'StatusesPublished',
];
const reasons = [
  'INVALID_NOTIFICATION',
  'INVALID_SIGNATURE',
  'UNKNOWN_DEAL',
  'NOTIFICATION_TOO_LARGE',
  'CONFIGURATION_UNAVAILABLE',
  'QUEUE_UNAVAILABLE',
  'ORDERS_UNAVAILABLE',
  'INTERNAL_ERROR',
];

/** The metrics of an alarm on an expression. */
function metricsOf({ Metrics }: Properties): { Namespace?: Json; MetricName?: Json }[] {
  const queries: { MetricStat?: { Metric: Properties } }[] = JSON.parse(JSON.stringify(Metrics ?? []));
  return queries.map(({ MetricStat }) => MetricStat?.Metric ?? {});
}

interface Widget {
  type: string;
  x: number;
  y: number;
  width: number;
  height: number;
  properties: { title: string; region?: string; alarms?: string[]; metrics?: unknown[][] };
}

describe('dashboard', () => {
  const widgets = (): Widget[] => {
    const { DashboardBody } = resource(plain.template, 'Dashboard').Properties;
    const sub: { 'Fn::Sub': string } = JSON.parse(JSON.stringify(DashboardBody));
    return JSON.parse(sub['Fn::Sub']).widgets;
  };
  const titled = (title: string) => {
    const found = widgets().find(({ properties }) => properties.title === title);
    if (found === undefined) throw new Error(`No widget is called ${title}`);
    return JSON.stringify(found.properties.metrics);
  };

  it('is named after service and stage', () => {
    expect(resource(plain.template, 'Dashboard').Properties['DashboardName']).toBe(
      'baidu-payment-status-dev',
    );
  });

  it('opens with the money: what was notified, published, refused and refunded', () => {
    const [money, state] = widgets();
    const metrics = JSON.stringify(money?.properties.metrics);
    expect(money).toMatchObject({ x: 0, y: 0 });
    for (const name of ['NotificationsAccepted', 'StatusesPublished', 'NotificationsRefused']) {
      expect(metrics).toContain(`"${name}"`);
    }
    expect(metrics).toContain('"OrderMismatches"');
    expect(metrics).toContain('"PaymentMismatches"');
    expect(state).toMatchObject({ type: 'alarm', y: 0 });
    expect(state?.properties.alarms).toEqual(alarms.map(([id]) => placeholder(`${id}.Arn`)));
  });

  it('shows where money is stuck', () => {
    const waiting = titled('Payment queue');
    expect(waiting).toContain(
      `"ApproximateNumberOfMessagesVisible","QueueName","${placeholder('PaymentQueue.QueueName')}"`,
    );
    expect(waiting).toContain('"ApproximateAgeOfOldestMessage"');
    const dead = titled('Dead letters');
    expect(dead).toContain(
      `"ApproximateNumberOfMessagesVisible","QueueName","${placeholder('DeadLetterQueue.QueueName')}"`,
    );
    for (const reason of reasons) expect(titled('Refused notifications by reason')).toContain(`"${reason}"`);
    expect(titled("Baidu's query API: latency (ms)")).toContain('"BaiduLatency"');
    expect(titled("Baidu's query API: requests and failures by errno")).toContain('FunctionName,Errno}');
    expect(titled('notify: duration (ms); Baidu waits for 2 s')).toContain('"p99"');
    const errors = titled('Errors and throttles');
    for (const name of ['Query', 'Notify', 'Confirm'])
      expect(errors).toContain(placeholder(`${name}LambdaFunction`));
    expect(errors).toContain('"Errors"');
    expect(errors).toContain('"Throttles"');
  });

  it('has no widget over another, and each knows its region', () => {
    const cells = widgets().flatMap(({ x, y, width, height }) =>
      Array.from({ length: width * height }, (_, i) => `${x + (i % width)},${y + Math.floor(i / width)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    for (const { type, properties } of widgets()) {
      if (type === 'metric') expect(properties.region).toBe(placeholder('AWS::Region'));
    }
  });

  it('shows each metric that our code emits; the alarms watch no other of our own', () => {
    const shown = JSON.stringify(widgets());
    for (const name of emitted) expect(shown).toContain(name);
    const { Resources } = plain.template;
    const watched = Object.values(Resources).flatMap(({ Properties = {} }) =>
      [Properties, ...metricsOf(Properties)].filter(({ Namespace }) => Namespace === 'BaiduPaymentStatus'),
    );
    expect(watched).toHaveLength(11);
    for (const { MetricName } of watched) expect(emitted).toContain(MetricName);
  });
});
