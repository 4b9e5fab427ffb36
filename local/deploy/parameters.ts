import { closest, distance } from 'fastest-levenshtein';
import type { Text } from '../command/language.ts';
import { type Place, RULES } from './rules.ts';

/** The blocks of `params:` in serverless.yml; `default` names every parameter that there is. */
export type Blocks = Readonly<Record<string, Readonly<Record<string, unknown>> | null>>;

/** What is packaged: with which parameters, for which stage, and where to. */
export interface Packaging extends Place {
  readonly blocks: Blocks;
  /** Each `name=value` of the command line. */
  readonly given: readonly string[];
  readonly stage: string;
}

/** Where values come from. */
type Sources = Pick<Packaging, 'blocks' | 'given' | 'stage'>;

/** A parameter's value and how to name it to whoever gave it. */
interface Parameter {
  readonly label: string;
  readonly value: string;
}

/**
 * Says what is wrong with the parameters, in each language: one sentence for each that does not exist or does not fit, without its value.
 * The command line goes before the block of the stage, and that before the defaults, as in osls. What holds a variable
 * that is not resolved yet is left for later.
 */
export function faultsOf(packaging: Packaging): Text[] {
  const known = Object.keys(packaging.blocks['default'] ?? {});
  const given = parametersOf(packaging);
  const names = [...given].flatMap(([name, { label, value }]) => {
    if (!known.includes(name)) return unknown(label, name, known);
    if (value !== '') return [];
    return {
      en: `${label} is empty; leave it out for its default`,
      zh: `${label} 为空；要用默认值，请不写它`,
    };
  });
  const faults = [...malformed(packaging.given, known), ...names];
  return (faults.length > 0 ? faults : unfit(given, packaging)).map(({ en, zh }) => ({
    en: `${en}.`,
    zh: `${zh}。`,
  }));
}

/** The names of the parameters that do not come from the defaults: from the stage's block or the command line. */
export function namesGiven({ blocks, given, stage }: Sources): string[] {
  return [...parametersOf({ blocks: { ...blocks, default: null }, given, stage }).keys()];
}

function parametersOf({ blocks, given, stage }: Sources): Map<string, Parameter> {
  const parameters = new Map<string, Parameter>();
  for (const block of ['default', stage]) {
    for (const [name, value] of Object.entries(blocks[block] ?? {})) {
      if (value === null || value === undefined) continue;
      parameters.set(name, { label: `params.${block}.${name}`, value: String(value) });
    }
  }
  for (const text of given) {
    const [, name, value] = ASSIGNMENT.exec(text) ?? [];
    if (name === undefined || value === undefined) continue;
    parameters.set(name, { label: `--param ${name}`, value: value.trimEnd() });
  }
  return parameters;
}

const ASSIGNMENT = /^([^=]+)=(.*)$/s;

function malformed(given: readonly string[], known: readonly string[]): Text[] {
  return given
    .filter((text) => !ASSIGNMENT.test(text))
    .map((text) => `--param ${known.includes(text) ? text : '…'}`)
    .map((label) => ({ en: `${label} has to be given as name=value`, zh: `${label} 应写作 名称=值` }));
}

function unknown(label: string, name: string, known: readonly string[]): Text {
  const lower = (text: string) => text.toLowerCase();
  const nearest = closest(lower(name), known.map(lower));
  const found = known.find((each) => lower(each) === nearest) ?? '';
  const near = distance(lower(name), nearest) <= name.length / 2;
  return {
    en: `${label} is no parameter of this service (${near ? `did you mean ${found}?` : `there are ${known.join(', ')}`})`,
    zh: `本服务没有参数 ${label}（${near ? `是不是 ${found}？` : `可用的有 ${known.join('、')}`}）`,
  };
}

function unfit(given: Map<string, Parameter>, place: Place): Text[] {
  const faults = [...given].flatMap(([name, { label, value }]) => {
    const pending = [value, place.region].some((text) => text.includes('${'));
    const must = pending ? undefined : RULES[name]?.(value, place);
    return must === undefined ? [] : { en: `${label} ${must.en}`, zh: `${label} ${must.zh}` };
  });
  return faults.length > 0 ? faults : throttled(given);
}

/** A queue whose function is throttled uses up its messages' tries. */
function throttled(given: Map<string, Parameter>): Text[] {
  const of = (name: string) => given.get(name)?.value;
  const [batches, cap] = [of('confirmConcurrency'), of('confirmReservedConcurrency')];
  if (of('reserveConcurrency') === 'no' || !(Number(cap) <= Number(batches))) return [];
  return [
    {
      en: `confirmReservedConcurrency (${cap}) must be above confirmConcurrency (${batches})`,
      zh: `confirmReservedConcurrency（${cap}）必须大于 confirmConcurrency（${batches}）`,
    },
  ];
}
