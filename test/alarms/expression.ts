/** A value for each period; `undefined` where there is no data. */
export type Series = readonly (number | undefined)[];

type Value = Series | readonly Series[];

/**
 * Evaluates a metric-math expression of CloudWatch as far as the alarms use it, where the documents leave room in the way
 * in which an alarm sounds less: arithmetic and comparison with what is missing yield nothing, and FILL leaves a metric
 * that has no data at all as it is.
 *
 * @param known the series by their ids
 * @see Amazon CloudWatch, using metric math
 */
export function evaluate(expression: string, known: Readonly<Record<string, Series>>): Series {
  const length = Object.values(known)[0]?.length ?? 0;
  const tokens = expression.match(/\d+(?:\.\d+)?|\w+|[<>=!]=|\S/g) ?? [];
  let at = 0;
  const next = () => tokens[at++] ?? '';
  const takes = (token: string) => tokens[at] === token && ++at > 0;

  function binary(operand: () => Value, operators: Readonly<Record<string, Operator>>): Value {
    let left = operand();
    for (let found = operators[tokens[at] ?? '']; found; found = operators[tokens[at] ?? '']) {
      at++;
      left = combine(found, series(left), series(operand()));
    }
    return left;
  }
  const product = () => binary(atom, { '*': (a, b) => a * b, '/': (a, b) => a / b });
  const sum = () => binary(product, { '+': (a, b) => a + b, '-': (a, b) => a - b });
  const comparison = () => binary(sum, { '>=': (a, b) => Number(a >= b), '>': (a, b) => Number(a > b) });

  function list(end: string): Value[] {
    const values: Value[] = [];
    while (!takes(end)) {
      values.push(comparison());
      takes(',');
    }
    return values;
  }

  function atom(): Value {
    const token = next();
    if (token === '[') return list(']').map(series);
    if (/^\d/.test(token)) return Array(length).fill(Number(token));
    if (takes('(')) return call(token, list(')'));
    const value = known[token];
    if (!value) throw new Error(`${expression} names ${token}, which is no metric of the alarm`);
    return value;
  }

  const result = series(comparison());
  if (at < tokens.length) throw new Error(`${expression} goes on after ${tokens.slice(0, at).join(' ')}`);
  return result;
}

type Operator = (a: number, b: number) => number;

function combine(operator: Operator, left: Series, right: Series): Series {
  return left.map((a, index) => {
    const b = right[index];
    const value = a === undefined || b === undefined ? undefined : operator(a, b);
    return Number.isFinite(value) ? value : undefined;
  });
}

function call(name: string, values: readonly Value[]): Series {
  const [first = [], second = [], third = []] = values;
  switch (name) {
    case 'IF':
      return series(first).map((is, index) =>
        is === undefined ? undefined : series(is ? second : third)[index],
      );
    case 'FILL':
      if (series(first).every((value) => value === undefined)) return series(first);
      return series(first).map((value, index) => value ?? series(second)[index]);
    case 'DIFF':
      return combine((now, before) => now - before, series(first), [undefined, ...series(first)]);
    case 'SUM':
      return aggregate(first, (present) => present.reduce((total, value) => total + value, 0));
    case 'MAX':
      return aggregate(first, (present) => Math.max(...present));
    default:
      throw new Error(`${name} is not known here`);
  }
}

function aggregate(values: Value, of: (present: readonly number[]) => number): Series {
  const all = values.map((each) => (Array.isArray(each) ? (each as Series) : []));
  return (all[0] ?? []).map((_value, index) => {
    const present = all.flatMap((each) => each[index] ?? []);
    return present.length === 0 ? undefined : of(present);
  });
}

function series(value: Value): Series {
  if (value.some((each) => Array.isArray(each)))
    throw new Error('An array of series stands where one should.');
  return value as Series;
}
