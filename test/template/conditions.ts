import type { Json, Template } from './package.ts';

/**
 * Does what CloudFormation does with a template's conditions: drops resources whose condition is false,
 * chooses a branch of each `Fn::If`, and leaves out what is `AWS::NoValue`. Our conditions compare literals,
 * so each has its value at package time already.
 *
 * @param template a packaged template
 * @returns a template without conditions
 * @throws Error where a condition uses a function that is not known here
 */
export function evaluateConditions(template: Template): Template {
  const { Conditions: conditions = {}, ...rest } = template;
  const holds = new Map(Object.entries(conditions).map(([name, json]) => [name, evaluate(json) === true]));
  const resources = Object.entries(template.Resources).filter(
    ([, { Condition }]) => Condition === undefined || isTrue(holds, Condition),
  );
  const unconditional = resources.map(([id, { Condition, ...resource }]) => [id, resource]);
  return JSON.parse(JSON.stringify(choose({ ...rest, Resources: Object.fromEntries(unconditional) }, holds)));
}

function isTrue(holds: Map<string, boolean>, condition: Json): boolean {
  const value = holds.get(String(condition));
  if (value === undefined) throw new Error(`No condition is called ${JSON.stringify(condition)}`);
  return value;
}

/** The value of a condition's expression over literals. */
function evaluate(json: Json): Json {
  if (json === null || typeof json !== 'object' || Array.isArray(json)) return json;
  const [[name, argument] = []] = Object.entries(json);
  if (!Array.isArray(argument)) throw new Error(`Not a list of arguments: ${JSON.stringify(json)}`);
  const [first = null, second = null] = argument.map(evaluate);
  if (name === 'Fn::Not') return first !== true;
  if (name === 'Fn::Equals') return first === second;
  if (name === 'Fn::Split') return String(second).split(String(first));
  if (name === 'Fn::Select' && Array.isArray(second)) return second[Number(first)] ?? null;
  throw new Error(`Not known in a condition: ${JSON.stringify(json)}`);
}

/** Everything with its `Fn::If` chosen; undefined is what AWS::NoValue leaves. */
function choose(json: unknown, holds: Map<string, boolean>): unknown {
  if (json === null || typeof json !== 'object') return json;
  if (Array.isArray(json))
    return json.map((item) => choose(item, holds)).filter((item) => item !== undefined);
  const entries = Object.entries(json);
  const [[name, argument] = []] = entries;
  if (name === 'Ref' && argument === 'AWS::NoValue') return undefined;
  if (name === 'Fn::If') {
    const [condition, whenTrue, whenFalse] = argument;
    return choose(isTrue(holds, condition) ? whenTrue : whenFalse, holds);
  }
  return Object.fromEntries(entries.map(([key, value]) => [key, choose(value, holds)]));
}
