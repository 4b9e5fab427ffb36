import { type Json, type Properties, resource, type Template } from '../template/package.ts';
import { evaluate, type Series } from './expression.ts';

/** Names a metric with its dimensions, as text. */
function keyOf(namespace: Json, name: Json, dimensions: Readonly<Record<string, string>>): string {
  return [namespace, name, ...Object.entries(dimensions).sort().flat()].join(' ');
}

/** Minutes in which something was measured, each with its values. */
type Points = Map<number, number[]>;

/** The metrics of a stage, and the alarms of its template over them, minute by minute. */
export class CloudWatch {
  /** The minute that it is now. */
  minute = 0;
  readonly #metrics = new Map<string, Points>();
  readonly #template: Template;

  constructor(template: Template) {
    this.#template = template;
  }

  /** Takes a measured value at the minute that it is now. */
  put(namespace: string, name: string, dimensions: Readonly<Record<string, string>>, value: number): void {
    const key = keyOf(namespace, name, dimensions);
    const points = this.#metrics.get(key) ?? new Map();
    this.#metrics.set(key, points.set(this.minute, [...(points.get(this.minute) ?? []), value]));
  }

  /** Takes the metrics out of a line of a function's log. */
  putLine(line: string): void {
    const values = JSON.parse(line);
    for (const { Namespace, Dimensions, Metrics } of values._aws?.CloudWatchMetrics ?? []) {
      for (const names of Dimensions) {
        const dimensions = Object.fromEntries(names.map((name: string) => [name, values[name]]));
        for (const { Name } of Metrics) this.put(Namespace, Name, dimensions, values[Name]);
      }
    }
  }

  /** Whether an alarm sounds when the minute that it is now is over. What was before the first minute is in order. */
  sounds(alarmId: string): boolean {
    const { Properties } = resource(this.#template, alarmId);
    const {
      EvaluationPeriods,
      DatapointsToAlarm = EvaluationPeriods,
      ComparisonOperator,
      Threshold,
    } = Properties;
    const series = this.#seriesOf(Properties, Number(EvaluationPeriods));
    const threshold = Number(Threshold);
    const breaches = (value: number) => {
      if (ComparisonOperator === 'GreaterThanThreshold') return value > threshold;
      if (ComparisonOperator === 'LessThanThreshold') return value < threshold;
      return value >= threshold;
    };
    const minutes = Number(Properties['Period'] ?? 0) / 60;
    const unknown = Math.max(0, Number(EvaluationPeriods) - Math.floor((this.minute + 1) / minutes));
    const breaching = series.filter((value, index) =>
      value === undefined
        ? index >= unknown && Properties['TreatMissingData'] === 'breaching'
        : breaches(value),
    );
    return breaching.length >= Number(DatapointsToAlarm);
  }

  #seriesOf(properties: Properties, periods: number): Series {
    const queries = (properties['Metrics'] ?? []) as Properties[];
    if (queries.length === 0) return this.#measured(properties, properties, periods);
    const known = Object.fromEntries(
      queries.flatMap(({ Id, MetricStat }) => {
        if (!MetricStat) return [];
        const { Metric, Stat = '', Period = 0 } = MetricStat as Properties;
        return [[String(Id), this.#measured(Metric as Properties, { Statistic: Stat, Period }, periods)]];
      }),
    );
    const [expression, ...others] = queries.filter(({ Expression }) => Expression);
    if (others.length > 0) throw new Error('An alarm has one expression.');
    return evaluate(String(expression?.['Expression']), known);
  }

  /** What was measured in each of the last periods that are over; whole ones, counted from the first minute. */
  #measured(metric: Properties, { Statistic, Period }: Properties, periods: number): Series {
    const { Namespace = '', MetricName = '', Dimensions = [] } = metric;
    const named = Dimensions as { Name: string; Value: Json }[];
    const dimensions = Object.fromEntries(named.map(({ Name, Value }) => [Name, this.#nameIn(Value)]));
    const points = this.#metrics.get(keyOf(Namespace, MetricName, dimensions)) ?? new Map<number, number[]>();
    const minutes = Number(Period) / 60;
    const end = Math.floor((this.minute + 1) / minutes);
    return Array.from({ length: periods }, (_, index) => {
      const start = (end - periods + index) * minutes;
      const values: number[] = [];
      for (let minute = start; minute < start + minutes; minute++) values.push(...(points.get(minute) ?? []));
      if (values.length === 0) return undefined;
      return Statistic === 'Maximum'
        ? Math.max(...values)
        : values.reduce((total, value) => total + value, 0);
    });
  }

  /** What the value of a dimension stands for: a function's name, or the logical id of another resource. */
  #nameIn(value: Json): string {
    const { Ref, 'Fn::GetAtt': attribute }: Properties = Object(value);
    if (typeof Ref === 'string')
      return String(resource(this.#template, Ref).Properties['FunctionName'] ?? Ref);
    return Array.isArray(attribute) ? String(attribute[0]) : String(value);
  }
}
