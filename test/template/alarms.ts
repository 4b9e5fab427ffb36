import { describe, expect, it } from 'vitest';
import { METRIC_NAMESPACE, METRICS } from '../../lib/lambda/log.ts';
import { everyParameter, idsOfType, type Json, type Properties, placeholder, resource } from './package.ts';
import { every, plain } from './packaged.ts';

const alarms = idsOfType(plain.template, 'AWS::CloudWatch::Alarm');
/** With the one for silence, which is there only where its hours are given. */
const allAlarms = idsOfType(every.template, 'AWS::CloudWatch::Alarm');
const kebab = (id: string) => id.replace(/(?<=.)[A-Z]/g, '-$&').toLowerCase();

/** What an alarm watches. What it does with that, and by what it sounds, is in test/alarms. */
function metricsOf({ Metrics, Namespace = '', MetricName = '' }: Properties): Metric[] {
  const queries: { MetricStat?: { Metric: Metric } }[] = JSON.parse(JSON.stringify(Metrics ?? []));
  if (queries.length === 0) return [{ Namespace, MetricName }];
  return queries.flatMap(({ MetricStat }) => MetricStat?.Metric ?? []);
}

interface Metric {
  Namespace: Json;
  MetricName: Json;
}

describe('alarms', () => {
  it.each(allAlarms)('%s has its name, and says when to act and where to read on', (id) => {
    const { AlarmName, AlarmDescription } = resource(every.template, id).Properties;
    expect(AlarmName).toBe(`baidu-payment-status-prod-${kebab(id)}`);
    const said =
      /^(AT ONCE|WITHIN HOURS|TODAY): [a-zB].*[.?] Runbook: docs\/operations\/alarms\.md#([\w-]+)$/;
    expect(said.exec(String(AlarmDescription))?.[2]).toBe(kebab(id));
  });

  it.each(allAlarms)('%s is silent while nothing is measured, but for the one for silence', (id) => {
    const { TreatMissingData } = resource(every.template, id).Properties;
    expect(TreatMissingData).toBe(id === 'NothingArrives' ? 'breaching' : 'notBreaching');
  });

  it.each(allAlarms)('%s tells the operators, where they have a topic', (id) => {
    const { AlarmActions, OKActions } = resource(every.template, id).Properties;
    const topic = [everyParameter.alarmTopicArn];
    expect([AlarmActions, OKActions]).toEqual([topic, topic]);
  });

  it('include one for silence where its hours are given, and otherwise none', () => {
    expect(allAlarms.filter((id) => !alarms.includes(id))).toEqual(['NothingArrives']);
    const { EvaluationPeriods, Period } = resource(every.template, 'NothingArrives').Properties;
    expect([EvaluationPeriods, Period]).toEqual([everyParameter.silenceAlarmHours, 3600]);
  });

  it('watch no metric of ours that there is not', () => {
    const watched = allAlarms.flatMap((id) => metricsOf(resource(every.template, id).Properties));
    const ours = watched.filter(({ Namespace }) => Namespace === METRIC_NAMESPACE);
    expect(ours.length).toBeGreaterThan(8);
    for (const { MetricName } of ours) expect(Object.keys(METRICS)).toContain(MetricName);
  });
});

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

  it('opens with the money, and beside it every alarm that each stage has', () => {
    const [money, state] = widgets();
    const metrics = JSON.stringify(money?.properties.metrics);
    expect(money).toMatchObject({ x: 0, y: 0 });
    for (const name of ['NotificationsAccepted', 'StatusesPublished', 'GenuineRefused', 'OrderMismatches']) {
      expect(metrics).toContain(`"${name}"`);
    }
    expect(state).toMatchObject({ type: 'alarm', y: 0 });
    expect(state?.properties.alarms).toEqual(alarms.map((id) => placeholder(`${id}.Arn`)));
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
    expect(titled("Refused by reason: strangers' noise among it")).toContain('FunctionName,Reason}');
    expect(titled('Not confirmed by reason')).toContain('FunctionName,Reason}');
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

  it('shows every metric of each function, one that is new without being named', () => {
    for (const name of ['Query', 'Notify', 'Confirm']) {
      const ofFunction = `FunctionName=\\"${placeholder(`${name}LambdaFunction`)}\\"`;
      expect(titled('Every metric of ours')).toContain(ofFunction);
    }
  });
});
